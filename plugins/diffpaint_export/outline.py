"""A stroke as filled outlines: contours of the painter's own alpha, nested, each of a part of its opacity."""

from __future__ import annotations

import numpy as np

from .contours import area, contours, handles, thinned
from .marks import Mark
from .shades import shades

TOLERANCE = 0.3  # px of the canvas, how far an outline may leave its contour
DIGITS = 2  # of coordinates, px


def outlines(mark: Mark, count: int) -> list[tuple[str, float]]:
    """Path data of SVG and opacity of each of the nested outlines, widest first.

    Args:
        mark: The stroke.
        count: Outlines at most.
    """
    drawn = []
    for threshold, opacity in shades(mark.alpha, count):
        curves = [curve + np.array([mark.left, mark.top]) for curve in contours(mark.alpha, threshold)]
        paths = [_path(thinned(curve, TOLERANCE)) for curve in curves if area(curve) > TOLERANCE]
        if paths:
            drawn.append(("".join(paths), opacity))
    return drawn


def _path(points: np.ndarray) -> str:
    """A smooth closed curve through points, px: cubic Beziers, each relative to where it begins."""
    points = np.round(points, DIGITS)
    first, second = handles(points)
    steps = np.stack([first, second, np.roll(points, -1, 0)], 1) - points[:, None]
    rows = np.round(steps, DIGITS).reshape(-1, 6).tolist()
    return f"M{_numbers(points[0].tolist())}c{' '.join(map(_numbers, rows))}z"


def _numbers(values: list[float]) -> str:
    return " ".join(f"{value + 0:.{DIGITS}f}".rstrip("0").rstrip(".") for value in values)
