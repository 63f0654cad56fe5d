"""How far from its curve a brush lays paint, as a painter draws it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

INK = 0.02  # of alpha; less does not count
DRAWS = 64  # of each stroke, so that no single dab thrown far shows in the mean


def measure_reach(
    paint: Callable[[Tensor], Tensor], radius: tuple[float, float], device: torch.device | None = None
) -> float:
    """How far from its curve a stroke lays paint (mean alpha above 2 %), in radii; the most over sizes and pressures.

    Measured on straight strokes across the middle, at sizes that leave room on the cell. Each is painted several times
    and averaged, for painters with noise.

    Args:
        paint: Actions (N, 12) to alpha (N, 64, 64).
        radius: (low, high) px on a 64-px cell for size 0 and 1.
        device: Of the painter.
    """
    pressures, sizes = torch.linspace(0.1, 1, 10, device=device), torch.linspace(0.2, 0.5, 4, device=device)
    pressure, size = (grid.flatten() for grid in torch.meshgrid(pressures, sizes, indexing="ij"))
    half = torch.full_like(size, 0.5)
    ends = [half - 0.25, half, half, half, half + 0.25, half]
    actions = torch.stack([pressure, pressure, size, half, half, half, *ends], 1)
    with torch.no_grad():
        alpha = paint(actions.repeat(DRAWS, 1)).unflatten(0, (DRAWS, -1)).mean(0)
    offset = torch.arange(64, device=device) + 0.5 - 32  # px from the curve
    farthest = ((alpha.amax(2) > INK) * offset.abs()).amax(1)
    low, high = radius
    return (farthest / (low * (high / low) ** size)).max().item()
