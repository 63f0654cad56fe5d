"""Gaussians of a stroke to densities in tiles, and slopes of densities back to those of Gaussians."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from diffpaint.fast import INNER

from .numbers import HALF, HIGH, NONE, ONE, SCALES, TILE, WIDE, gaussian

CUT = 1e-6  # density at which a Gaussian ends


@njit(**INNER)
def _profile(out, part, centre, deviation, first, count):
    """Set ``count`` numbers of a row to a Gaussian over pixel centres, 1 at its own."""
    inverse, start = ONE / deviation, np.float32(first) + HALF - centre
    for at in range(-(-count // 8) * 8):  # vectors are whole
        out[part, at] = gaussian((start + np.float32(at)) * inverse)


@njit(**INNER)
def _reached(centre, deviation, mass, side):
    """First pixel that a Gaussian reaches, and the one behind its last."""
    far = deviation * math.sqrt(2 * math.log(mass / CUT))
    return int(min(max(math.floor(centre - far), 0), side)), int(min(max(math.ceil(centre + far), 0), side))


@njit(**INNER)
def reach(boxes, gaussians, n, height, width):
    """Set first and last row, first and last column of each Gaussian, (S K, 4): none where it reaches nothing.

    Returns:
        The same of all together; the first row is above the last if a number is bad.
    """
    top, bottom, left, right = height, 0, width, 0
    for g in range(len(boxes)):
        x, y, mass = gaussians[n, 0, g], gaussians[n, 1, g], gaussians[n, 4, g]
        wide, high = gaussians[n, 2, g], gaussians[n, 3, g]
        if not (math.isfinite(x + y + wide + high + mass) and wide > 0 and high > 0):
            return 1, 0, 0, 0
        boxes[g, 0] = boxes[g, 1] = boxes[g, 2] = boxes[g, 3] = 0
        if mass > CUT:
            first, last = _reached(y, high, mass, height)
            begin, end = _reached(x, wide, mass, width)
            if first < last and begin < end:
                boxes[g, 0], boxes[g, 1], boxes[g, 2], boxes[g, 3] = first, last, begin, end
                top, bottom, left, right = min(top, first), max(bottom, last), min(left, begin), max(right, end)
    return min(top, bottom), bottom, left, right


@njit(**INNER)
def _common(boxes, start, count, top, bottom, left):
    """The tiles that some Gaussians reach, from row ``top`` to ``bottom``: first and last down, first and last across.

    Counted from ``top`` and ``left``; the last is the one behind.
    """
    first, last, begin, end = bottom, top, 1 << 30, 0
    for g in range(start, start + count):
        if boxes[g, 0] < boxes[g, 1]:
            first, last = min(first, max(boxes[g, 0], top)), max(last, min(boxes[g, 1], bottom))
            begin, end = min(begin, boxes[g, 2] - left), max(end, boxes[g, 3] - left)
    return (first - top) // HIGH, (last - top + HIGH - 1) // HIGH, begin // WIDE, (end + WIDE - 1) // WIDE


@njit(inline="always")
def _add(dense, s, down, across, row, profiles, weights, index):
    """Add four Gaussians to one row of a tile; index is that of the row among the profiles."""
    w0, w1, w2, w3 = weights[0, index], weights[1, index], weights[2, index], weights[3, index]
    for at in range(WIDE):
        value = w0 * profiles[across, at] + w1 * profiles[across, WIDE + at]
        value += w2 * profiles[across, 2 * WIDE + at] + w3 * profiles[across, 3 * WIDE + at]
        dense[s, down, across, row * WIDE + at] += value


@njit(**INNER)
def gather(dense, reached, boxes, gaussians, n, top, bottom, left, tiles, weights, profiles):
    """Set the densities (S, down, across, TILE) of rows ``top`` to ``bottom``, and which tiles are reached.

    Four Gaussians go together: so a density is read and written once for four of them.
    """
    for down in range((bottom - top + HIGH - 1) // HIGH):
        for across in range(tiles):
            reached[down, across] = False
            for s in range(SCALES):
                for at in range(TILE):
                    dense[s, down, across, at] = NONE
    for g in range(0, len(boxes), 4):
        first, last, begin, end = _common(boxes, g, 4, top, bottom, left)
        if first >= last:
            continue
        count = (last - first) * HIGH
        for part in range(4):
            mass = gaussians[n, 4, g + part]
            _profile(weights, part, gaussians[n, 1, g + part], gaussians[n, 3, g + part], top + first * HIGH, count)
            for index in range(-(-count // 8) * 8):
                weights[part, index] *= mass
            inverse = ONE / gaussians[n, 2, g + part]
            for across in range(begin, end):
                start = np.float32(left + across * WIDE) + HALF - gaussians[n, 0, g + part]
                for at in range(WIDE):
                    profiles[across, part * WIDE + at] = gaussian((start + np.float32(at)) * inverse)
        s = g * SCALES // len(boxes)
        for down in range(first, last):
            index = (down - first) * HIGH
            for across in range(begin, end):
                reached[down, across] = True
                _add(dense, s, down, across, 0, profiles, weights, index)
                _add(dense, s, down, across, 1, profiles, weights, index + 1)
                _add(dense, s, down, across, 2, profiles, weights, index + 2)
                _add(dense, s, down, across, 3, profiles, weights, index + 3)


@njit(inline="always")
def _weigh(into, part, weights, index, dense, s, down, across):
    """Add the rows of a tile, weighted, to one row of three; index is that of the first among the weights."""
    w0, w1, w2, w3 = weights[part, index], weights[part, index + 1], weights[part, index + 2], weights[part, index + 3]
    for at in range(WIDE):
        value = w0 * dense[s, down, across, at] + w1 * dense[s, down, across, WIDE + at]
        value += w2 * dense[s, down, across, 2 * WIDE + at] + w3 * dense[s, down, across, 3 * WIDE + at]
        into[part * WIDE + at] += value


@njit(**INNER)
def scatter(of, dense, boxes, gaussians, n, top, bottom, left, weights, rows):
    """Add to the slopes (N, 5, S K) of Gaussians what the slopes of densities, where those were, say.

    With u the distance in deviations, the slope of a profile is u times it by the centre, and u^2 by the deviation,
    over the deviation. So rows are weighted by the profile down, by u and by u^2 of it, and then columns likewise.
    """
    for g in range(len(boxes)):
        first, last, begin, end = _common(boxes, g, 1, top, bottom, left)
        if first >= last:
            continue
        s, x, mass = g * SCALES // len(boxes), gaussians[n, 0, g], gaussians[n, 4, g]
        by_x, by_y = ONE / gaussians[n, 2, g], ONE / gaussians[n, 3, g]
        start = np.float32(top + first * HIGH) + HALF - gaussians[n, 1, g]
        for index in range(-(-(last - first) * HIGH // 8) * 8):
            apart = (start + np.float32(index)) * by_y
            profile = gaussian(apart)
            weights[0, index] = profile
            weights[1, index] = profile * apart
            weights[2, index] = profile * apart * apart
        of_mass = of_x = of_y = of_wide = of_high = NONE
        for across in range(begin, end):
            for at in range(3 * WIDE):
                rows[at] = NONE
            for down in range(first, last):
                index = (down - first) * HIGH
                _weigh(rows, 0, weights, index, dense, s, down, across)
                _weigh(rows, 1, weights, index, dense, s, down, across)
                _weigh(rows, 2, weights, index, dense, s, down, across)
            start = np.float32(left + across * WIDE) + HALF - x
            for at in range(WIDE):
                apart = (start + np.float32(at)) * by_x
                profile = gaussian(apart)
                weighted = rows[at] * profile
                of_mass += weighted
                of_x += weighted * apart
                of_wide += weighted * apart * apart
                of_y += rows[WIDE + at] * profile
                of_high += rows[2 * WIDE + at] * profile
        of[n, 0, g] += mass * of_x * by_x
        of[n, 1, g] += mass * of_y * by_y
        of[n, 2, g] += mass * of_wide * by_x
        of[n, 3, g] += mass * of_high * by_y
        of[n, 4, g] += of_mass
