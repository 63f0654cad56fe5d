"""Films: every frame a painting, whose strokes begin where those of the frame before ended."""

from .carry import Carried
from .clip import Clip
from .document import FilmDocument, read_film

__all__ = ["Carried", "Clip", "FilmDocument", "read_film"]
