"""What the user of a command that paints asked for; what is planned from it is in :mod:`.plan`."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from ..constraints import Constraint
from ..io.checkpoint import damage_named, read_settings
from ..io.files import beside, check_outputs, check_writable
from ..io.film import KINDS
from ..io.images import read_size
from ..io.lock import locked
from ..io.schema import check_schema
from ..io.syntax import parse_sum
from ..painting import find_writer
from .constraints import constraint_options
from .outputs import check_free, check_painting, overwrite_option
from .resume import ResumableCommand, spoken
from .types import ORIGINAL, GridType, SizeType

OVERLAP = 0.25
LARGEST = 8192  # px, longest side of a painting


@dataclass(frozen=True)
class Request:
    """The options of a command that paints, as :func:`paint_options` collects them; None where one was left out.

    Attributes:
        spoken: The whole command line; see :func:`diffpaint.cli.resume.spoken`.
        cells: About as many cells, unless ``grid`` says otherwise.
        default_strokes: In each cell, unless ``strokes`` says otherwise.
        default_pyramid: Levels, unless ``pyramid`` says otherwise; None goes down to cells of about three rows.
        scattered: Strokes in all, unless ``strokes`` says otherwise, where they lie in no cells; None if they always
            do.
        original: (H, W) of the photo, px, if the painting should be as large.
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
    overwrite: bool
    timelapse: Path | None
    frames: int
    constraints: list[Constraint]
    spoken: dict[str, Any]
    cells: int
    default_strokes: int
    default_pyramid: int | None
    scattered: int | None
    original: tuple[int, int] | None = None

    @property
    def in_cells(self) -> bool:
        """Whether strokes lie in cells, and not where the picture needs them."""
        return self.scattered is None or any(asked is not None for asked in (self.grid, self.overlap, self.pyramid))

    @property
    def checkpoint(self) -> Path:
        """Where the state of the run is kept."""
        return checkpoint_of(self.output)

    def files(self, index: int, batch: int) -> tuple[Path, Path, Path | None]:
        """Painting, document and film of one painting of a batch."""

        def numbered(path: Path) -> Path:
            return path if batch == 1 else path.with_name(f"{path.stem}-{index + 1}{path.suffix}")

        output = numbered(self.output)
        return output, output.with_suffix(".json"), None if self.timelapse is None else numbered(self.timelapse)

    @property
    def inputs(self) -> list[Path]:
        """All that may be a file that is read."""
        said = (value for name, value in self.spoken.items() if name != "timelapse")
        texts = (text for value in said for text in (value if isinstance(value, list) else [value]))
        return [path for text in texts if isinstance(text, str) for path in paths_in(text)]

    def check(self, batch: int = 1) -> None:
        """Check all that can be known before anything is read or computed.

        Args:
            batch: Number of paintings.

        Raises:
            ValueError: A number out of range, or a file that cannot be written, is an input, or holds something else.
        """
        find_writer(check_writable(self.output)).check(self.output)
        if self.timelapse is not None:
            film_writer(self.timelapse, self.frames).check(self.timelapse)
        files = [self.files(index, batch) for index in range(batch)]
        check_outputs(*(path for some in files for path in dict.fromkeys(some)), self.checkpoint, inputs=self.inputs)
        self._check_written_over(files)
        counts = {"pyramid": self.pyramid, "strokes": self.strokes, "steps": self.steps, "batch": batch}
        for name, value in counts.items():
            if value is not None and value < 1:
                raise ValueError(f"--{name} must be at least 1, got {value}")
        check_size(self.size)
        if self.overlap is not None and 0.9 < self.overlap < 1:
            raise ValueError(
                f"--overlap must be at most 0.9, got {self.overlap}: cells this close need patches too large to paint"
            )

    def _check_written_over(self, files: list[tuple[Path, Path, Path | None]]) -> None:
        """Check that nothing is written over that is not of this painting, or an older one in its place."""
        if self.resume:
            begun_with = command_in(self.checkpoint) or {}
            if self.timelapse is not None and begun_with.get("timelapse") != os.path.abspath(self.timelapse):
                check_free(*(some[2] for some in files), overwrite=self.overwrite)
            return
        for output, document, film in files:
            check_painting(output, document, film, inputs=self.inputs, overwrite=self.overwrite)
        check_not_begun(self.output, overwrite=self.overwrite)


def checkpoint_of(output: Path) -> Path:
    """Where the state of a painting is kept until it is done."""
    return beside(output, ".ckpt")


def check_not_begun(output: Path, *, overwrite: bool) -> None:
    """Check that a painting was not interrupted, unless it may be written over; ValueError if it was."""
    if (checkpoint := checkpoint_of(output)).exists() and not overwrite:
        raise ValueError(
            f"{checkpoint} holds a painting that was interrupted; --resume goes on with it, --overwrite begins anew"
        )


def command_in(checkpoint: Path) -> dict[str, Any] | None:
    """The command line that a checkpoint holds; older ones have none."""
    command = read_settings(checkpoint)[0].get("command")
    with damage_named(checkpoint):
        return None if command is None else check_schema(json.loads(command), dict[str, Any], "command")


def paths_in(text: str) -> Iterator[Path]:
    """What in a text may be the path of a file: the text itself, and the values in ``NAME(option=value)`` and sums."""
    yield Path(text)
    with suppress(ValueError):
        for _, call in parse_sum(text):
            for value in call.options.values():
                for one in value if isinstance(value, list | tuple) else [value]:
                    if isinstance(one, str):
                        yield from paths_in(one)


def film_writer(path: Path, frames: int) -> Any:
    """The writer of a time-lapse.

    Raises:
        ValueError: The ending is of no film, or a number out of range.
    """
    try:
        return find_writer(path, frames=frames)
    except ValueError as error:
        if "frames" in str(error) and "at least" in str(error):
            raise ValueError(f"--{error}") from error
        raise ValueError(f"{path}: a time-lapse is {KINDS} ({error})") from error


def check_size(size: int) -> int:
    """Check, before long work starts, that a painting's longest side, px, is one for which memory is sure to do.

    Returns:
        It.

    Raises:
        ValueError: It is not.
    """
    if not 1 <= size <= LARGEST:
        raise ValueError(f"--size must be from 1 to {LARGEST} px, got {size}; 'diffpaint replay' draws larger ones")
    return size


class PaintCommand(ResumableCommand):
    """A command with :func:`paint_options`."""

    may_change = frozenset({"photo", "steps", "device", "timelapse", "frames"})  # another photo is known by its pixels

    def recorded(self, output: Path) -> dict[str, Any] | None:
        """From the checkpoint."""
        return command_in(checkpoint_of(output))


def paint_options(
    *,
    size: int,
    steps: int,
    strokes: int,
    cells: int,
    pyramid: int | None,
    photo: bool = False,
    scattered: int | None = None,
) -> Callable[[Callable], Callable]:
    """Give a command the options of a :class:`Request`, which it gets as its argument ``request``.

    Args:
        size: Default of ``--size``, px.
        steps: Default of ``--steps``.
        strokes: In each cell, unless ``--strokes`` says otherwise.
        cells: About as many, unless ``--grid`` says otherwise.
        pyramid: Levels, unless ``--pyramid`` says otherwise; None makes the largest cells about three rows.
        scattered: Strokes in all, unless cells are asked for; None if strokes always lie in cells.
        photo: Whether the command's argument ``photo`` is the path of one, whose size ``--size original`` takes.
    """
    file = click.Path(path_type=Path)
    options = [
        click.option("-o", "--output", required=True, type=file, help="The painting: a .png, .jpg, ..."),
        click.option(
            "--size",
            type=SizeType() if photo else int,
            default=size,
            show_default=True,
            help="Longest side of the painting, px (rounded down a little)" + "; or original, the photo's." * photo,
        ),
        click.option(
            "--renderer",
            metavar="NAME(OPTION=VALUE)",
            default="neural-splat",
            show_default=True,
            help="What paints; see diffpaint list.",
        ),
        click.option("--brush", help="The painter's brush, such as classic/dry_brush.  [default: the painter's own]"),
        *_layout_options(strokes, cells, pyramid, scattered),
        click.option("--steps", default=steps, show_default=True, help="Steps of the optimiser."),
        click.option(
            "--seed", default=0, show_default=True, help="The same seed paints the same picture, on a GPU nearly."
        ),
        click.option("--device", help="Where to compute: cpu, cuda, mps.  [default: cuda if it is there, else cpu]"),
        click.option("--resume", is_flag=True, help="Go on with an interrupted painting; needs no other option."),
        overwrite_option,
        click.option("--timelapse", type=file, help="Also film it stroke by stroke: a .gif, .mp4 or .webm."),
        click.option("--frames", default=60, show_default=True, help="Pictures in the time-lapse."),
        constraint_options,
    ]
    made = {"spoken", "cells", "default_strokes", "default_pyramid", "scattered", "original"}
    names = {field.name for field in fields(Request)} - made

    def decorate(command: Callable) -> Callable:
        @functools.wraps(command)
        def run(**arguments: Any) -> Any:
            own = {name: arguments.pop(name) for name in names}
            if own["size"] == ORIGINAL:
                own["original"] = read_size(arguments["photo"])
                own["size"] = max(own["original"])
            given = spoken(click.get_current_context())
            defaults = {"default_strokes": strokes, "default_pyramid": pyramid, "scattered": scattered}
            request = Request(**own, **defaults, spoken=given, cells=cells)
            document = check_writable(check_writable(request.output).with_suffix(".json"))
            with locked(beside(document, ".lock"), str(request.output)):
                return command(request=request, **arguments)

        for option in reversed(options):
            run = option(run)
        return run

    return decorate


def _layout_options(strokes: int, cells: int, pyramid: int | None, scattered: int | None) -> list[Callable]:
    """Options that say where strokes lie; arguments as of :func:`paint_options`."""
    levels = "down to about 3 rows" if pyramid is None else pyramid
    layout, number = f"about {cells}, nearly square", f"Strokes in each cell.  [default: {strokes}]"
    if scattered is not None:
        layout = "none: strokes lie where the picture needs them"
        number = f"Strokes in all; in each cell, if there are cells.  [default: {scattered}; {strokes} in a cell]"
    return [
        click.option("--grid", type=GridType(), help=f"Cells of the canvas.  [default: {layout}]"),
        click.option(
            "--overlap", type=float, help=f"Of neighbouring cells, as a fraction of the cell.  [default: {OVERLAP}]"
        ),
        click.option("--pyramid", type=int, help=f"Levels, from large cells to small ones.  [default: {levels}]"),
        click.option("--strokes", type=int, help=number),
    ]
