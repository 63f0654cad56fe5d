"""A few strokes tried before many are drawn: whether there is anything to learn, and how long it will take."""

from __future__ import annotations

import time

import numpy as np

from .engine import Brush
from .strokes import alpha_masks, random_actions

STROKES = 64
TIMED = 8
SEEN = 8  # of 255: a stroke whose alpha stays below is blank
FULL = 0.9  # of the canvas: a stroke that lays more on the mean covers it
LONG = 2.0  # minutes; what takes longer is announced
MOST = 0.8  # of the strokes may be blank, or cover everything


def check_paint(brush: Brush, radius: tuple[float, float]) -> None:
    """Check that strokes of a brush are neither blank nor cover the whole canvas, nearly all of them.

    Raises:
        ValueError: They do, with the share.
    """
    masks = alpha_masks(random_actions(STROKES, np.random.default_rng(0)), brush, radius=radius)
    blank = (masks.max((1, 2)) < SEEN).mean()
    full = (masks.mean((1, 2)) > 255 * FULL).mean()
    if blank > MOST:
        raise ValueError(
            f"{blank:.0%} of the strokes of {brush.file.name} are blank, so there is nothing to learn; "
            "it may want a tilted pen, more pressure, or a larger radius"
        )
    if full > MOST:
        raise ValueError(
            f"{full:.0%} of the strokes of {brush.file.name} cover the whole canvas, so there is nothing to learn; "
            f"it wants a smaller radius than {radius[0]:g} to {radius[1]:g} px"
        )


def remarks(brush: Brush) -> list[str]:
    """What of a brush is not drawn as MyPaint would; a sentence each."""
    said = []
    if brush.unknown:
        said.append(f"this libmypaint does not know, and leaves out, {', '.join(brush.unknown)[:200]}")
    if brush.file.depends_on_place():
        said.append(f"strokes of {brush.file.name} depend on where they lie on the canvas, which no painter learns")
    return said


def slowness(brush: Brush, count: int, radius: tuple[float, float], oversample: int, processes: int) -> list[str]:
    """How long so many strokes take, by a few that are timed; nothing where it is not long."""
    actions = random_actions(TIMED, np.random.default_rng(0))
    actions[:, 2] = (np.arange(TIMED) + 0.5) / TIMED  # large ones take longest
    start = time.perf_counter()
    alpha_masks(actions, brush, radius=radius, oversample=oversample)
    minutes = (time.perf_counter() - start) / TIMED * count / processes / 60
    return [] if minutes < LONG else [f"{count:,} strokes of this brush take about {minutes:.0f} minutes"]
