"""Activations of a network's layers, by the names that lucent gives them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import torch
from lucent.modelzoo.util import get_model_layers
from lucent.optvis.render import ModuleHook
from torch import Tensor, nn

from .models import Model, load_model

SPECIAL = ("input", "labels")  # the canvas itself and the network's output, as in lucent
PATCHES, CLASS = "_patches", "_class"  # end the name of a layer of tokens, for those of patches, and the first of all


class _Complete(Exception):
    """All layers that are asked for have been computed."""


class Activations(nn.Module):
    """Reads chosen layers of a network, and computes no layer beyond them.

    Args:
        model: The network.
        layers: Names as ``diffpaint models NAME`` and ``lucent.modelzoo.util.get_model_layers`` list them; ``input``
            is the canvas, ``labels`` the network's output. Of a vision transformer ``NAME_patches`` are the patch
            tokens of a layer, (B, C, rows, columns), and ``NAME_class`` its class token, (B, C).

    Raises:
        ValueError: No layers, or a name that the network has not; the nearest are given.
    """

    def __init__(self, model: Model, layers: Sequence[str]):
        super().__init__()
        known = layers_of(model)
        if not layers:
            raise ValueError(f"no layers of {model.name} are named; it has {_some(known)}")
        for layer in layers:
            if layer not in known and layer not in SPECIAL:
                near = difflib.get_close_matches(layer, [*known, *SPECIAL], n=3)
                hint = f"did you mean {' or '.join(near)}?" if near else f"it has {_some(known)}"
                raise ValueError(f"{model.name} has no layer {layer!r}; {hint}")
        self.model, self.layers = model, tuple(layers)
        self.network = model.network  # a submodule, so that .to() moves it
        modules = {name.replace(".", "_"): module for name, module in model.network.named_modules()}
        self._held_by = {layer: _holder(layer, modules) for layer in layers if layer not in SPECIAL}
        self._hooked = {holder: modules[holder] for holder in self._held_by.values()}

    def forward(self, canvas: Tensor) -> dict[str, Tensor]:
        """Activations of a canvas (B, 3, H, W) in [0, 1], by layer, in the order in which they were named.

        The network is hooked for this call only, so that others can use it too.
        """
        found, seen = {"input": canvas}, self.model.normalise(canvas)
        hooks = {layer: ModuleHook(module) for layer, module in self._hooked.items()}
        stops = []

        def stop_when_complete(*_: object) -> None:
            if all(hook.features is not None for hook in hooks.values()):
                raise _Complete

        if "labels" not in self.layers:
            # registered after lucent's hooks, so that these have kept the activation by then
            stops = [module.register_forward_hook(stop_when_complete) for module in self._hooked.values()]
        try:
            if self.layers != ("input",):
                found["labels"] = self.network(seen)
        except _Complete:
            pass
        finally:
            for stop in stops:
                stop.remove()
            for hook in hooks.values():
                hook.close()
        for layer, holder in self._held_by.items():
            if (held := hooks[holder].features) is not None:
                found[layer] = self._part(layer, holder, held, seen)
        return {layer: found[layer] for layer in self.layers}

    def _part(self, layer: str, holder: str, held: Tensor, seen: Tensor) -> Tensor:
        """What a layer's name asks for of what the layer holds."""
        if layer == holder or self.model.tokens is None:
            return held
        try:
            if layer.endswith(CLASS):
                return self.model.tokens.label(held)
            return self.model.tokens.patches(held, *seen.shape[2:])
        except ValueError as error:
            raise ValueError(f"{self.model.name} has no {layer!r}: {error}") from error


def layers_of(model: Model) -> list[str]:
    """Names of all layers that :class:`Activations` reads, but for ``input`` and ``labels``."""
    names = list(get_model_layers(model.network))
    if model.tokens is None:
        return names
    endings = (PATCHES, CLASS) if model.tokens.classified else (PATCHES,)
    return names + [name + ending for name in names for ending in endings if name + ending not in names]


def _holder(layer: str, modules: Mapping[str, nn.Module]) -> str:
    """The module that holds a layer."""
    return layer if layer in modules else layer.removesuffix(PATCHES).removesuffix(CLASS)


def activations_of(model: str | Model, layers: str | Sequence[str] | None, picture: Tensor) -> Activations:
    """Activations for an objective that compares pictures.

    Args:
        model: A name for :func:`load_model`, or a :class:`Model`.
        layers: Names, a sequence or separated by spaces; None takes the model's own choice.
        picture: (B, 3, H, W) in [0, 1], on which they are tried.

    Raises:
        ValueError: An unknown model or layer, or a picture that is too small for them.
    """
    if isinstance(model, str):
        model = load_model(model)
    if layers is None:
        layers = model.content_layers
    activations = Activations(model, layers.split() if isinstance(layers, str) else layers)
    try:
        with torch.no_grad():
            activations(picture)
    except (RuntimeError, AssertionError) as error:  # of torch, of a kernel larger than its input; of timm, of any size
        size = tuple(picture.shape[2:])
        raise ValueError(f"{model.name} cannot look at {size} px, too small perhaps: {error}") from error
    return activations


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 24 else f"{', '.join(names[:24])}, and {len(names) - 24} more"
