"""``over``: the one place where strokes become a canvas.

Painting T strokes in order is the recurrence

    C_t = C_{t-1} + alpha_t (color_t - C_{t-1})

Autograd would keep every C_t: three channels a stroke. The gradients need less. Let G be the gradient of the final
canvas and R_t = prod_{s > t} (1 - alpha_s) what later strokes leave visible of stroke t. Then

    dL/dalpha_t = R_t (<G, color_t> - <G, C_{t-1}>),    dL/dcolor_t = sum over pixels of G R_t alpha_t

and <G, C_t>, one channel, obeys the same recurrence as C_t itself. So backward walks forward once, leaving
<G, C_{t-1}> where the gradient of alpha_t will be, and then back once with R_t: exact, no division, and no memory but
the gradient of the alphas and a few canvases.

What a stroke is worth follows from the same two walks. Without stroke t the canvas is C + d, d = R_t alpha_t (C_{t-1} -
color_t). An objective whose gradient at C is G, and which curves by k in every number, as k (C - target)^2 does, then
grows by the sum of G d + k d^2, which is exact; of any other objective, with k = 0, that is the first order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from .backward import once_differentiable
from .fast.over import Places, Window, compiled, composite, gradients


class Stack(NamedTuple):
    """Strokes of one size, and how they lie on a canvas.

    Attributes:
        color: As of :func:`over`; so are alpha and windows.
        alpha: (B, T, 1, h, w).
        windows: On the canvas once it is widened.
        wider: By how much, px on the left, on the right, at the top and at the bottom.
    """

    color: Tensor
    alpha: Tensor
    windows: Sequence[Window] | None = None
    wider: tuple[int, int, int, int] = (0, 0, 0, 0)

    def inside(self, size: Sequence[int]) -> Stack:
        """The same on a canvas of so many px that is widened until no window reaches beyond it."""
        if not isinstance(self.windows, Places) or not len(self.windows) or self.windows.together or any(self.wider):
            return self
        corners, patch = self.windows.corners, torch.tensor(self.windows.size)
        before, behind = ((-corners).amax(0).clamp(min=0), (corners + patch - torch.tensor(size)).amax(0).clamp(min=0))
        (top, left), (bottom, right) = before.tolist(), behind.tolist()
        return self._replace(windows=Places(corners + before, self.windows.size), wider=(left, right, top, bottom))


def over(color: Tensor, alpha: Tensor, canvas: Tensor, windows: Sequence[Window] | None = None) -> Tensor:
    """Composite strokes over a canvas, in order: Porter-Duff *over* on straight colour, differentiable in everything.

    Forward and backward, peak memory is twice the alpha stack (itself and its gradient) and a few canvases; colours of
    their own for every pixel come on top.

    Args:
        color: (B, T, 3, 1, 1), one colour a stroke, or (B, T, 3, h, w), in [0, 1].
        alpha: (B, T, 1, h, w), coverage in [0, 1].
        canvas: (B, 3, H, W) in [0, 1], what is painted on; it is not changed.
        windows: Where the strokes land if they are smaller than the canvas, a :data:`Window` each, in drawing order;
            the strokes of one window are drawn at once. Every stroke belongs to one window. ``fast.over.Places`` are
            such for a stroke each, fast where numba is. Without, every stroke covers the whole canvas.

    Returns:
        (B, 3, H, W), the painted canvas.

    Raises:
        ValueError: Shapes that do not fit one another.
    """
    windows = _checked(color, alpha, canvas, windows)
    if compiled(windows, color, alpha, canvas):
        return _Over.apply(color, alpha, canvas, windows)
    *_, windows, wider = Stack(color, alpha, windows).inside(canvas.shape[2:])
    return _narrow(_Over.apply(color, alpha, _widen(canvas, wider), windows), wider)


@torch.no_grad()
def over_(color: Tensor, alpha: Tensor, canvas: Tensor, windows: Sequence[Window] | None = None) -> Tensor:
    """As :func:`over`, onto the canvas itself: nothing is copied, and nothing differentiable.

    Args:
        color: As for :func:`over`; so are alpha, windows, and what is raised.
        alpha: (B, T, 1, h, w).
        canvas: (B, 3, H, W) in [0, 1], which is painted on, and returned.
        windows: A :data:`Window` each.
    """
    windows = _checked(color, alpha, canvas, windows)
    if canvas.is_contiguous() and compiled(windows, color, alpha, canvas):
        return composite(color, alpha, canvas, windows)
    color, alpha, windows, wider = Stack(color, alpha, windows).inside(canvas.shape[2:])
    wide = _widen(canvas, wider)
    for strokes, view in windows or ():
        place = view(wide)
        place.lerp_(_at(color, strokes, place).expand_as(place), _at(alpha, strokes, place).expand_as(place))
    return canvas if wide is canvas else canvas.copy_(_narrow(wide, wider))


def lay(stacks: Sequence[Stack], canvas: Tensor) -> Tensor:
    """Composite stacks over a canvas (B, 3, H, W), in order; differentiable and bounded as :func:`over`."""
    for color, alpha, windows, wider in stacks:
        canvas = _narrow(over(color, alpha, _widen(canvas, wider), windows), wider)
    return canvas


@torch.no_grad()
def worth(stacks: Sequence[Stack], canvas: Tensor, gradient: Tensor, curvature: float = 0.0) -> Tensor:
    """By how much an objective would grow without each of the strokes: what the painting owes to them.

    Args:
        stacks: All strokes of the painting, in drawing order.
        canvas: (B, 3, H, W) in [0, 1], what they are painted on.
        gradient: (B, 3, H, W), of the objective at the finished canvas.
        curvature: k where the objective is the sum of k (C - target)^2, over all B pictures: it is exact then. With 0
            it is the first order, of any objective.

    Returns:
        (B, T), in units of the objective.
    """
    canvas, walked = canvas.clone(), []
    for color, alpha, windows, wider in (stack.inside(canvas.shape[2:]) for stack in stacks):
        wide, slope = _widen(canvas, wider), _widen(gradient, wider)
        windows = _checked(color, alpha, wide, windows)
        along, square = torch.empty_like(alpha), torch.empty_like(alpha)
        for strokes, view in windows:
            place = view(wide)
            apart = place - _at(color, strokes, place)
            _at(along, strokes, place).copy_((view(slope) * apart).sum(-3, keepdim=True))
            _at(square, strokes, place).copy_(apart.square().sum(-3, keepdim=True))
            place.addcmul_(_at(alpha, strokes, place), apart, value=-1)
        canvas = _narrow(wide, wider)
        walked.append((alpha, windows, wider, along, square))
    remaining, found = torch.ones_like(canvas[:, :1]), []  # R_t
    for alpha, windows, wider, along, square in reversed(walked):
        wide = _widen(remaining, wider)
        for strokes, view in reversed(windows):
            place = view(wide)
            shown = place * _at(alpha, strokes, place)
            part = _at(along, strokes, place)
            part.add_(shown * _at(square, strokes, place), alpha=curvature).mul_(shown)
            place.sub_(shown)
        remaining = _narrow(wide, wider)
        found.append(along.sum((2, 3, 4)))
    return torch.cat(found[::-1], 1)


def _widen(canvas: Tensor, wider: Sequence[int]) -> Tensor:
    return pad(canvas, wider) if any(wider) else canvas


def _narrow(canvas: Tensor, wider: Sequence[int]) -> Tensor:
    return pad(canvas, [-side for side in wider]) if any(wider) else canvas


def _checked(color: Tensor, alpha: Tensor, canvas: Tensor, windows: Sequence[Window] | None) -> Sequence[Window]:
    """The windows, once all shapes fit."""
    if alpha.ndim != 5 or alpha.shape[2] != 1:
        raise ValueError(f"alpha has shape {tuple(alpha.shape)}; wanted (batch, strokes, 1, height, width)")
    batch, strokes = alpha.shape[:2]
    if color.shape not in ((batch, strokes, 3, 1, 1), (batch, strokes, 3, *alpha.shape[3:])):
        raise ValueError(
            f"color has shape {tuple(color.shape)}; wanted (batch, strokes, 3, 1, 1) or "
            f"(batch, strokes, 3, height, width) with alpha {tuple(alpha.shape)}"
        )
    if canvas.ndim != 4 or canvas.shape[:2] != (batch, 3):
        raise ValueError(f"canvas has shape {tuple(canvas.shape)}; wanted ({batch}, 3, height, width)")
    if windows is None:
        if canvas.shape[2:] != alpha.shape[3:]:
            raise ValueError(f"alpha is {tuple(alpha.shape[3:])} px, canvas {tuple(canvas.shape[2:])}; name windows")
        windows = Places(torch.zeros(strokes, 2, dtype=torch.long), (canvas.shape[2], canvas.shape[3]))
    return windows


class _Over(torch.autograd.Function):
    @staticmethod
    def forward(color: Tensor, alpha: Tensor, canvas: Tensor, windows: Sequence[Window]) -> Tensor:
        return over_(color, alpha, canvas.clone(memory_format=torch.contiguous_format), windows)

    @staticmethod
    def setup_context(ctx, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:3])
        ctx.windows = inputs[3]

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        return *_Gradients.apply(*ctx.saved_tensors, grad, ctx.windows, ctx.needs_input_grad[0]), None

    @staticmethod
    def vmap(info, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        (painted,), _ = _folded(_Over, info, in_dims, inputs, 3)
        return painted, 0


class _Gradients(torch.autograd.Function):
    """Backward of :class:`_Over`, of its own so that ``torch.func.vmap`` can map over it too."""

    @staticmethod
    def forward(
        color: Tensor, alpha: Tensor, canvas: Tensor, grad: Tensor, windows: Sequence[Window], of_color: bool
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        grad = grad.contiguous()
        if compiled(windows, color, alpha, canvas):
            return gradients(color, alpha, canvas, grad, windows)
        grad_alpha = torch.zeros_like(alpha)
        grad_color = torch.zeros_like(color) if of_color else None
        products = (grad * canvas).sum(1, keepdim=True)  # <G, C_t>
        for strokes, view in windows:
            place, place_grad = view(products), view(grad)
            target = _at(grad_alpha, strokes, place)
            torch.sub((place_grad * _at(color, strokes, place_grad)).sum(-3, keepdim=True), place, out=target)
            place.addcmul_(_at(alpha, strokes, place), target)
        remaining = torch.ones_like(products)  # R_t
        for strokes, view in reversed(windows):
            place = view(remaining)
            ink = _at(alpha, strokes, place)
            _at(grad_alpha, strokes, place).mul_(place)
            if grad_color is not None:
                weighted = view(grad) * (place * ink)
                whole = color.shape[-2:] == alpha.shape[-2:]
                _at(grad_color, strokes, place).copy_(weighted if whole else weighted.sum((-2, -1), keepdim=True))
            place.addcmul_(place, ink, value=-1)
        return grad_color, grad_alpha, grad * remaining

    @staticmethod
    def setup_context(ctx, inputs: tuple[Any, ...], output: Any) -> None:
        pass

    @staticmethod
    def vmap(info, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, Any]:
        return _folded(_Gradients, info, in_dims, inputs, 4)


def _folded(function: Any, info: Any, in_dims: tuple[int | None, ...], inputs: tuple[Any, ...], tensors: int) -> Any:
    """A function of batches under ``torch.func.vmap``: what is mapped over, along dimension 0, is more of the batch."""
    parts = [
        part.expand(info.batch_size, *part.shape) if dim is None else part.movedim(dim, 0)
        for part, dim in zip(inputs[:tensors], in_dims, strict=False)
    ]
    given = function.apply(*(part.flatten(0, 1) for part in parts), *inputs[tensors:])
    given = given if isinstance(given, tuple) else (given,)
    unfolded = [None if part is None else part.unflatten(0, parts[0].shape[:2]) for part in given]
    return tuple(unfolded), tuple(None if part is None else 0 for part in given)


def _at(stack: Tensor, strokes: slice, place: Tensor) -> Tensor:
    """The window's part of (B, T, C, h, w) as a view (B, *places, C, h, w)."""
    return stack[:, strokes].unflatten(1, place.shape[1:-3])
