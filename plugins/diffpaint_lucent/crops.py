"""Networks look at a large canvas crop by crop, in the memory of one crop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from diffpaint.backward import once_differentiable

WHOLE = 2**20  # px, canvases up to which are looked at whole
OVERLAP = 0.25  # of neighbouring crops, where all are taken, as a fraction of the crop

Place = tuple[slice, slice]  # rows and columns


@dataclass(frozen=True)
class Crops:
    """Crops of canvases that are larger than a megapixel; smaller ones are one crop.

    Attributes:
        side: Of a crop, px.
        count: How many in a call, drawn at random from torch's global generator; 0 takes as many as cover the canvas,
            overlapping.

    Raises:
        ValueError: A side of less than 1 px, a negative count, or numbers that are not whole.
    """

    side: int
    count: int

    def __post_init__(self):
        if not (isinstance(self.side, int) and isinstance(self.count, int)) or self.side < 1 or self.count < 0:
            raise ValueError(
                f"crop is at least 1 px and crops at least 0, both whole numbers, got {self.side} and {self.count}"
            )

    def __call__(self, canvas: Tensor, score: Callable[[Tensor, Place], Tensor]) -> Tensor:
        """The mean score of the crops of a canvas.

        Args:
            canvas: (B, 3, H, W).
            score: Takes a crop (B, 3, h, w) and its place to a scalar.

        Returns:
            A scalar, once differentiable in the canvas. The gradients of a crop are taken at once, so that no two
            crops' activations are held at a time.
        """
        height, width = canvas.shape[2:]
        if height * width <= WHOLE:
            return score(canvas, (slice(0, height), slice(0, width)))
        return _InCrops.apply(canvas, self.places(height, width), score)

    def places(self, height: int, width: int) -> list[Place]:
        """Where the crops of a canvas lie, drawn anew at each call."""
        if self.count:
            drawn = torch.rand(self.count, 2).tolist()
            starts = [(self._drawn(height, down), self._drawn(width, across)) for down, across in drawn]
        else:
            starts = [(top, left) for top in self._even(height) for left in self._even(width)]
        return [(slice(top, top + self.side), slice(left, left + self.side)) for top, left in starts]

    def _drawn(self, length: int, where: float) -> int:
        # From a crop before the edge to the edge, and back inside, or edges would hardly be seen: they are, as often as
        # the middle, and what lies nearly a crop away from them up to twice as often.
        start = round(where * (length + self.side) - self.side)
        return max(0, min(start, length - self.side))

    def _even(self, length: int) -> list[int]:
        room = max(0, length - self.side)
        steps = math.ceil(room / (self.side * (1 - OVERLAP)))
        return [round(room * step / max(1, steps)) for step in range(steps + 1)]


class _InCrops(torch.autograd.Function):
    @staticmethod
    def forward(ctx, canvas: Tensor, places: list[Place], score: Callable[[Tensor, Place], Tensor]) -> Tensor:
        gradient = torch.zeros_like(canvas) if ctx.needs_input_grad[0] else None
        total = canvas.new_zeros(())
        for rows, columns in places:
            crop = canvas[:, :, rows, columns].detach().requires_grad_(gradient is not None)
            with torch.set_grad_enabled(gradient is not None):
                found = score(crop, (rows, columns))
            total += found.detach() / len(places)
            if gradient is not None:
                gradient[:, :, rows, columns] += torch.autograd.grad(found, crop)[0] / len(places)
        if gradient is not None:
            ctx.save_for_backward(gradient, canvas)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        gradient, _ = ctx.saved_tensors
        return grad * gradient, None, None
