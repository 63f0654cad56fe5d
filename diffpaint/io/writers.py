"""The writers that the core has: pictures, films, and documents."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from ..painting import Painting, Writer
from .files import replacing
from .film import check_film, write_film
from .images import write_image
from .readable import dump


class PictureWriter(Writer):
    """The canvas as a picture; with alpha where the painting is transparent and the format can."""

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`Writer.write`."""
        write_image(path, painting.pixels())


class DocumentWriter(Writer):
    """Every stroke as JSON: what can be loaded, rendered again, and replayed."""

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`Writer.write`."""
        text = dump(painting.document())
        with replacing(path) as temporary:
            temporary.write_text(text)


class FilmWriter(Writer):
    """The painting as it grows, stroke by stroke.

    Args:
        frames: How many pictures, spread evenly over the strokes; fewer if there are fewer strokes.
        seconds: Length of the film.

    Raises:
        ValueError: Fewer than one frame, or no length.
    """

    def __init__(self, frames: int = 60, seconds: float = 8.0):
        if frames < 1:
            raise ValueError(f"frames: a film needs at least 1, got {frames}")
        if not 0 < seconds < math.inf:
            raise ValueError(f"seconds, the length of a film, must be above 0, got {seconds}")
        self.frames, self.seconds = frames, seconds

    def check(self, path: Path) -> None:
        """What the format needs is there."""
        check_film(path)

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`Writer.write`."""
        write_film(path, self._chosen(painting), self.seconds)

    def _chosen(self, painting: Painting) -> Iterator[Tensor]:
        strokes = painting.actions.shape[1]
        wanted = {math.ceil((i + 1) * strokes / self.frames) - 1 for i in range(self.frames)}
        index, frame = -1, painting.background
        for index, frame in enumerate(painting.frames()):
            if index in wanted:
                yield frame
        if index not in wanted:  # a renderer whose frames are not its strokes
            yield frame
