"""Constraints: greyscale, palettes, ranges, fixed values, levels, connected strokes."""

from .colors import Greyscale, Palette
from .connected import Connected
from .values import Fix, Levels, Limit

__all__ = ["Connected", "Fix", "Greyscale", "Levels", "Limit", "Palette"]
