"""``over`` and its gradients by compiled code, for strokes of one colour in patches of one size; see ``rows.py``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import torch
from torch import Tensor

from . import share_out, takes

#: Where strokes land: which strokes of the stack, and a function that takes a canvas (B, C, H, W) to a view of it,
#: ``(B, *places, C, h, w)``, with as many places as strokes. The places of one window must not overlap.
Window = tuple[slice, Callable[[Tensor], Tensor]]


class Places(Sequence[Window]):
    """Patches of one size anywhere, a window a stroke; what of them lies beyond the canvas is cut off.

    Args:
        corners: (T, 2) whole numbers, row and column of each patch's first pixel, which may be negative.
        size: (h, w), px.
        together: The same places as fewer windows, of strokes that do not touch, all on the canvas: torch draws those
            at once.
    """

    def __init__(self, corners: Tensor, size: tuple[int, int], together: Sequence[Window] = ()):
        self.corners, self.size, self.together = corners.cpu(), size, together

    def __len__(self) -> int:
        return len(self.together or self.corners)

    def __getitem__(self, index: Any) -> Any:
        if self.together:
            return self.together[index]
        (top, left), (height, width) = self.corners[index].tolist(), self.size
        at = range(len(self))[index]
        return slice(at, at + 1), lambda canvas: canvas[:, None, :, top : top + height, left : left + width]

    def cut(self, canvas: Tensor) -> Tensor:
        """What of a canvas (1, C, H, W) lies in each place, (T, C, h, w); all lie on it."""
        (height, width), corners = self.size, self.corners.to(canvas.device)
        rows = corners[:, :1] + torch.arange(height, device=canvas.device)
        columns = corners[:, 1:] + torch.arange(width, device=canvas.device)
        return canvas[0, :, rows[:, :, None], columns[:, None]].movedim(1, 0)


def compiled(windows: Sequence[Any], color: Tensor, alpha: Tensor, canvas: Tensor) -> TypeGuard[Places]:
    """Whether it composites these; arguments as of :func:`diffpaint.over`."""
    return isinstance(windows, Places) and color.shape[3:] == (1, 1) and takes(color, alpha, canvas)


def composite(color: Tensor, alpha: Tensor, canvas: Tensor, places: Places) -> Tensor:
    """Paint on a canvas (B, 3, H, W), which is contiguous, and return it.

    Args:
        color: (B, T, 3, 1, 1).
        alpha: (B, T, 1, h, w).
        canvas: Which is painted on.
        places: T of them.
    """
    from .rows import lay

    parts = [_numbers(part) for part in (color.flatten(2), alpha.squeeze(2), canvas, places.corners)]
    share_out(functools.partial(lay, *parts), canvas.shape[2])
    return canvas


def gradients(
    color: Tensor, alpha: Tensor, canvas: Tensor, grad: Tensor, places: Places
) -> tuple[Tensor, Tensor, Tensor]:
    """Of colour, of alpha and of the canvas, from that of the painted canvas; arguments as of :func:`composite`."""
    from .rows import slopes

    of_alpha, remaining = alpha.new_zeros(alpha.shape), torch.ones_like(canvas[:, :1])
    parts = [
        color.flatten(2),
        alpha.squeeze(2),
        canvas,
        grad,
        places.corners,
        of_alpha.squeeze(2),
        remaining.squeeze(1),
    ]
    found = share_out(functools.partial(slopes, *(_numbers(part) for part in parts)), canvas.shape[2])
    return torch.from_numpy(sum(found)).reshape_as(color), of_alpha, grad * remaining


def _numbers(part: Tensor) -> Any:
    """A tensor as an array, which shares its memory if it is contiguous."""
    return part.detach().contiguous().numpy()
