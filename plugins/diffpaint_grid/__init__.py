"""Small canvases of a stroke renderer on one of any size: in grids, alone or in levels, or wherever they are needed."""

from .draft import Draft
from .grid import Grid
from .growth import Growth
from .placing import blurred, directions, peaks
from .pyramid import Pyramid
from .rounds import Rounds
from .scatter import Scatter

__all__ = ["Draft", "Grid", "Growth", "Pyramid", "Rounds", "Scatter", "blurred", "directions", "peaks"]
