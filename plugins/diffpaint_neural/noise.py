"""Noise of strokes: normal numbers that depend on nothing but a seed and the number of the stroke on its canvas."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ROWS = 1024  # strokes with noise of their own; farther on it repeats, on strokes that differ in their actions


class NoiseTable(nn.Module):
    """Normal numbers for strokes by their number. The same on every device, for every chunk and every batch.

    Args:
        width: Numbers a stroke takes.
        seed: Of all of them.
    """

    rows: Tensor

    def __init__(self, width: int, seed: int):
        super().__init__()
        rows = torch.randn(ROWS, width, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, numbers: Tensor) -> Tensor:
        """Noise (N, width) of strokes with these numbers (N,), counted from 0."""
        return self.rows[numbers % ROWS]
