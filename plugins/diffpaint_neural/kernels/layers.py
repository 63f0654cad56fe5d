"""The network that makes alpha of the densities of a tile, and its gradients."""

from __future__ import annotations

import numpy as np
from numba import njit

from diffpaint.fast import INNER

from .numbers import CHANNELS, LEAST, MATRIX, NONE, ONE, SCALES, SQUARE, TILE, exp, log


@njit(**INNER)
def _four_to_eight(into, params, n, given):
    """The first layer of a stroke at a tile, of rows (C, TILE), from four rows, flat."""
    for j in range(CHANNELS):
        b = params[n, MATRIX + j]
        w0, w1, w2, w3 = params[n, 4 * j], params[n, 4 * j + 1], params[n, 4 * j + 2], params[n, 4 * j + 3]
        for at in range(TILE):
            value = b + w0 * given[at] + w1 * given[TILE + at]
            into[j, at] = max(NONE, value + w2 * given[2 * TILE + at] + w3 * given[3 * TILE + at])


@njit(**INNER)
def _of_eight(into, rows, params, weight, bias, given, least):
    """Some rows (rows, TILE) of a layer, not below ``least``, from eight rows, flat.

    Args:
        into: Which is set.
        rows: How many.
        params: Weights and biases, flat.
        weight: Where those of this layer begin.
        bias: Where its biases begin; -1 for none.
        given: What it sees.
        least: Of the values.
    """
    for j in range(rows):
        k, b = weight + 8 * j, params[bias + j] if bias >= 0 else NONE
        w0, w1, w2, w3 = params[k], params[k + 1], params[k + 2], params[k + 3]
        w4, w5, w6, w7 = params[k + 4], params[k + 5], params[k + 6], params[k + 7]
        for at in range(TILE):
            value = b + w0 * given[at] + w1 * given[TILE + at]
            value += w2 * given[2 * TILE + at] + w3 * given[3 * TILE + at]
            value += w4 * given[4 * TILE + at] + w5 * given[5 * TILE + at]
            into[j, at] = max(least, value + w6 * given[6 * TILE + at] + w7 * given[7 * TILE + at])


@njit(**INNER)
def see(seen, dense, down, across, own, n, shared):
    """The network at a tile.

    Args:
        seen: What is set, rows of a tile each: log(1 + density), S; the first layer, C; the second, C; the sigmoid of
            the third, and what the density leaves uncovered, in one.
        dense: (S, down, across, TILE), densities.
        down: Which tile.
        across: Likewise.
        own: (N, C S + C), each stroke's own first layer.
        n: Whose.
        shared: (C C + C + C + 1,), the other two.
    """
    logs, first, second, ends = seen
    for at in range(TILE):
        ends[1, at] = NONE
    for s in range(SCALES):
        for at in range(TILE):
            logs[s, at] = log(ONE + dense[s, down, across, at])
            ends[1, at] += dense[s, down, across, at]
    _four_to_eight(first, own, n, logs.reshape(-1))
    _of_eight(second, CHANNELS, shared, 0, SQUARE, first.reshape(-1), NONE)
    _of_eight(ends, 1, shared, SQUARE + CHANNELS, len(shared) - 1, second.reshape(-1), LEAST)
    for at in range(TILE):
        ends[0, at] = ONE / (ONE + exp(-ends[0, at]))
        ends[1, at] = exp(np.float32(-4) * ends[1, at])


@njit(**INNER)
def blame(blamed, slope, seen, shared, turned):
    """From the slopes of alpha at a tile to those of all rows that the network saw there.

    Args:
        blamed: What is set: slopes of logs, of the first layer, of the second, and in one of the third and of the
            density beside the layers.
        slope: (TILE,), of alpha.
        seen: As :func:`see` sets it.
        shared: As it is given.
        turned: Weights of the second layer and, behind them, of the first, with inputs and outputs exchanged.
    """
    (of_logs, of_first, of_second, of_ends), (_, first, second, ends) = blamed, seen
    for at in range(TILE):
        covered = slope[at] * ends[0, at]
        of_ends[0, at] = covered * (ONE - ends[1, at]) * (ONE - ends[0, at])
        of_ends[1, at] = np.float32(4) * covered * ends[1, at]
    for j in range(CHANNELS):
        weight = shared[SQUARE + CHANNELS + j]
        for at in range(TILE):
            of_second[j, at] = weight * of_ends[0, at] if second[j, at] > 0 else NONE
    _of_eight(of_first, CHANNELS, turned, 0, -1, of_second.reshape(-1), LEAST)
    for j in range(CHANNELS):
        for at in range(TILE):
            of_first[j, at] = of_first[j, at] if first[j, at] > 0 else NONE
    _of_eight(of_logs, SCALES, turned, SQUARE, -1, of_first.reshape(-1), LEAST)


@njit(**INNER)
def learn(into, n, start, slopes, outputs, given, inputs):
    """Add what slopes of a layer's rows say to those of its weights and biases, (N, ...) from ``start`` on."""
    for j in range(outputs):
        for i in range(inputs):
            found = NONE
            for at in range(TILE):
                found += slopes[j, at] * given[i, at]
            into[n, start + inputs * j + i] += found
        found = NONE
        for at in range(TILE):
            found += slopes[j, at]
        into[n, start + outputs * inputs + j] += found
