"""Strokes, one after another: drawn, and taken back."""

from __future__ import annotations

import numpy as np
from numba import njit

from diffpaint.fast import INNER, KERNEL

from .gaussians import gather, reach, scatter
from .layers import blame, learn, see
from .numbers import CHANNELS, HIGH, MATRIX, NONE, ONE, SCALES, SQUARE, TILE, WIDE

ROOM = 2**16  # pixels whose densities are held at once, if four rows have no more


@njit(**INNER)
def _room(height, width, count):
    """Memory for densities, marks of tiles, profiles of four Gaussians, boxes, and what the network sees."""
    across = (width + WIDE - 1) // WIDE
    down = min((height + HIGH - 1) // HIGH, max(1, ROOM // (across * TILE)))
    dense, reached = np.empty((SCALES, down, across, TILE), np.float32), np.empty((down, across), np.bool_)
    weights, profiles = np.empty((4, height + 2 * HIGH + 8), np.float32), np.empty((across, 4 * WIDE), np.float32)
    logs, ends = np.empty((SCALES, TILE), np.float32), np.empty((2, TILE), np.float32)
    seen = logs, np.empty((CHANNELS, TILE), np.float32), np.empty((CHANNELS, TILE), np.float32), ends
    return dense, reached, weights, profiles, np.empty((count, 4), np.int64), seen


@njit(**KERNEL)
def draw(gaussians, own, shared, alpha, begin, end):
    """Draw strokes ``begin`` to ``end``.

    Args:
        gaussians: (N, 5, S K): x, y, deviation along x and along y, px, and mass.
        own: (N, C S + C), first layer of each.
        shared: (C C + C + C + 1,), the other layers.
        alpha: (N, H, W) of zeros, which is set.
        begin: The first stroke.
        end: The one behind the last.
    """
    height, width = alpha.shape[1:]
    dense, reached, weights, profiles, boxes, seen = _room(height, width, gaussians.shape[2])
    ends, held = seen[3], len(reached) * HIGH
    for n in range(begin, end):
        least, most, left, right = reach(boxes, gaussians, n, height, width)
        if least > most:
            alpha[n] = np.nan
        tiles = (right - left + WIDE - 1) // WIDE
        for top in range(least, most, held):
            bottom = min(top + held, most)
            gather(dense, reached, boxes, gaussians, n, top, bottom, left, tiles, weights, profiles)
            for down in range((bottom - top + HIGH - 1) // HIGH):
                for across in range(tiles):
                    if not reached[down, across]:
                        continue
                    see(seen, dense, down, across, own, n, shared)
                    for at in range(TILE):
                        ends[0, at] *= ONE - ends[1, at]
                    row, column = top + down * HIGH, left + across * WIDE
                    for part in range(min(HIGH, bottom - row)):
                        for at in range(min(WIDE, width - column)):
                            alpha[n, row + part, column + at] = ends[0, part * WIDE + at]


@njit(**KERNEL)
def take_back(gaussians, own, shared, slopes, of_gaussians, of_own, of_shared, begin, end):
    """Add to slopes of what :func:`draw` was given what those of alpha, (N, H, W), say.

    Args:
        gaussians: As it was given; so are own and shared.
        own: Likewise.
        shared: Likewise.
        slopes: (N, H, W), of alpha.
        of_gaussians: As gaussians.
        of_own: As own.
        of_shared: (N, C C + C + C + 1), for each stroke; (0, ...) where nobody asks.
        begin: The first stroke.
        end: The one behind the last.
    """
    height, width = slopes.shape[1:]
    dense, reached, weights, profiles, boxes, seen = _room(height, width, gaussians.shape[2])
    logs, first, second, ends = seen
    of_logs, of_ends, slope = np.empty_like(logs), np.empty_like(ends), np.empty(TILE, np.float32)
    of_first, of_second, rows = np.empty_like(first), np.empty_like(second), np.empty(3 * WIDE, np.float32)
    blamed, held, middle = (of_logs, of_first, of_second, of_ends), len(reached) * HIGH, SQUARE + CHANNELS
    turned = np.empty(SQUARE + MATRIX, np.float32)
    for i in range(CHANNELS):
        for j in range(CHANNELS):
            turned[8 * i + j] = shared[8 * j + i]
    for n in range(begin, end):
        least, most, left, right = reach(boxes, gaussians, n, height, width)
        if least > most:
            of_gaussians[n] = np.nan
        for i in range(SCALES):
            for j in range(CHANNELS):
                turned[SQUARE + 8 * i + j] = own[n, 4 * j + i]
        tiles = (right - left + WIDE - 1) // WIDE
        for top in range(least, most, held):
            bottom = min(top + held, most)
            gather(dense, reached, boxes, gaussians, n, top, bottom, left, tiles, weights, profiles)
            for down in range((bottom - top + HIGH - 1) // HIGH):
                for across in range(tiles):
                    if not reached[down, across]:
                        continue
                    for at in range(TILE):
                        slope[at] = NONE
                    row, column = top + down * HIGH, left + across * WIDE
                    for part in range(min(HIGH, bottom - row)):
                        for at in range(min(WIDE, width - column)):
                            slope[part * WIDE + at] = slopes[n, row + part, column + at]
                    see(seen, dense, down, across, own, n, shared)
                    blame(blamed, slope, seen, shared, turned)
                    learn(of_own, n, 0, of_first, CHANNELS, logs, SCALES)
                    if len(of_shared):
                        learn(of_shared, n, 0, of_second, CHANNELS, first, CHANNELS)
                        learn(of_shared, n, middle, of_ends, 1, second, CHANNELS)
                    for s in range(SCALES):
                        for at in range(TILE):
                            of_log = of_logs[s, at] / (ONE + dense[s, down, across, at])
                            dense[s, down, across, at] = of_ends[1, at] + of_log
            scatter(of_gaussians, dense, boxes, gaussians, n, top, bottom, left, weights, rows)
