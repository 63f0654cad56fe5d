"""What the suites paint with: small, exact, and fast."""

from __future__ import annotations

import torch
from torch import Tensor

from ..objective import Objective
from ..renderer import STROKE_ACTION, StrokeRenderer


class Dark(Objective):
    """Mean lightness: the simplest thing to lower."""

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean."""
        return canvas.mean()


class Marks(StrokeRenderer):
    """Soft marks between the start and the end of strokes, with the action of every painter.

    Args:
        size: (H, W) of the canvas, px.
    """

    action_names = STROKE_ACTION
    radius = (1.0, 8.0)

    def __init__(self, size: tuple[int, int] = (12, 16)):
        super().__init__()
        self.size = (size[0], size[1])

    def stroke(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """A Gaussian as long as the stroke, in the middle of it."""
        height, width = self.size
        pressure = actions[:, :2].mean(1)[:, None, None]
        start, control, end = (actions[:, first : first + 2] for first in (6, 8, 10))
        middle = (start + 2 * control + end) / 4 * actions.new_tensor([width, height])
        spread = 2 + 4 * actions[:, 2:3] + (end - start).square().sum(1, keepdim=True)
        across = torch.arange(width, dtype=actions.dtype, device=actions.device) + 0.5 - middle[:, :1]
        down = torch.arange(height, dtype=actions.dtype, device=actions.device) + 0.5 - middle[:, 1:]
        alpha = pressure * torch.exp(-((across[:, None] ** 2 + down[:, :, None] ** 2) / spread[..., None] ** 2))
        return actions[:, 3:6, None, None], alpha[:, None]


def noise_like(canvas: Tensor) -> Tensor:
    """Fixed random weights, so that no two pixels' gradients cancel by symmetry."""
    return torch.randn(canvas.shape, generator=torch.Generator().manual_seed(1), dtype=canvas.dtype)
