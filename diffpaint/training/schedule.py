"""Learning rates over a run."""

from __future__ import annotations

import math

WARMUP = 100  # steps


def warmup_cosine(step: int, steps: int) -> float:
    """The share of the largest learning rate at a step: up over the first WARMUP, then down to 0 along a cosine.

    >>> [round(warmup_cosine(step, 1000), 2) for step in (0, 99, 500, 999)]
    [0.01, 0.98, 0.5, 0.0]
    """
    return min(1.0, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / steps))
