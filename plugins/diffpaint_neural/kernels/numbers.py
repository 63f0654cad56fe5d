"""Sizes, and functions that the compiler can do for many pixels at once, as it cannot those of the C library."""

from __future__ import annotations

import numpy as np
from numba import njit

SCALES, CHANNELS = 4, 8  # of the networks that are known: layers are written out
MATRIX, SQUARE = CHANNELS * SCALES, CHANNELS * CHANNELS  # weights of the first layer, and of the second
WIDE, HIGH = 32, 4  # px, of a tile
TILE = HIGH * WIDE
LOG2E, LN2 = np.float32(1.4426950408889634), np.float32(0.6931471805599453)
NONE, ONE, HALF, LEAST = np.float32(0), np.float32(1), np.float32(0.5), np.float32(-np.inf)


@njit(inline="always")
def exp(x):
    """Polynomial of the fraction, bits of the whole part: a loop of it is vectorised, as one of math.exp() is not."""
    scaled = min(max(x * LOG2E, np.float32(-126)), np.float32(126))
    whole = np.floor(scaled + HALF)
    rest = scaled - whole
    value = np.float32(1.5403530e-4)
    value = value * rest + np.float32(1.3333558e-3)
    value = value * rest + np.float32(9.6181291e-3)
    value = value * rest + np.float32(5.5504109e-2)
    value = value * rest + np.float32(2.4022651e-1)
    value = value * rest + np.float32(6.9314718e-1)
    value = value * rest + ONE
    return value * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)


@njit(inline="always")
def log(x):
    """Of what is positive: bits of the exponent, a polynomial of the mantissa in [sqrt(1/2), sqrt(2)) (Cephes)."""
    bits = np.float32(x).view(np.int32)
    whole = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))
    rest = np.int32(bits - np.int32(whole << np.int32(23))).view(np.float32) - ONE
    square = rest * rest
    value = np.float32(7.0376836e-2)
    value = value * rest + np.float32(-1.1514610e-1)
    value = value * rest + np.float32(1.1676999e-1)
    value = value * rest + np.float32(-1.2420141e-1)
    value = value * rest + np.float32(1.4249323e-1)
    value = value * rest + np.float32(-1.6668058e-1)
    value = value * rest + np.float32(2.0000715e-1)
    value = value * rest + np.float32(-2.4999994e-1)
    value = value * rest + np.float32(3.3333331e-1)
    return value * rest * square - HALF * square + rest + np.float32(whole) * LN2


@njit(inline="always")
def gaussian(apart):
    """At a distance in deviations; not below 1e-14, since the smallest floats are slow."""
    return exp(max(-HALF * apart * apart, np.float32(-32)))
