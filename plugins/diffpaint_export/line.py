"""A stroke as one line of even width: its curve, with the width and opacity that its alpha has on the mean."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .marks import Mark

ENDS = ("start_x", "start_y", "control_x", "control_y", "end_x", "end_y")


class Line(NamedTuple):
    """A quadratic Bezier with round ends.

    Attributes:
        points: (3, 2), start, control and end, px of the canvas.
        width: px.
        opacity: In [0, 1].
    """

    points: np.ndarray
    width: float
    opacity: float


def line(mark: Mark, points: np.ndarray) -> Line:
    """Measure a stroke: the line that lays as much paint, as densely, along its curve (3, 2)."""
    paint = float(mark.alpha.sum())
    if not paint:
        return Line(points, 0.0, 0.0)
    opacity = float(np.square(mark.alpha).sum()) / paint  # the mean alpha that paint lies at
    covered = paint / opacity
    length = _length(points)
    # covered = width * length + pi / 4 * width^2, as the ends are round
    width = 2 / math.pi * (math.sqrt(length**2 + math.pi * covered) - length)
    return Line(points, width, min(1.0, opacity))


def nearest_first(lines: list[Line]) -> list[tuple[int, Line]]:
    """Lines in an order in which a pen travels little when it is up, with their numbers: each time to the nearest end.

    Lines may be turned round.
    """
    ends = np.array([(one.points[0], one.points[2]) for one in lines]).reshape(-1, 2, 2)
    left, pen, ordered = np.ones(len(lines), bool), np.zeros(2), []
    for _ in lines:
        away = np.where(left[:, None], np.square(ends - pen).sum(2), np.inf)
        number, turned = divmod(int(away.argmin()), 2)
        left[number], pen, one = False, ends[number, 1 - turned], lines[number]
        ordered.append((number, one._replace(points=one.points[::-1]) if turned else one))
    return ordered


def _length(points: np.ndarray) -> float:
    t = np.linspace(0, 1, 33)[:, None]
    along = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]
    return float(np.hypot(*np.diff(along, axis=0).T).sum())
