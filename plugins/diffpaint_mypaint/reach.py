"""Which values a brush's settings can take, given what strokes of this package tell the engine.

A setting is a base value and, for each input, a curve whose value is added (libmypaint's ``mypaint-mapping.c``). Inputs
are pressure, speed and the like. A stroke here takes five seconds over a cell and the pen stands upright, so most
inputs keep to a range, and a curve that is there need not act.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

Interval = tuple[float, float]

FASTEST = 2 * 64 * math.sqrt(2) / 5  # px/s: a quadratic Bezier along the diagonal of a 64-px cell, in five seconds
NOISY = 1e4  # px/s: with tracking noise the pen jumps
LEARNED_SIDE = 256  # px, of the square that is drawn for a 64-px cell; the engine is told of no other size
CUSTOM = (-10.0, 10.0)  # what a brush is expected to make of its own input
_INPUTS: Mapping[str, Interval] = {
    "random": (0.0, 1.0),
    "stroke": (0.0, 1.0),
    "direction": (0.0, 180.0),
    "direction_angle": (0.0, 360.0),
    "attack_angle": (-180.0, 180.0),
    "tilt_ascension": (0.0, 0.0),
    "tilt_declinationx": (0.0, 90.0),
    "tilt_declinationy": (0.0, 90.0),
    "barrel_rotation": (0.0, 0.0),
    "gridmap_x": (0.0, 256.0),
    "gridmap_y": (0.0, 256.0),
    "viewzoom": (math.log(64 / LEARNED_SIDE), math.log(64 / LEARNED_SIDE)),
    "brush_radius": (-2.0, 6.0),
}


def reach(settings: Mapping[str, dict], name: str, default: float = 0.0) -> Interval:
    """The least and the largest value that a setting can take.

    Inputs count as independent of one another, so the true range may be smaller.

    Args:
        settings: As in :class:`.brushes.BrushFile`.
        name: Of the setting.
        default: The engine's base value, for one that is not among them and has no curve then.
    """
    if name not in settings:
        return default, default
    low = high = settings[name]["base_value"]
    for name_of_input, curve in settings[name]["inputs"].items():
        over = _input_range(settings, name, name_of_input)
        if curve and over is not None:
            bottom, top = _curve_range(curve, over)
            low, high = low + bottom, high + top
    return low, high


def _input_range(settings: Mapping[str, dict], setting: str, name: str) -> Interval | None:
    """From the least to the largest value of an input; None for one that the engine does not know."""
    if name == "pressure":
        return 0.0, math.exp(_base(settings, "pressure_gain_log"))
    if name in ("speed1", "speed2"):
        return _speed_range(settings, name)
    if name == "tilt_declination":  # upright; the engine arrives there with the first event, which dabs by time see
        by_time = settings.get("dabs_per_second", {"base_value": 0.0, "inputs": {}})
        return (0.0, 90.0) if by_time["base_value"] > 0 or any(by_time["inputs"].values()) else (90.0, 90.0)
    if name == "custom":  # follows its setting, from 0; where that depends on itself nobody knows
        low, high = CUSTOM if setting == "custom_input" else reach(settings, "custom_input")
        return min(low, 0.0), max(high, 0.0)
    return _INPUTS.get(name)


def _speed_range(settings: Mapping[str, dict], name: str) -> Interval:
    """``log(gamma + speed) * m + q``, which is 0.5 at 45 px/s with a slope of 0.015 there."""
    gamma = math.exp(_base(settings, f"{name}_gamma", default=4.0))
    noisy = _base(settings, "tracking_noise") > 0
    m = 0.015 * (45 + gamma)
    low, high = (0.5 + m * math.log((gamma + speed) / (gamma + 45)) for speed in (0.0, NOISY if noisy else FASTEST))
    return low, high


def _base(settings: Mapping[str, dict], name: str, default: float = 0.0) -> float:
    """Of a setting whose curves the engine does not look at; no further than anything that it takes."""
    return min(max(settings[name]["base_value"] if name in settings else default, -100.0), 100.0)


def _curve_range(curve: list[list[float]], over: Interval) -> Interval:
    low, high = over
    values = [_curve_at(curve, x) for x in (low, high)] + [y for x, y in curve if low < x < high]
    return min(values), max(values)


def _curve_at(curve: list[list[float]], x: float) -> float:
    """The engine's piecewise linear curve; its first and last pieces go on beyond their ends."""
    pieces = list(itertools.pairwise(curve))
    (x0, y0), (x1, y1) = next((piece for piece in pieces if x <= piece[1][0]), pieces[-1])
    return y0 if x0 == x1 or y0 == y1 else y0 + (x - x0) * ((y1 - y0) / (x1 - x0))
