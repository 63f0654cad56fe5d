"""What commands that paint share: a canvas to optimise on and one to keep, and what is written."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from torch import Tensor

from .constraints import Constraint, check_constraints
from .device import pick_device
from .files import check_outputs, check_writable
from .images import check_animation, check_picture, check_size
from .interrupt import catch_interrupt
from .objective import Objective
from .optimize import NotFiniteError, paint
from .painting import Painting, read_document
from .registry import load_renderer
from .renderer import Renderer, StrokeRenderer
from .start import Start

CANVAS = 256  # px, about the longest side of the canvas while it is optimised; rendering at any size comes after
COARSEST = 3  # rows of the largest cells, about
STRIDE = 14  # px of that canvas from cell to cell at least: with many cells it is larger
MOST_STROKES = 100_000
FILM = 512  # px, about the longest side of a time-lapse
OVERLAP = 0.25


@dataclass(frozen=True)
class Easel:
    """The options of a command that paints, as :func:`easel_options` collects them; None where one was left out.

    Attributes:
        cells: About as many cells, unless ``grid`` says otherwise.
        default_strokes: In each cell, unless ``strokes`` says otherwise.
        default_pyramid: Levels, unless ``pyramid`` says otherwise; None makes the largest cells COARSEST rows.
    """

    output: Path
    size: int
    renderer: str
    brush: str | None
    grid: tuple[int, int] | None
    overlap: float | None
    pyramid: int | None
    strokes: int | None
    steps: int
    seed: int
    device: str | None
    resume: bool
    timelapse: Path | None
    frames: int
    constraints: list[Constraint]
    cells: int
    default_strokes: int
    default_pyramid: int | None

    @property
    def scale(self) -> int:
        """How many times larger than the canvas that is optimised the painting is."""
        return max(1, round(self.size / max(CANVAS, STRIDE * max(self.grid or (1, 1)))))

    @property
    def longest(self) -> int:
        """Longest side of the canvas that is optimised, px."""
        return self.size // self.scale

    def check(self, *inputs: Path, batch: int = 1) -> None:
        """Check all that can be known before anything is read or computed.

        Args:
            inputs: Files that must not be written over.
            batch: Number of paintings.

        Raises:
            ValueError: A number out of range, or a file that cannot be written, is an input, or holds something else.
        """
        check_picture(check_writable(self.output))
        if self.timelapse is not None:
            check_animation(self.timelapse)
        wanted = [path for index in range(batch) for path in self._files(index, batch) if path is not None]
        check_outputs(*wanted, self._checkpoint, inputs=inputs)
        for path in wanted:
            if path.suffix == ".json" and path.exists():
                read_document(path)  # only a painting's own document is written over
        if self._checkpoint.exists() and not self.resume:
            raise ValueError(
                f"{self._checkpoint} holds a painting that was interrupted; --resume goes on with it, or delete it"
            )
        numbers = {
            "--pyramid": self.pyramid,
            "--strokes": self.strokes,
            "--steps": self.steps,
            "--frames": self.frames,
        }
        for name, value in ({**numbers, "--batch": batch}).items():
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        check_size(self.size)
        if self.overlap is not None and 0.9 < self.overlap < 1:
            raise ValueError(
                f"--overlap must be at most 0.9, got {self.overlap}: cells this close need patches too large to paint"
            )

    def renderers(self, size: tuple[int, int]) -> Iterator[Renderer]:
        """The renderer for a canvas of ``size`` (H, W), for the painting, and for a film of it, all of one layout.

        A stroke renderer paints the cells of a grid; any other the whole canvas.

        Raises:
            ValueError: The grid itself, options that the renderer does not take, or too many strokes.
        """
        if self.renderer == "grid":
            raise ValueError("--renderer names what paints the cells of the grid, such as neural-splat, not the grid")
        factors = (1, self.scale, min(self.scale, max(1, FILM // max(size))))
        brush = {} if self.brush is None else {"brush": self.brush}
        if isinstance(load_renderer(self.renderer, **brush), StrokeRenderer):
            rows, cols = self.grid or self._cells(size)
            if (least := rows * cols * (self.strokes or self.default_strokes)) > MOST_STROKES:
                raise ValueError(f"{rows} x {cols} cells make {least} strokes; at most {MOST_STROKES} can be painted")
            overlap = OVERLAP if self.overlap is None else self.overlap
            options = {"renderer": self.renderer, "rows": rows, "cols": cols, "size": size, "overlap": overlap} | brush
            levels = self.pyramid or self.default_pyramid or 1 + max(0, round(math.log2(min(rows, cols) / COARSEST)))
            below = f" above {levels - 1} level{'s' * (levels > 2)} of larger ones" if levels > 1 else ""
            each = self.strokes or self.default_strokes
            click.echo(f"{rows} x {cols} cells{below}, {each} strokes in each, on {size[1]} x {size[0]} px", err=True)
            name, options = ("grid", options) if levels == 1 else ("pyramid", options | {"levels": levels})
            for factor in factors:
                yield load_renderer(name, **options, scale=factor)
            return
        meant = {"--grid": self.grid, "--overlap": self.overlap, "--strokes": self.strokes, "--pyramid": self.pyramid}
        if unmeant := [name for name, value in meant.items() if value is not None]:
            raise ValueError(f"{self.renderer} has no strokes in cells: {', '.join(unmeant)} mean nothing to it")
        for factor in factors:
            yield load_renderer(self.renderer, size=(size[0] * factor, size[1] * factor), **brush)

    def paint(
        self,
        objective: Objective,
        size: tuple[int, int],
        *,
        run: Mapping[str, str],
        batch: int = 1,
        target: Tensor | None = None,
        start: Start | None = None,
        callback: Callable[[int, Tensor, float], None] | None = None,
    ) -> Painting:
        """Optimise, and write the painting, its document, and its film. Ends the program if it was interrupted.

        Args:
            objective: Minimised.
            size: (H, W) of the canvas that is optimised, px.
            run: What a resumed run must share, as :func:`diffpaint.paint`'s.
            batch: Number of paintings; files are numbered if there are several.
            target: (1, 3, H, W) in [0, 1], the picture that is painted, if there is one, for the renderer's draft.
            start: Gives actions to start from instead of that draft.
            callback: As :func:`diffpaint.paint`'s.

        Returns:
            The paintings on the canvas that was optimised.
        """
        began = time.monotonic()
        small, large, film = self.renderers(size)
        small.to(pick_device(self.device))
        check_constraints(self.constraints, small)
        strokes, actions, failure = self.strokes or self.default_strokes, None, None
        with catch_interrupt() as interrupt:  # a draft is finished, and kept, and nothing more is done
            if target is not None and not self.resume:
                if start is None:
                    actions = small.draft(target, strokes, self.seed, self.constraints, progress=True)
                else:
                    actions = start(small, target, strokes)
        try:
            painting = paint(
                small,
                objective,
                strokes=strokes,
                actions=actions,
                batch=batch,
                steps=0 if interrupt.is_set() else self.steps,
                seed=self.seed,
                device=self.device,
                constraints=self.constraints,
                callback=callback,
                checkpoint=self._checkpoint,
                resume=self.resume,
                run=run,
            )
            painting.interrupted |= interrupt.is_set()
        except NotFiniteError as error:
            painting, failure = error.painting, error
        for index in range(batch):
            output, document, timelapse = self._files(index, batch)
            finished = painting[index].rendered_by(large.to(small.device))
            finished.save(output)
            finished.save(document)
            if timelapse is not None:
                painting[index].rendered_by(film.to(small.device)).save_timelapse(timelapse, self.frames)
            minutes, seconds = divmod(round(time.monotonic() - began), 60)
            height, width = large.size
            click.echo(f"wrote {output} ({width} x {height} px) and {document} in {minutes} min {seconds} s", err=True)
        self._report(painting, failure)
        return painting

    @property
    def _checkpoint(self) -> Path:
        return self.output.with_name(f"{self.output.name}.ckpt")

    def _files(self, index: int, batch: int) -> tuple[Path, Path, Path | None]:
        """Picture, document and film of one painting of a batch."""

        def numbered(path: Path) -> Path:
            return path if batch == 1 else path.with_name(f"{path.stem}-{index + 1}{path.suffix}")

        output = numbered(self.output)
        return output, output.with_suffix(".json"), None if self.timelapse is None else numbered(self.timelapse)

    def _cells(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of about as many cells as there should be, nearly square."""
        rows = max(1, round(math.sqrt(self.cells * size[0] / size[1])))
        return rows, max(1, round(self.cells / rows))

    def _report(self, painting: Painting, failure: NotFiniteError | None) -> None:
        """Say how the optimisation ended if it did not reach its end, and leave the checkpoint only then."""
        if failure is not None:
            click.echo(f"Error: {failure}", err=True)
            sys.exit(1)
        done = len(painting.losses)
        if painting.interrupted:
            click.echo(f"interrupted after {done} of {self.steps} steps; --resume goes on", err=True)
            sys.exit(130)
        if done > self.steps:
            click.echo(f"{done} steps were done already, --steps is {self.steps}; {self._checkpoint} stays", err=True)
            return
        self._checkpoint.unlink(missing_ok=True)
