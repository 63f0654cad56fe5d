"""Soft round dots for diffpaint."""

import torch
from diffpaint import StrokeRenderer
from torch import Tensor

RADIUS = (2.0, 16.0)  # of the smallest and the largest dot, px on a 64-px canvas


class Dots(StrokeRenderer):
    """Soft round dots of one colour each.

    Args:
        size: (H, W) of the canvas, px.

    Raises:
        ValueError: A size below 1 px.
    """

    action_names = ("x", "y", "size", "opacity", "red", "green", "blue")
    radius = RADIUS
    reach = 1.6  # radii; farther out, alpha is below 1/255

    def __init__(self, size: tuple[int, int] = (64, 64)):
        super().__init__()
        if min(size) < 1:
            raise ValueError(f"size is (height, width) of at least 1 px, got {tuple(size)}")
        self.size = (size[0], size[1])

    def stroke(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        x, y, size, opacity = actions[:, :4, None, None].unbind(1)  # (N, 1, 1) each
        (height, width), (low, high) = self.size, RADIUS
        radius = low * (high / low) ** size * (self.cell / 64)
        across = torch.arange(width, dtype=actions.dtype, device=actions.device) + 0.5 - x * width  # (N, 1, W)
        down = torch.arange(height, dtype=actions.dtype, device=actions.device)[:, None] + 0.5 - y * height  # (N, H, 1)
        alpha = opacity * torch.exp(-(((across**2 + down**2) / radius**2) ** 2))  # (N, H, W)
        return actions[:, 4:, None, None], alpha[:, None]
