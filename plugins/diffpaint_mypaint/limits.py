"""What the engine is safe to be given: beyond its own ranges it crashes, or does not come back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .brushes import BrushFile
from .library import libmypaint
from .reach import LEARNED_SIDE, reach

# Settings that count, move or size dabs; the engine uses what their curves give as it comes. All others it clamps.
_UNCLAMPED = ("dabs_per_", "offset_", "radius_by_random", "anti_aliasing", "elliptical_dab_ratio", "gridmap_scale")
OVERSHOOT = 4  # ranges of a setting that its curves may lead beyond its ends; brushes of MyPaint do so by 4 at most
_AWAY = ("x", "y", "angle", "angle_asc", "angle_view", "angle_2", "angle_2_asc", "angle_2_view")
FARTHEST_DAB = 1e5  # px from the stroke; the engine holds a table of all tiles between
FARTHEST = 1e6  # of a point of a curve along its input
LONGEST = 2 * math.sqrt(2) * LEARNED_SIDE  # px, of a stroke on one cell
SMALLEST, LARGEST = 0.2, 1000.0  # px, radii of a dab; compiled into libmypaint
MOST_PIXELS = 5e9  # of all dabs of a stroke; some five seconds. Brushes of MyPaint have 3e9 at most


def check_limits(file: BrushFile) -> None:
    """Check that the engine can draw with a brush.

    Raises:
        ValueError: A setting, or what its curves make of it, is outside of the engine's range, or a stroke would
            take far too long; the message says which.
    """
    lib = libmypaint()
    for name, value in file.drawn.items():
        number = lib.mypaint_brush_setting_from_cname(name.encode())
        if number < 0:
            continue
        info = lib.mypaint_brush_setting_info(number).contents
        low, high, slack = info.min, info.max, 1e-6 * (info.max - info.min)  # the engine's ends are rounded
        if not low - slack <= value["base_value"] <= high + slack:
            raise ValueError(
                f"brush {file.name}: {name} is {value['base_value']:g}; the engine takes {low:g} to {high:g}"
            )
        for of, curve in value["inputs"].items():
            if any(abs(x) > FARTHEST or abs(y) > (high - low) * 1.001 for x, y in curve):
                raise ValueError(
                    f"brush {file.name}: the curve of {name} over {of[:40]} has a point beyond {FARTHEST:g} along, or "
                    f"{high - low:g} up or down, the engine's whole range"
                )
        least, most = reach(file.drawn, name)
        room = OVERSHOOT * (high - low)
        lowest = low if name.startswith("dabs_per_") else low - room  # fewer than no dabs turn time back
        if name.startswith(_UNCLAMPED) and (least < lowest or most > high + room):
            raise ValueError(
                f"brush {file.name}: its curves take {name} from {least:g} to {most:g}; the engine's range is {low:g} "
                f"to {high:g}"
            )
    if all(reach(file.drawn, name)[1] > 0 for name in ("colorize", "posterize")):
        raise ValueError(f"brush {file.name}: it colourises and posterizes; together they make this engine divide by 0")
    check_distance(file, LEARNED_SIDE / 8)
    if (pixels := _pixels(file.drawn)) > MOST_PIXELS:
        raise ValueError(
            f"brush {file.name}: dabs of one stroke may cover {pixels:.0e} px, which takes too long; lower its "
            "dabs_per_* or the curves of its radius"
        )


def check_distance(file: BrushFile, radius: float) -> None:
    """Check that a brush of this radius, px, throws no dab so far away that the engine runs out of memory.

    Raises:
        ValueError: It does.
    """
    settings = file.drawn
    aside = sum(max(map(abs, reach(settings, f"offset_{way}"))) for way in _AWAY)
    strongest = math.exp(min(reach(settings, "offset_multiplier")[1], 100.0))
    at_random = 4 * max(0.0, reach(settings, "offset_by_random")[1])  # standard deviations, of a normal number
    if (distance := (aside * strongest + at_random) * radius) > FARTHEST_DAB:
        raise ValueError(
            f"brush {file.name}: at a radius of {radius:g} px it throws dabs {distance:.0e} px away, more than the "
            "engine holds; lower its offset_* or the radius"
        )


def _pixels(settings: Mapping[str, dict]) -> float:
    """Of all dabs of the longest stroke, as the engine counts them (``count_dabs_to``); it touches tiles as wholes."""
    curves = settings.get("radius_logarithmic", {"inputs": {}})["inputs"]
    ratio = max(1.0, reach(settings, "elliptical_dab_ratio", default=1.0)[1])
    per_actual, per_basic, per_second = (
        max(0.0, reach(settings, f"dabs_per_{what}", default=default)[1])
        for what, default in (("actual_radius", 2.0), ("basic_radius", 0.0), ("second", 0.0))
    )
    most = 0.0
    for basic in (LEARNED_SIDE / 64, LEARNED_SIDE / 8):  # px, the usual range
        drawn = {**settings, "radius_logarithmic": {"base_value": math.log(basic), "inputs": curves}}
        for logarithm in reach(drawn, "radius_logarithmic"):
            radius = min(max(math.exp(min(logarithm, 10.0)), SMALLEST), LARGEST)
            dabs = ratio * LONGEST * (per_actual / radius + per_basic / basic) + 5 * per_second
            most = max(most, dabs * (2 * radius + 64) ** 2)
    return most
