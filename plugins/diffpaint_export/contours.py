"""Contours of a picture, by marching squares, and closed curves through few of their points."""

from __future__ import annotations

import numpy as np

# Edges of a square of four pixels: 0 top, 1 right, 2 bottom, 3 left. For each set of corners that are inside (1 top
# left, 2 top right, 4 bottom right, 8 bottom left), segments from edge to edge with the inside on their right.
_SEGMENTS: dict[int, list[tuple[int, int]]] = {
    **{1: [(3, 0)], 2: [(0, 1)], 4: [(1, 2)], 8: [(2, 3)], 3: [(3, 1)], 6: [(0, 2)], 12: [(1, 3)], 9: [(2, 0)]},
    **{14: [(0, 3)], 13: [(1, 0)], 11: [(2, 1)], 7: [(3, 2)], 5: [(3, 0), (1, 2)], 10: [(0, 1), (2, 3)]},
}


def contours(picture: np.ndarray, level: float) -> list[np.ndarray]:
    """Closed curves around all that is at least ``level``; beyond its edges the picture is 0.

    Args:
        picture: (H, W).
        level: Above 0.

    Returns:
        float64 (N, 2) each, x and y in px of the picture, between the centres of pixels; holes go round the other way.
    """
    values = np.pad(picture.astype(np.float64), 1)
    inside = values >= level
    code = inside[:-1, :-1] + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    width = values.shape[1]
    following: dict[int, int] = {}
    rows, columns = np.nonzero(code % 15)  # squares that are neither inside nor outside as a whole
    kinds = code[rows, columns]
    for corners in np.unique(kinds).tolist():
        those = rows[kinds == corners], columns[kinds == corners]
        for first, last in _SEGMENTS[corners]:
            starts, ends = _edges(*those, first, width), _edges(*those, last, width)
            following.update(zip(starts.tolist(), ends.tolist(), strict=True))
    curves = []
    while following:
        start, edge = following.popitem()
        path = [edge]
        while edge != start:
            edge = following.pop(edge)
            path.append(edge)
        curves.append(_crossings(np.array(path), values, level))
    return curves


def _edges(rows: np.ndarray, columns: np.ndarray, edge: int, width: int) -> np.ndarray:
    """Numbers of edges: twice that of their first pixel, and one more if they go down."""
    row, column, down = ((0, 0, 0), (0, 1, 1), (1, 0, 0), (0, 0, 1))[edge]
    return 2 * ((rows + row) * width + columns + column) + down


def _crossings(edges: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """Where the level lies on edges, x and y."""
    pixel, down = edges // 2, edges % 2
    flat = values.ravel()
    first, second = flat[pixel], flat[pixel + np.where(down, values.shape[1], 1)]
    share = (level - first) / (second - first)
    row, column = pixel // values.shape[1], pixel % values.shape[1]
    return np.stack([column + share * (1 - down), row + share * down], 1) - 0.5  # a pixel was added on each side


def area(curve: np.ndarray) -> float:
    """Within a closed curve (N, 2)."""
    x, y = curve.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def thinned(curve: np.ndarray, tolerance: float) -> np.ndarray:
    """As few points of a closed curve (N, 2) as keep it within a tolerance, px (Douglas and Peucker 1973)."""
    far = int(np.argmax(np.square(curve - curve[0]).sum(1)))
    closed, kept, waiting = np.concatenate([curve, curve[:1]]), {0, far}, [(0, far), (far, len(curve))]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        part, along = closed[first + 1 : last] - closed[first], closed[last] - closed[first]
        length = np.hypot(*along)
        apart = np.hypot(*part.T) if length == 0 else np.abs(part @ (-along[1], along[0])) / length
        worst = int(np.argmax(apart))
        if apart[worst] > tolerance:
            middle = first + 1 + worst
            kept.add(middle)
            waiting += [(first, middle), (middle, last)]
    return curve[sorted(kept)]


def handles(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Control points of cubic Beziers that join points (N, 2) to a smooth closed curve.

    Returns:
        (N, 2) each, the two between a point and the next one.
    """
    following, before = np.roll(points, -1, 0), np.roll(points, 1, 0)
    tangent = following - before
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    third = np.hypot(*(following - points).T)[:, None] / 3
    return points + third * tangent, following - third * np.roll(tangent, -1, 0)
