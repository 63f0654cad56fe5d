"""The text format of MyPaint before 1.0, versions 1 and 2, read as what is JSON since version 3.

A line is a setting: its base value, and after a ``|`` each an input with the points of its curve::

    version 2
    radius_logarithmic 2.2 | pressure (0.000000 0.000000), (1.000000 0.350000)

Version 1 has no line ``version``. Its curves are ``x y x y ...`` after a first point (0, 0) that is not written, and
end at x = 0 (MyPaint 0.9, ``lib/brush.py``).
"""

from __future__ import annotations

import colorsys
from typing import Any

_TEXTS = {"parent_brush_name", "group", "comment", "notes", "description"}  # settings that are no numbers
_GONE = {"painting_time", "change_radius", "adapt_color_from_image"}  # settings that no engine of today has
_RENAMED = {  # old name: new name, and what values and curves are multiplied by
    "color_hue": ("change_color_h", 64 / 360),
    "color_saturation": ("change_color_hsv_s", 128 / 256),
    "color_value": ("change_color_v", 128 / 256),
    "speed_slowness": ("speed1_slowness", 1.0),
    "change_color_s": ("change_color_hsv_s", 1.0),
    "stroke_treshold": ("stroke_threshold", 1.0),
}


def read_text_format(text: str) -> dict[str, Any]:
    """A brush of version 1 or 2 as a document of version 3.

    Raises:
        ValueError: A line that is no setting, or another version; the message says which.
    """
    lines = [line.strip().split(None, 1) for line in text.splitlines() if line.strip()[:1] not in ("", "#")]
    version = next((rest for name, *rest in lines if name == "version"), ["1"])
    if version not in (["1"], ["2"]):
        raise ValueError(f"it has version {' '.join(version)[:20]!r}; this program reads versions 1 to 3")
    settings: dict[str, Any] = {}
    for name, *rest in lines:
        if name in _TEXTS or name in _GONE or name == "version":
            continue
        try:
            settings |= _setting(name, rest[0], old=version == ["1"])
        except (ValueError, IndexError) as error:
            raise ValueError(f"{name[:40]!r} is followed by no value and curves ({error})") from error
    return {"version": 3, "settings": settings}


def _setting(name: str, value: str, old: bool) -> dict[str, Any]:
    if name == "color":  # of version 1: red, green and blue to 255
        red, green, blue = (int(channel) / 255 for channel in value.split())
        hsv = zip("hsv", colorsys.rgb_to_hsv(red, green, blue), strict=True)
        return {f"color_{channel}": {"base_value": number, "inputs": {}} for channel, number in hsv}
    base, *curves = value.split("|")
    name, factor = _RENAMED.get(name, (name, 1.0))
    inputs = {}
    for curve in curves:
        of, points = curve.split(None, 1)
        of = "speed1" if of == "speed" else of
        inputs[of] = [[x, factor * y] for x, y in (_points_1 if old else _points_2)(points)]
    return {name: {"base_value": factor * float(base), "inputs": inputs}}


def _points_1(text: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in text.split()]
    points = [(0.0, 0.0)]
    for x, y in zip(numbers[::2], numbers[1::2], strict=True):
        if x == 0:
            break
        points.append((x, y))
    return points


def _points_2(text: str) -> list[tuple[float, float]]:
    points = []
    for point in text.strip().removeprefix("(").removesuffix(")").split("), ("):
        x, y = point.split()
        points.append((float(x), float(y)))
    return points
