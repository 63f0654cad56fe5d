"""The curve of a stroke as pictures, for networks that draw on a raster: they need not learn where a stroke lies."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from .curve import SOFTEST, along, gaussian_profile
from .raster import RASTER

POINTS = 24  # along the curve
FILL = 0.5  # standard deviation along the curve that joins neighbouring points, in their distance
WIDTHS = (0.4, 0.7, 1.2, 2.0)  # standard deviations across the curve, in radii
STROKE_MAPS = 2 * len(WIDTHS)


def stroke_map(actions: Tensor, radius: tuple[float, float]) -> Tensor:
    """Soft lines along the Beziers of strokes, each once plain and once as heavy as the pressure there.

    Args:
        actions: (N, 12) in [0, 1], a STROKE_ACTION each.
        radius: (low, high) px on a 64-px cell for size 0 and 1.

    Returns:
        (N, STROKE_MAPS, 64, 64) from 0, differentiable in the actions.
    """
    t = torch.linspace(0, 1, POINTS, device=actions.device, dtype=actions.dtype)
    curve = along(actions, t, (RASTER, RASTER), radius)
    joined = (curve.velocity * (FILL / (POINTS - 1))).square()[:, :, None]  # (2, N, 1, K)
    widths = actions.new_tensor(WIDTHS)[:, None]
    spread = (curve.radius[:, None] * widths).square() + SOFTEST**2  # (N, S, 1)
    x, y = (
        gaussian_profile(centre[:, None].expand_as(deviation), deviation, RASTER, RASTER)
        for centre, deviation in zip(curve.position, (spread + joined).sqrt(), strict=True)
    )  # (N, S, K, 64)
    dense = (curve.speed / (POINTS - 1) / curve.radius)[:, None]  # points to a radius: lines as heavy at any length
    pressure = (1 - t) * actions[:, 0:1] + t * actions[:, 1:2]
    mass = torch.cat([dense, dense * pressure[:, None]], 1)[:, :, None, :, None]  # (N, 2, 1, K, 1)
    lines = torch.matmul((y[:, None] * mass).transpose(-2, -1), x[:, None])  # (N, 2, S, 64, 64)
    # channels last, as networks like it: of logarithms side by side the gradient is faster too; log1p() is slow, and
    # in 16 bits, as matmul() leaves them under autocast, 1 + lines would lose the faintest
    return lines.flatten(1, 2).to(actions.dtype, memory_format=torch.channels_last).add_(1).log()


def stroke_maps(actions: Tensor, radius: tuple[float, float], halved: int) -> tuple[Tensor, ...]:
    """The stroke maps of strokes, halved again and again: (N, STROKE_MAPS, S, S) each, from the smallest S on to 64.

    Args:
        actions: As :func:`stroke_map`'s.
        radius: As :func:`stroke_map`'s.
        halved: How many times.
    """
    lines = [stroke_map(actions, radius)]
    for _ in range(halved):
        lines.insert(0, avg_pool2d(lines[0], 2))
    return tuple(lines)
