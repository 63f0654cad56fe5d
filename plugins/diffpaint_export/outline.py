"""A stroke as filled outlines: contours of the painter's own alpha, nested, each of a part of its opacity."""

from __future__ import annotations

import math

import numpy as np

from .contours import area, contours, handles, thinned
from .marks import Mark
from .shades import shades, wanted

TOLERANCE = 0.0008  # of the canvas's longer side, how far an outline may leave its contour
BAND = 0.006  # likewise, how wide flat bands of soft edges are, while shades last
RASTER = 128  # px of a stroke from which on its alpha has more pixels than detail


def outlines(mark: Mark, least: int, longest: int) -> list[tuple[str, float]]:
    """Path data of SVG and opacity of each of the nested outlines, widest first.

    Args:
        mark: The stroke.
        least: How many outlines; more where large edges are soft.
        longest: Side of the canvas, px.
    """
    pixel = 2 ** max(0, math.floor(math.log2(max(*mark.alpha.shape, 1) / RASTER)))
    alpha, corner, drawn = _averaged(mark.alpha, pixel), np.array([mark.left, mark.top]), []
    for threshold, opacity in shades(alpha, wanted(alpha, least, BAND * longest / pixel)):
        curves = [curve * pixel + corner for curve in contours(alpha, threshold)]
        curves = [thinned(curve, TOLERANCE * longest) for curve in curves]
        paths = [_path(curve, 2 if longest < 1000 else 1) for curve in curves if area(curve) > TOLERANCE * longest]
        if paths:
            drawn.append(("".join(paths), opacity))
    return drawn


def _averaged(alpha: np.ndarray, pixel: int) -> np.ndarray:
    """Means of blocks of so many pixels a side; beyond its edges alpha is 0."""
    if pixel == 1:
        return alpha
    height, width = (-(-side // pixel) for side in alpha.shape)
    whole = np.zeros((height * pixel, width * pixel), alpha.dtype)
    whole[: alpha.shape[0], : alpha.shape[1]] = alpha
    return whole.reshape(height, pixel, width, pixel).mean((1, 3))


def _path(points: np.ndarray, digits: int) -> str:
    """A smooth closed curve through points, px: cubic Beziers, each relative to where it begins."""
    points = np.round(points, digits)
    first, second = handles(points)
    steps = np.stack([first, second, np.roll(points, -1, 0)], 1) - points[:, None]
    rows = np.round(steps, digits).reshape(-1, 6).tolist()
    return f"M{_numbers(points[0].tolist(), digits)}c{' '.join(_numbers(row, digits) for row in rows)}z"


def _numbers(values: list[float], digits: int) -> str:
    return " ".join(f"{value + 0:.{digits}f}".rstrip("0").rstrip(".") for value in values)
