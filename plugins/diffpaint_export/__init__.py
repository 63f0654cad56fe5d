"""Paintings for other programs: vectors, layers, tables, and a page on which they paint themselves."""

from .player import PlayerWriter
from .svg import SvgWriter

__all__ = ["PlayerWriter", "SvgWriter"]
