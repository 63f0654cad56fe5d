"""What autograd lacks in backward: values computed again instead of kept, and gradients that are taken once."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result", Tensor, tuple[Tensor, ...])
_here = threading.local()


def recomputed(function: Callable[..., Result], *inputs: Tensor) -> Result:
    """``function(*inputs)``, of which autograd keeps the inputs only; once differentiable.

    ``torch.utils.checkpoint`` does the same, but takes seconds to be imported. The function is deterministic, and gives
    one tensor or a tuple of several; the inputs are all that it depends on and that wants gradients.
    """
    if getattr(_here, "kept", False):
        return function(*inputs)
    return _Recomputed.apply(function, *inputs)


@contextmanager
def nothing_recomputed() -> Iterator[None]:
    """On this thread :func:`recomputed` keeps everything: for a caller that renders anew in backward itself."""
    before, _here.kept = getattr(_here, "kept", False), True
    try:
        yield
    finally:
        _here.kept = before


def once_differentiable(backward: Callable[..., tuple]) -> Callable[..., tuple]:
    """Mark the ``backward`` of a ``torch.autograd.Function``: whoever differentiates its gradients gets a RuntimeError.

    torch's own mark is lost where a loss depends on the inputs in another way too, as a squared error does: second
    derivatives then lack a part without a word. This one holds for all that ``forward`` saved, which must be every
    input that gradients depend on, and for the gradient that comes in.
    """

    @functools.wraps(backward)
    def once(ctx: Any, *grads: Tensor) -> tuple:
        with torch.no_grad():
            found = backward(ctx, *grads)
        return _Once.apply(len(found), *found, *ctx.saved_tensors, *grads) if torch.is_grad_enabled() else found

    return once


class _Once(torch.autograd.Function):
    """The first tensors as they are, as if they depended on the others."""

    generate_vmap_rule = True

    @staticmethod
    def forward(count: int, *tensors: Tensor | None) -> tuple[Tensor | None, ...]:
        return tuple(None if part is None else part.view_as(part) for part in tensors[:count])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        raise RuntimeError("second derivatives of this are not there: diffpaint's own gradients are taken once")


class _Recomputed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, function: Callable[..., Result], *inputs: Tensor) -> Result:
        ctx.function = function
        ctx.save_for_backward(*inputs)
        kind = inputs[0].device.type
        ctx.mixed = {"enabled": torch.is_autocast_enabled(kind), "dtype": torch.get_autocast_dtype(kind)}
        return function(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        needed = ctx.needs_input_grad[1:]
        inputs = [part.detach().requires_grad_(need) for part, need in zip(ctx.saved_tensors, needed, strict=True)]
        with torch.enable_grad(), torch.autocast(inputs[0].device.type, **ctx.mixed):
            output = ctx.function(*inputs)
        parts = (output,) if isinstance(output, Tensor) else output
        varied = [number for number, part in enumerate(parts) if part.requires_grad]
        wanted = [part for part in inputs if part.requires_grad]
        outputs, slopes = [parts[number] for number in varied], [grads[number] for number in varied]
        found = iter(torch.autograd.grad(outputs, wanted, slopes, allow_unused=True))
        return None, *(next(found) if need else None for need in needed)
