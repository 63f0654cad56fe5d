"""The suite for writers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ..painting import Painting, Writer
from ..renderer import Renderer
from .parts import Marks


class WriterConformance:
    """What every writer must do. Define the fixture ``writer``; and ``renderer``, if it writes paintings of some alone.

    Attributes:
        ending: Of the files that it writes, with the dot.
    """

    ending: str

    @pytest.fixture
    def writer(self) -> Writer:
        """The writer under test."""
        raise NotImplementedError("define a `writer` fixture that returns an instance of your writer")

    @pytest.fixture
    def renderer(self) -> Renderer:
        """What has painted."""
        return Marks(size=(24, 32))

    @pytest.fixture
    def painting(self, writer: Writer, renderer: Renderer) -> Painting:
        """A painting of a few strokes."""
        try:
            writer.check_renderer(renderer)
        except ValueError as error:
            pytest.skip(f"define a `renderer` whose paintings it takes: {error}")
        actions = renderer.initial(1, 3, torch.Generator().manual_seed(0))
        white = torch.ones(1, 3, *renderer.size)
        return Painting(renderer(actions), actions, renderer, 0, white, [0.5, 0.4])

    def test_writes_a_file_and_nothing_else(self, writer: Writer, painting: Painting, tmp_path: Path) -> None:
        """No temporary file is left beside it."""
        path = tmp_path / f"painting{self.ending}"
        writer.check(path)
        writer.write(painting, path)
        assert path.is_file(), f"there is no {path.name}"
        assert path.stat().st_size > 0, f"{path.name} is empty"
        left = sorted(other.name for other in tmp_path.iterdir() if other != path)
        assert not left, f"{', '.join(left)} is left in the folder"

    def test_writes_over_an_older_file(self, writer: Writer, painting: Painting, tmp_path: Path) -> None:
        """And writes the same for the same painting."""
        path = tmp_path / f"painting{self.ending}"
        writer.write(painting, path)
        first = path.read_bytes()
        path.write_bytes(b"old")
        writer.write(painting, path)
        assert path.read_bytes() == first, "two files of the same painting differ"

    def test_a_failure_leaves_the_older_file(
        self, writer: Writer, painting: Painting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Written whole or not at all: :func:`diffpaint.io.files.replacing` does it."""
        path = tmp_path / f"painting{self.ending}"
        path.write_bytes(b"old")

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.replace", full)
        with pytest.raises(OSError, match="No space"):
            writer.write(painting, path)
        assert path.read_bytes() == b"old", "the older file is gone, or half written over"
        left = sorted(other.name for other in tmp_path.iterdir() if other != path)
        assert not left, f"{', '.join(left)} is left in the folder"

    def test_leaves_the_painting_alone(self, writer: Writer, painting: Painting, tmp_path: Path) -> None:
        """Canvas, actions and background are what they were."""
        kept = [part.clone() for part in (painting.canvas, painting.actions, painting.background)]
        writer.write(painting, tmp_path / f"painting{self.ending}")
        now = (painting.canvas, painting.actions, painting.background)
        for name, one, other in zip(("canvas", "actions", "background"), kept, now, strict=True):
            assert torch.equal(one, other), f"the writer has changed the painting's {name}"
