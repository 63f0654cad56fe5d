"""Which strokes belong together: those of one size of patch, which are drawn one after another."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np


class Level(NamedTuple):
    """Strokes that are neighbours in drawing order.

    Attributes:
        name: For people.
        strokes: Their numbers, from 0.
    """

    name: str
    strokes: range


def by_side(columns: tuple[str, ...], table: np.ndarray) -> list[Level]:
    """Levels of a pyramid, or sides of scattered patches; all strokes in one where they have no such thing.

    Args:
        columns: Of the table of strokes, as documents have them.
        table: (T, columns).
    """
    sides = table[:, columns.index("cell")].tolist() if "cell" in columns else [None] * len(table)
    levels, first = [], 0
    for side, run in itertools.groupby(sides):
        after = first + len(list(run))
        count = f"{after - first} strokes"
        name = count if side is None else f"level {len(levels) + 1}, patches of {side:.6g} px, {count}"
        levels.append(Level(name, range(first, after)))
        first = after
    return levels


def in_parts(strokes: int, parts: int) -> list[Level]:
    """So many levels, or one a stroke if there are fewer, of about as many strokes each."""
    parts = min(parts, strokes)
    ends = [strokes * part // parts for part in range(parts + 1)]
    spans = (range(first, last) for first, last in itertools.pairwise(ends))
    return [Level(f"strokes {span.start + 1} to {span.stop}", span) for span in spans]
