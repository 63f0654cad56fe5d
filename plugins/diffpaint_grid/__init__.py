"""Grids of cells, alone or in levels: the small canvases of a stroke renderer, stitched into one of any size."""

from .draft import Draft
from .grid import Grid
from .pyramid import Pyramid

__all__ = ["Draft", "Grid", "Pyramid"]
