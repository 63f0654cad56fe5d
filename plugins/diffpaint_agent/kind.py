"""Whether a picture is one of the kind that an agent learned from, where all of that kind lie alike."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, affine_grid, grid_sample

from .error import ENOUGH, fine

SIDE = 32  # places along a side, at most, whose detail is compared
SMALLEST, FURTHEST = 0.3, 0.6  # of what is shown elsewhere: its share of the picture, and how far off, in half sides
SMOOTH = 0.01  # of the mean variance, by which the variance of every place is taken to be larger


class Kind(nn.Module):
    """How much a picture's detail is where pictures of a kind have theirs.

    Parts of such pictures, turned and moved, have the same colours and edges, and not their order. What tells the two
    apart best, linearly (Fisher 1936), tells apart photos of other things too.

    Args:
        size: S, side of the pictures, px.
    """

    direction: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.side = min(size, SIDE)
        self.register_buffer("direction", torch.zeros(self.side**2))

    def forward(self, pictures: Tensor) -> Tensor:
        """The likeness of pictures (B, 3, S, S) in [0, 1], (B,) from -1 to 1."""
        return self._detail(pictures) @ self.direction

    def learn(self, pictures: Tensor) -> None:
        """Find the direction by which pictures (N, 3, S, S) of a kind are known; the first 4,000 count."""
        pictures = pictures[:ENOUGH]
        these, others = (self._detail(torch.cat([one, one.flip(3)])) for one in (pictures, _elsewhere(pictures)))
        spread = torch.cov(these.T) + torch.cov(others.T)
        spread = spread + SMOOTH * spread.diagonal().mean().clamp_min(1e-12) * torch.eye(len(spread))
        direction = torch.linalg.solve(spread, these.mean(0) - others.mean(0))
        self.direction.copy_(direction / direction.norm().clamp_min(torch.finfo(direction.dtype).tiny))

    def _detail(self, pictures: Tensor) -> Tensor:
        detail = adaptive_avg_pool2d(fine(pictures).mean(1), self.side).flatten(1)
        return detail / detail.norm(dim=1, keepdim=True).clamp_min(1e-6)


def _elsewhere(pictures: Tensor) -> Tensor:
    """A part of each picture, turned by any angle, enlarged and moved; always the same."""
    generator = torch.Generator().manual_seed(0)
    size, turn, *moved = torch.rand(4, len(pictures), generator=generator)
    size, turn = SMALLEST + (1 - SMALLEST) * size, 2 * math.pi * turn
    across, down = (FURTHEST * (2 * part - 1) for part in moved)
    cos, sin = size * turn.cos(), size * turn.sin()
    thetas = torch.stack([torch.stack([cos, -sin, across], 1), torch.stack([sin, cos, down], 1)], 1)
    places = affine_grid(thetas, list(pictures.shape), align_corners=False)
    return grid_sample(pictures, places, padding_mode="reflection", align_corners=False)
