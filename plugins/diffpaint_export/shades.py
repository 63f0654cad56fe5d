"""A soft stroke as a few flat ones on one another: which steps of alpha, fitted to the painter's own."""

from __future__ import annotations

import math

import numpy as np

BINS = 256
ROUNDS = 30  # of Lloyd's; it hardly moves after a dozen
SOFT = 0.1, 0.9  # of the greatest alpha, between which an edge lies
MORE = 5  # times as many shades at most, for soft edges


def wanted(alpha: np.ndarray, least: int, band: float) -> int:
    """How many shades a stroke takes, at least ``least``, so that its soft edges are in bands of this width, px."""
    peak = float(alpha.max(initial=0))
    inside, core = (int((alpha > share * peak).sum()) for share in SOFT)
    edge = (math.sqrt(inside) - math.sqrt(core)) / math.sqrt(math.pi)  # how wide, of a round stroke
    return min(max(least, round(edge / band)), MORE * least)


def shades(alpha: np.ndarray, count: int) -> list[tuple[float, float]]:
    """Steps that alpha is rounded to with least squared error, 0 being one of them (Lloyd 1982).

    Args:
        alpha: Of a stroke, in [0, 1].
        count: Steps above 0, at most; fewer where alpha has fewer values.

    Returns:
        ``(threshold, opacity)`` each, from low to high: where alpha is at least the threshold, a layer of this opacity
        lies on those before it.
    """
    weight, edges = np.histogram(alpha, BINS, (0, 1))
    values = (edges[:-1] + edges[1:]) / 2
    peak = float(alpha.max(initial=0))
    steps = np.linspace(0, peak, count + 1)
    total = np.zeros(count + 1)
    for _ in range(ROUNDS):
        nearest = np.abs(values[:, None] - steps).argmin(1)
        total = np.bincount(nearest, weight, count + 1)
        mean = np.bincount(nearest, weight * values, count + 1) / np.maximum(total, 1)
        steps[1:] = np.where(total > 0, mean, steps)[1:]
    steps = np.concatenate([[0.0], steps[1:][total[1:] > 0]])
    thresholds = (steps[:-1] + steps[1:]) / 2
    opacities = (steps[1:] - steps[:-1]) / (1 - steps[:-1])
    return list(zip(thresholds.tolist(), opacities.tolist(), strict=True))
