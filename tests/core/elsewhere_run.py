"""Run by test_elsewhere.py: what computes, on a device that is not the CPU. Prints a line of JSON for each case.

Torch's fake tensors hold no numbers, and what looks at numbers raises there; and without a GPU's driver, nothing goes
backward on ``cuda``. So tensors of this device hold others on the CPU, and as on a GPU, an operation on tensors of both
devices is an error, but for what is copied from one to the other, indices, and numbers without a dimension.
"""

import json
import os
import traceback

import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map


class Backend(backend_registration._DummyBackendModule):
    """What autocast asks."""

    def get_amp_supported_dtype(self):
        return [torch.bfloat16]


backend_registration._setup_privateuseone_for_python_backend("elsewhere", Backend())
THERE = torch.device("elsewhere", 0)
CPU = torch.device("cpu")
CROSSING = {"aten::copy_", "aten::_to_copy"}
INDEXED = {"aten::index", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_", "aten::_unsafe_index"}


class Elsewhere(Tensor):
    """On the device; ``held`` is its tensor on the CPU."""

    @staticmethod
    def __new__(cls, held):
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset()}
        return Tensor._make_wrapper_subclass(cls, held.shape, **layout, dtype=held.dtype, device=THERE)

    def __init__(self, held):
        self.held = held.resolve_conj().resolve_neg()

    def tolist(self):
        return self.held.tolist()

    @property
    def data(self):
        return Tensor.data.__get__(self)

    @data.setter
    def data(self, other):
        Tensor.data.__set__(self, other)
        self.held = other.held

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return carried_out(func, args, kwargs or {})


class Device(TorchDispatchMode):
    """What makes tensors there, from numbers or from tensors of the CPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return carried_out(func, args, kwargs or {})


def carried_out(func, args, kwargs):
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = {id(one.held): one for one in tensors if isinstance(one, Elsewhere)}
    name, asked = func._schema.name, kwargs.get("device")
    checked = tree_leaves(args[:1]) if name in INDEXED else tensors  # indices may lie on the CPU
    here = [one for one in checked if not isinstance(one, Elsewhere) and one.dim()]
    if name in INDEXED and not isinstance(args[0], Elsewhere):
        here = tensors  # but nothing on the CPU takes indices from there
    if there and here and name not in CROSSING:
        shapes = [tuple(one.shape) for one in here]
        raise RuntimeError(f"expected all tensors to be on the same device: {name} got {shapes} on the CPU")
    args, kwargs = tree_map(on_cpu, (args, kwargs))
    out = func(*args, **kwargs)
    goes = bool(there) if asked is None else torch.device(asked).type == THERE.type
    return tree_map(lambda one: there.get(id(one), one) if id(one) in there or not goes else moved(one), out)


def moved(value):
    return Elsewhere(value) if isinstance(value, Tensor) else value


def on_cpu(value):
    if isinstance(value, Elsewhere):
        return value.held
    return CPU if isinstance(value, torch.device) and value.type == THERE.type else value


# ``torch.tensor(numbers, device=...)`` goes below Python's dispatch.
LIBRARY = torch.library.Library("aten", "IMPL")
for name in ("empty_strided", "empty.memory_format", "copy_"):
    operation = getattr(torch.ops.aten, name.partition(".")[0])
    overload = getattr(operation, name.partition(".")[2] or "default")
    LIBRARY.impl(name, lambda *args, overload=overload, **kwargs: carried_out(overload, args, kwargs), "PrivateUse1")

import diffpaint.device  # noqa: E402

diffpaint.device.pick_device = lambda name=None: torch.device(name or THERE)  # before others import it

import diffpaint  # noqa: E402
from diffpaint.registry import load  # noqa: E402
from diffpaint_lucent import NaturalColors  # noqa: E402

LAYERS = {"grid": 4, "pyramid": 5, "cppn": 1, "fourier": 1}
SIZED = {"grid": "rows=2, cols=2, ", "pyramid": "rows=2, cols=2, levels=2, ", "cppn": "hidden=4, "}
photo = diffpaint.read_image("tests/data/chelsea.jpg", (48, 64))
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def renderer_of(name):
    height = 64 if name in ("neural-vae", "neural-gan") else 48
    return diffpaint.load_renderer(f"{name}({SIZED.get(name, '')}size=({height}, 64))")


def drawn(name):
    renderer = renderer_of(name)
    actions = renderer.initial(1, LAYERS.get(name, 3), torch.Generator().manual_seed(0))
    moved, given = renderer_of(name).to(THERE), actions.to(THERE).requires_grad_()
    canvas = moved(given)
    canvas.square().sum().backward()
    assert canvas.device == given.grad.device == THERE
    here = actions.clone().requires_grad_()
    expected = renderer(here)
    expected.square().sum().backward()
    torch.testing.assert_close(canvas.detach().cpu(), expected.detach(), atol=1e-4, rtol=0)
    torch.testing.assert_close(given.grad.cpu(), here.grad, atol=1e-3 * here.grad.abs().max().item(), rtol=0)


def painted(renderer, objective, **options):
    torch.manual_seed(0)
    painting = diffpaint.paint(renderer, objective, device=THERE, progress=False, steps=4, **options)
    assert painting.canvas.device == painting.actions.device == CPU
    assert painting.canvas.std() > 0.01
    assert len(list(painting.frames())) > 0


for name in (
    "neural-splat",
    "neural-dabs",
    "neural-vae",
    "neural-gan",
    "cppn",
    "fourier",
    "grid",
    "pyramid",
    "scatter",
):
    CASES[name] = lambda name=name: drawn(name)


@case
def paint_in_rounds():
    objective = diffpaint.load_objective("content(begin=0.2) + 3000*pixel", photo)
    strategy = diffpaint.load_strategy("rounds(strokes=30)", photo)
    tone = photo.mean((0, 2, 3)).tolist()
    painted(renderer_of("scatter"), objective, strategy=strategy, strokes=strategy.first, background=tone)


@case
def paint_from_a_draft():
    renderer, style = renderer_of("pyramid"), load("objectives", "style")
    first = diffpaint.load_initializer("draft")(renderer, photo, 10)
    constraints = [
        diffpaint.load_constraint(text) for text in ("limit(name=size, low=0, high=0.5)", "palette(colors=earth)")
    ]
    painted(renderer, diffpaint.Pixel(photo, "l1") + style(photo), actions=first, constraints=constraints)


@case
def paint_a_class():
    objective = diffpaint.load_objective("activation(goal=labels:388, labels=logit, least=0.4) + 20*sparing")
    strategy = diffpaint.load_strategy("growth(strokes=20)")
    options = {"strokes": strategy.first, "background": (0.8, 0.8, 0.7), "constraints": [NaturalColors()]}
    painted(renderer_of("scatter"), objective, strategy=strategy, **options)


@case
def paint_by_an_agent():
    seven = diffpaint.read_image("examples/digits/7.png", (64, 64))
    renderer = diffpaint.load_renderer("neural-splat", size=(64, 64), brush="classic/charcoal")
    first = diffpaint.load_initializer("agent(name=mnist)")(renderer, seven, 10)
    painted(renderer, diffpaint.Pixel(seven), actions=first)


def mixed():
    return torch.ones(3) + torch.ones(3, device=THERE)


def main():
    with Device():
        try:
            mixed()
        except RuntimeError as error:
            print(json.dumps({"case": "mixed", "error": str(error)}))
        for name, run in CASES.items():
            try:
                run()
                error = ""
            except Exception:
                error = traceback.format_exc()
            print(json.dumps({"case": name, "error": error}), flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # torch's threads know nothing of this device when the process ends
