"""The writers that the core has: pictures, films, and documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from ..painting import Painting, Writer
from .files import replacing
from .film import check_film, check_frames, spread, write_film
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
        check_frames(frames, seconds)
        self.frames, self.seconds = frames, seconds

    def check(self, path: Path) -> None:
        """What the format needs is there."""
        check_film(path)

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`Writer.write`."""
        write_film(path, self._chosen(painting), self.seconds)

    def _chosen(self, painting: Painting) -> Iterator[Tensor]:
        wanted = spread(painting.actions.shape[1], self.frames)
        drawn, frame = 0, painting.background
        for drawn, frame in enumerate(painting.frames(), 1):
            if drawn in wanted:
                yield frame
        if drawn not in wanted:  # a renderer whose frames are not its strokes
            yield frame
