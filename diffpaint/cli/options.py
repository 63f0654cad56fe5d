"""What the user of a command that paints asked for; what is planned from it is in :mod:`.plan`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from ..constraints import Constraint
from ..io.document import read_document
from ..io.files import check_outputs, check_writable
from ..io.images import read_size
from ..painting import find_writer
from .constraints import constraint_options

OVERLAP = 0.25
LARGEST = 8192  # px, longest side of a painting
ORIGINAL = "original"  # --size of a painting that is as large as the photo


@dataclass(frozen=True)
class Request:
    """The options of a command that paints, as :func:`paint_options` collects them; None where one was left out.

    Attributes:
        cells: About as many cells, unless ``grid`` says otherwise.
        default_strokes: In each cell, unless ``strokes`` says otherwise.
        default_pyramid: Levels, unless ``pyramid`` says otherwise; None goes down to cells of about three rows.
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
    timelapse: Path | None
    frames: int
    constraints: list[Constraint]
    cells: int
    default_strokes: int
    default_pyramid: int | None
    original: tuple[int, int] | None = None

    @property
    def checkpoint(self) -> Path:
        """Where the state of the run is kept."""
        return self.output.with_name(f"{self.output.name}.ckpt")

    def files(self, index: int, batch: int) -> tuple[Path, Path, Path | None]:
        """Painting, document and film of one painting of a batch."""

        def numbered(path: Path) -> Path:
            return path if batch == 1 else path.with_name(f"{path.stem}-{index + 1}{path.suffix}")

        output = numbered(self.output)
        return output, output.with_suffix(".json"), None if self.timelapse is None else numbered(self.timelapse)

    def check(self, *inputs: Path, batch: int = 1) -> None:
        """Check all that can be known before anything is read or computed.

        Args:
            inputs: Files that must not be written over.
            batch: Number of paintings.

        Raises:
            ValueError: A number out of range, or a file that cannot be written, is an input, or holds something else.
        """
        find_writer(check_writable(self.output)).check(self.output)
        if self.timelapse is not None:
            film_writer(self.timelapse, self.frames).check(self.timelapse)
        wanted = {path for index in range(batch) for path in self.files(index, batch) if path is not None}
        if self.output.suffix == ".json":  # the document is the output
            check_outputs(*wanted, self.checkpoint, inputs=inputs)
        else:
            every = [path for index in range(batch) for path in self.files(index, batch) if path is not None]
            check_outputs(*every, self.checkpoint, inputs=inputs)
        for path in wanted:
            if path.suffix == ".json" and path.exists():
                read_document(path)  # only a painting's own document is written over
        if self.checkpoint.exists() and not self.resume:
            raise ValueError(
                f"{self.checkpoint} holds a painting that was interrupted; --resume goes on with it, or delete it"
            )
        counts = {"pyramid": self.pyramid, "strokes": self.strokes, "steps": self.steps, "batch": batch}
        for name, value in counts.items():
            if value is not None and value < 1:
                raise ValueError(f"--{name} must be at least 1, got {value}")
        check_size(self.size)
        if self.overlap is not None and 0.9 < self.overlap < 1:
            raise ValueError(
                f"--overlap must be at most 0.9, got {self.overlap}: cells this close need patches too large to paint"
            )


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
        raise ValueError(f"{path}: a time-lapse is a .gif or an .mp4 ({error})") from error


def check_size(size: int) -> None:
    """Check, before long work starts, that a painting's longest side, px, is one for which memory is sure to do.

    Raises:
        ValueError: It is not.
    """
    if not 1 <= size <= LARGEST:
        raise ValueError(f"--size must be from 1 to {LARGEST} px, got {size}; 'diffpaint replay' draws larger ones")


class SizeType(click.ParamType):
    """A number of px, or ``original``, the photo's own."""

    name = "PX|original"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Parse it."""
        return value if value == ORIGINAL else click.INT.convert(value, param, ctx)


class GridType(click.ParamType):
    """ROWSxCOLS."""

    name = "ROWSxCOLS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse it."""
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
        if match is None:
            self.fail(f"{value!r} is not rows x columns, such as 8x12", param, ctx)
        return int(match[1]), int(match[2])


def paint_options(
    *, size: int, steps: int, strokes: int, cells: int, pyramid: int | None, photo: bool = False
) -> Callable[[Callable], Callable]:
    """Give a command the options of a :class:`Request`, which it gets as its argument ``request``.

    Args:
        size: Default of ``--size``, px.
        steps: Default of ``--steps``.
        strokes: In each cell, unless ``--strokes`` says otherwise.
        cells: About as many, unless ``--grid`` says otherwise.
        pyramid: Levels, unless ``--pyramid`` says otherwise; None makes the largest cells about three rows.
        photo: Whether the command's argument ``photo`` is the path of one, whose size ``--size original`` takes.
    """
    file = click.Path(path_type=Path)
    levels = "down to about 3 rows" if pyramid is None else pyramid
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
        click.option("--grid", type=GridType(), help=f"Cells of the canvas.  [default: about {cells}, nearly square]"),
        click.option(
            "--overlap", type=float, help=f"Of neighbouring cells, as a fraction of the cell.  [default: {OVERLAP}]"
        ),
        click.option("--pyramid", type=int, help=f"Levels, from large cells to small ones.  [default: {levels}]"),
        click.option("--strokes", type=int, help=f"Strokes in each cell.  [default: {strokes}]"),
        click.option("--steps", default=steps, show_default=True, help="Steps of the optimiser."),
        click.option(
            "--seed", default=0, show_default=True, help="The same seed paints the same picture, on a GPU nearly."
        ),
        click.option("--device", help="Where to compute: cpu, cuda, mps.  [default: cuda if it is there, else cpu]"),
        click.option("--resume", is_flag=True, help="Go on with a painting that was interrupted."),
        click.option("--timelapse", type=file, help="Also film it stroke by stroke: a .gif or .mp4."),
        click.option("--frames", default=60, show_default=True, help="Pictures in the time-lapse."),
        constraint_options,
    ]
    names = {field.name for field in fields(Request)} - {"cells", "default_strokes", "default_pyramid", "original"}

    def decorate(command: Callable) -> Callable:
        @functools.wraps(command)
        def run(**arguments: Any) -> Any:
            own = {name: arguments.pop(name) for name in names}
            if own["size"] == ORIGINAL:
                own["original"] = read_size(arguments["photo"])
                own["size"] = max(own["original"])
            request = Request(**own, cells=cells, default_strokes=strokes, default_pyramid=pyramid)
            return command(request=request, **arguments)

        for option in reversed(options):
            run = option(run)
        return run

    return decorate
