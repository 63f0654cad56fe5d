"""Strokes drawn in boxes: nothing is computed where a stroke leaves no paint, most of its canvas."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from diffpaint.backward import once_differentiable

FAINT = 1e-5  # density at which a Gaussian ends
STEPS = 4  # sides of boxes are whole multiples of a quarter of the canvas's, so that many strokes share a shape
PIXELS_AT_ONCE = 2**17  # drawn in one call; more fall out of the processor's cache
WORTH = 2**18  # pixels of all canvases together from which on boxes pay
WHOLE_AT_ONCE = 2**23  # pixels drawn in one call where boxes do not pay: a bound on memory, not on speed

#: Draws some strokes: their indices (M,), the row and column (M,) where their boxes begin, and the boxes' (h, w), to
#: alpha (M, h, w).
Draw = Callable[[Tensor, Tensor, Tensor, tuple[int, int]], Tensor]


def extent(centre: Tensor, deviation: Tensor, mass: Tensor) -> Tensor:
    """From where to where strokes made of Gaussians leave paint along one axis.

    Args:
        centre: (N, ...), in heights of the canvas.
        deviation: Likewise.
        mass: (N, ...), density at the centre.

    Returns:
        (2, N) in heights; first above last where there is no paint at all.
    """
    with torch.no_grad():
        far = deviation * (2 * (mass / FAINT).log()).clamp_min(0).sqrt()
        far = torch.where(mass > FAINT, far, -torch.inf).flatten(1)
        return torch.stack([(centre.flatten(1) - far).amin(1), (centre.flatten(1) + far).amax(1)])


def draw_in_boxes(down: Tensor, across: Tensor, size: tuple[int, int], draw: Draw) -> Tensor:
    """Alpha of strokes, each drawn in a box around it, and 0 elsewhere.

    For few pixels, and on other devices than the CPU, where many calls cost more than many pixels, every box is the
    whole canvas.

    Args:
        down: (2, N), first and last row of each stroke, in heights of the canvas; see :func:`extent`.
        across: (2, N), first and last column, in heights too.
        size: (H, W) of the canvas.
        draw: Draws the boxes of one shape.

    Returns:
        (N, H, W), differentiable as what ``draw`` returns.
    """
    count = down.shape[1]
    if down.device.type != "cpu" or count * size[0] * size[1] < WORTH:
        start = torch.zeros(count, dtype=torch.long, device=down.device)
        few = torch.arange(count, device=start.device).split(max(1, WHOLE_AT_ONCE // (size[0] * size[1])))
        parts = [draw(some, start[some], start[some], size) for some in few]
        return torch.cat(parts) if len(parts) > 1 else parts[0]
    (top, height), (left, width) = _sides(down, size[0], size[0]), _sides(across, size[1], size[0])
    shapes, shape_of = torch.unique(torch.stack([height, width]), dim=1, return_inverse=True)
    boxes, drawn = [], []
    for number, (h, w) in enumerate(shapes.T.tolist()):
        if not h or not w:
            continue
        for some in (shape_of == number).nonzero()[:, 0].split(max(1, PIXELS_AT_ONCE // (h * w))):
            boxes.append((((some * size[0] + top[some]) * size[1] + left[some]).tolist(), (h, w)))
            drawn.append(draw(some, top[some], left[some], (h, w)))
    if not drawn:
        return down.new_zeros(count, *size)
    return _Place.apply((count, *size), boxes, *drawn)


class _Place(torch.autograd.Function):
    """Boxes on canvases of their own. As one scatter, indices would take more memory and time than what is drawn."""

    @staticmethod
    def forward(ctx, shape: tuple[int, int, int], boxes: list[tuple[list[int], tuple[int, int]]], *drawn: Tensor):
        ctx.shape, ctx.boxes = shape, boxes
        whole = drawn[0].new_zeros(shape)
        for (corners, box), part in zip(boxes, drawn, strict=True):
            for corner, alpha in zip(corners, part.unbind(), strict=True):
                whole.as_strided(box, (shape[2], 1), corner).copy_(alpha)
        return whole

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        grad = grad.contiguous()
        stride = (ctx.shape[2], 1)
        parts = (
            torch.stack([grad.as_strided(box, stride, corner) for corner in corners]) for corners, box in ctx.boxes
        )
        return None, None, *parts


def _sides(ends: Tensor, side: int, height: int) -> tuple[Tensor, Tensor]:
    """Where boxes start along an axis of ``side`` px, and how long they are; 0 where nothing lies on the canvas."""
    step = -(-side // STEPS)
    first, last = (ends * height).clamp(-1, side + 1)
    first, last = first.floor().long().clamp_min(0), last.ceil().long().clamp_max(side)
    length = torch.where(last > first, (-((first - last) // step) * step).clamp_max(side), 0)
    return torch.minimum(first, side - length), length
