"""A grid of cells that stitches the small canvases of a stroke renderer into one of any size."""

from .grid import Grid

__all__ = ["Grid"]
