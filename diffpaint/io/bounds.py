"""How large numbers may be, by what they mean: for callers, and for files that somebody sends."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

MOST_PIXELS = 20_000 * 20_000  # of a picture or canvas
MOST_SIDE = 100_000  # px


def check_whole(name: str, value: Any, least: int = 1, most: int = 2**31 - 1) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``.

    >>> check_whole("rows", 3)
    3

    Raises:
        ValueError: It is not.
    """
    if not _is_whole(value):
        raise ValueError(f"{name} must be a whole number, got {value!r:.40}")
    if not least <= value <= most:
        bound = f"at least {least}" if value < least else f"at most {most}"
        raise ValueError(f"{name} must be {bound}, got {value!r:.40}")
    return int(value)


def check_size(size: Any, most: int = MOST_PIXELS) -> tuple[int, int]:
    """Return (H, W) of a canvas, px.

    >>> check_size([20, 30])
    (20, 30)

    Raises:
        ValueError: It is no pair of whole numbers from 1, or of more than ``most`` pixels.
    """
    sides = list(size) if isinstance(size, Sequence) and not isinstance(size, str) else []
    if len(sides) != 2 or not all(_is_whole(side) and side >= 1 for side in sides):
        raise ValueError(f"size is (height, width), two whole numbers of at least 1 px, got {size!r:.60}")
    height, width = int(sides[0]), int(sides[1])
    if height * width > most or max(height, width) > MOST_SIDE:
        raise ValueError(f"size is at most {most / 1e6:g} megapixels, and {MOST_SIDE} px a side, got {size!r:.60}")
    return height, width


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
