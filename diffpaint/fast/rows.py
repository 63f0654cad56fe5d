"""``over`` for patches of one size anywhere on a canvas, compiled: the recurrences of ``compositing.py``, row by row.

No pixel depends on another, so each call does some rows of the canvas for all strokes. What of a patch lies beyond the
canvas is passed over. Loops are kept so small that the compiler can tell that no two of their rows are the same memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from . import INNER, KERNEL

NONE = np.float32(0)


@njit(**INNER)
def _common(corner, side, first, last):
    """Where a patch that begins at ``corner`` lies between ``first`` and ``last``: from and to, in the patch."""
    return max(first - corner, 0), min(last - corner, side)


@njit(**KERNEL)
def lay(color, alpha, canvas, corners, top, bottom):
    """Composite strokes onto rows ``top`` to ``bottom`` of canvases.

    Args:
        color: (B, T, 3).
        alpha: (B, T, h, w).
        canvas: (B, 3, H, W), which is painted on.
        corners: (T, 2), row and column of each patch's first pixel.
        top: The first row.
        bottom: The row behind the last.
    """
    height, width = alpha.shape[2:]
    for b in range(len(alpha)):
        for t in range(len(corners)):
            down, across = corners[t, 0], corners[t, 1]
            first, last = _common(down, height, top, bottom)
            left, right = _common(across, width, 0, canvas.shape[3])
            for row in range(first, last):
                ink = alpha[b, t, row, left:right]
                for channel in range(3):
                    value = color[b, t, channel]
                    place = canvas[b, channel, down + row, across + left : across + right]
                    for at in range(right - left):
                        place[at] += ink[at] * (value - place[at])


@njit(**KERNEL)
def slopes(color, alpha, canvas, grad, corners, of_alpha, remaining, top, bottom):
    """Gradients of rows ``top`` to ``bottom``.

    Args:
        color: (B, T, 3).
        alpha: (B, T, h, w).
        canvas: (B, 3, H, W), what was painted on.
        grad: (B, 3, H, W), of the painted canvas.
        corners: (T, 2), as for :func:`lay`.
        of_alpha: (B, T, h, w), of zeros; set.
        remaining: (B, H, W), of ones; set to what strokes leave visible of the canvas.
        top: The first row.
        bottom: The row behind the last.

    Returns:
        (B, T, 3), of colours by these rows.
    """
    (height, width), columns = alpha.shape[2:], canvas.shape[3]
    of_color = np.zeros(color.shape, np.float32)
    products = np.zeros((bottom - top, columns), np.float32)  # <G, C_t>
    shown = np.empty(width, np.float32)
    for b in range(len(alpha)):
        products[:] = 0
        for channel in range(3):
            for row in range(bottom - top):
                slope, ground, product = grad[b, channel, top + row], canvas[b, channel, top + row], products[row]
                for at in range(columns):
                    product[at] += slope[at] * ground[at]
        for t in range(len(corners)):
            down, across = corners[t, 0], corners[t, 1]
            first, last = _common(down, height, top, bottom)
            left, right = _common(across, width, 0, columns)
            begin, end = across + left, across + right
            red, green, blue = color[b, t, 0], color[b, t, 1], color[b, t, 2]
            for row in range(first, last):
                ink, of = alpha[b, t, row, left:right], of_alpha[b, t, row, left:right]
                reds, greens = grad[b, 0, down + row, begin:end], grad[b, 1, down + row, begin:end]
                blues, product = grad[b, 2, down + row, begin:end], products[down + row - top, begin:end]
                for at in range(right - left):
                    of[at] = red * reds[at] + green * greens[at] + blue * blues[at]
                for at in range(right - left):
                    of[at] -= product[at]
                    product[at] += ink[at] * of[at]
        for t in range(len(corners) - 1, -1, -1):
            down, across = corners[t, 0], corners[t, 1]
            first, last = _common(down, height, top, bottom)
            left, right = _common(across, width, 0, columns)
            begin, end = across + left, across + right
            red = green = blue = NONE
            for row in range(first, last):
                ink, of = alpha[b, t, row, left:right], of_alpha[b, t, row, left:right]
                reds, greens = grad[b, 0, down + row, begin:end], grad[b, 1, down + row, begin:end]
                blues, rest = grad[b, 2, down + row, begin:end], remaining[b, down + row, begin:end]
                for at in range(right - left):
                    of[at] *= rest[at]
                    shown[at] = rest[at] * ink[at]
                    rest[at] -= shown[at]
                for at in range(right - left):
                    red += reds[at] * shown[at]
                    green += greens[at] * shown[at]
                    blue += blues[at] * shown[at]
            of_color[b, t, 0], of_color[b, t, 1], of_color[b, t, 2] = red, green, blue
    return of_color
