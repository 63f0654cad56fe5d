"""Paintings for other programs: vectors, layers, tables, and a page on which they paint themselves."""

from .svg import SvgWriter

__all__ = ["SvgWriter"]
