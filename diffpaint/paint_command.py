"""``diffpaint paint``: a photo becomes a painting."""

from __future__ import annotations

import hashlib
import math
import re
import sys
import time
from pathlib import Path
from typing import Any

import click
from torch import Tensor

from .files import check_writable
from .images import check_animation, check_picture, read_image
from .objective import Objective
from .optimize import NotFiniteError
from .optimize import paint as optimise
from .painting import Painting, read_document
from .registry import load_objective, load_renderer

CANVAS = 256  # px, about the longest side of the canvas while it is optimised; rendering at any size comes after
CELLS = 216  # about as many cells, unless --grid says otherwise
LARGEST = 8192  # px, longest side of a painting, for which memory is sure to do
MOST_STROKES = 100_000
FILM = 512  # px, about the longest side of a time-lapse


class GridType(click.ParamType):
    """ROWSxCOLS."""

    name = "ROWSxCOLS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse it."""
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
        if match is None:
            self.fail(f"{value!r} is not rows x columns, such as 8x12", param, ctx)
        return int(match[1]), int(match[2])


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The painting: a .png, .jpg, ...")
@click.option(
    "--size", default=1024, show_default=True, help="Longest side of the painting, px (rounded down a little)."
)
@click.option(
    "--renderer", default="neural-splat", show_default=True, help="What paints the cells; see diffpaint list."
)
@click.option("--brush", help="The painter's brush, such as classic/dry_brush.  [default: the painter's own]")
@click.option("--grid", type=GridType(), help=f"Cells of the canvas.  [default: about {CELLS}, nearly square]")
@click.option("--overlap", default=0.25, show_default=True, help="Of neighbouring cells, as a fraction of the cell.")
@click.option("--strokes", default=6, show_default=True, help="Strokes in each cell.")
@click.option("--objective", default="content + 100*pixel", show_default=True, help="What the painting should match.")
@click.option("--steps", default=250, show_default=True, help="Steps of the optimiser.")
@click.option("--seed", default=0, show_default=True, help="The same seed paints the same picture.")
@click.option("--device", help="Where to compute: cpu, cuda, mps.  [default: a GPU if there is one]")
@click.option("--resume", is_flag=True, help="Go on with a painting that was interrupted.")
@click.option("--timelapse", type=click.Path(path_type=Path), help="Also film it stroke by stroke: a .gif or .mp4.")
@click.option("--frames", default=60, show_default=True, help="Pictures in the time-lapse.")
def paint(
    photo: Path,
    output: Path,
    size: int,
    renderer: str,
    brush: str | None,
    grid: tuple[int, int] | None,
    overlap: float,
    strokes: int,
    objective: str,
    steps: int,
    seed: int,
    device: str | None,
    resume: bool,
    timelapse: Path | None,
    frames: int,
) -> None:
    """Paint PHOTO with brushstrokes.

    The canvas is divided into overlapping cells, and the strokes of every cell are optimised until a pretrained network
    sees in the canvas what it sees in the photo. Writes the painting, and beside it a .json document with every stroke,
    which 'diffpaint replay' draws with the real MyPaint engine.

    Ctrl-C stops early and keeps the painting so far; --resume goes on with it. An objective is a sum, such as
    "content", "pixel", or "content + 100*pixel".

    \b
    Examples:
        diffpaint paint cat.jpg -o painting.png
        diffpaint paint cat.jpg -o bold.png --grid 6x9 --timelapse film.gif
        diffpaint paint cat.jpg -o mosaic.png --objective pixel --strokes 2
    """
    began = time.monotonic()
    check_picture(check_writable(output))
    if timelapse is not None:
        check_animation(timelapse)
    document, checkpoint = output.with_suffix(".json"), output.with_name(f"{output.name}.ckpt")
    _check_outputs(photo, [output, document, checkpoint, *([] if timelapse is None else [timelapse])])
    if document.exists():
        read_document(document)  # only a painting's own document is written over
    if checkpoint.exists() and not resume:
        raise ValueError(f"{checkpoint} holds a painting that was interrupted; --resume goes on with it, or delete it")
    for name, value in (("--size", size), ("--strokes", strokes), ("--steps", steps), ("--frames", frames)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if size > LARGEST:
        raise ValueError(f"--size must be at most {LARGEST} px, got {size}; 'diffpaint replay' draws larger ones")
    if 0.9 < overlap < 1:
        raise ValueError(
            f"--overlap must be at most 0.9, got {overlap}: cells this close need patches too large to paint"
        )
    scale = max(1, round(size / CANVAS))
    target = read_image(photo, size // scale)
    height, width = target.shape[2:]
    rows, cols = grid or _cells(height, width)
    if rows * cols * strokes > MOST_STROKES:
        raise ValueError(
            f"--grid {rows}x{cols} with --strokes {strokes} makes {rows * cols * strokes} strokes; at most "
            f"{MOST_STROKES} can be painted"
        )
    options: dict[str, Any] = {"renderer": renderer, "rows": rows, "cols": cols, "size": (height, width)}
    options |= {"overlap": overlap} | ({"brush": brush} if brush is not None else {})
    small, large = (load_renderer("grid", **options, scale=factor) for factor in (1, scale))
    goal = parse_objective(objective, target)
    click.echo(f"{rows} x {cols} cells, {rows * cols * strokes} strokes on {width} x {height} px", err=True)

    failure = None
    try:
        painting = optimise(
            small,
            goal,
            strokes=strokes,
            steps=steps,
            seed=seed,
            device=device,
            checkpoint=checkpoint,
            resume=resume,
            run={"objective": objective, "photo": hashlib.sha256(target.numpy().tobytes()).hexdigest()},
        )
    except NotFiniteError as error:
        painting, failure = error.painting, error
    finished = painting.rendered_by(large.to(small.device))
    finished.save(output)
    finished.save(document)
    if timelapse is not None:
        film = load_renderer("grid", **options, scale=min(scale, max(1, FILM // max(height, width))))
        painting.rendered_by(film.to(small.device)).save_timelapse(timelapse, frames)
    out_height, out_width = large.size
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    click.echo(f"wrote {output} ({out_width} x {out_height} px) and {document} in {minutes} min {seconds} s", err=True)
    _report(painting, failure, steps, checkpoint)


def parse_objective(expression: str, target: Tensor) -> Objective:
    """The objective that a sum such as ``content + 100*pixel`` names, for a target (1, 3, H, W) in [0, 1].

    Raises:
        ValueError: No such sum.
        PluginError: An unknown objective.
    """
    total: Objective | None = None
    for term in expression.split("+"):
        match = re.fullmatch(r"(?:(\d+\.?\d*|\.\d+)\*)?([A-Za-z][^*]*)", term.strip().replace(" ", ""))
        if match is None:
            raise ValueError(
                f"--objective {expression!r}: {term.strip()!r} is no name, nor weight*name such as 100*pixel"
            )
        objective = load_objective(match[2], target=target)
        if match[1] is not None:
            objective = float(match[1]) * objective
        total = objective if total is None else total + objective
    assert total is not None  # split() gives at least one term
    return total


def _check_outputs(photo: Path, outputs: list[Path]) -> None:
    """Check that all files can be written, and that none is the photo or another of them."""
    for index, path in enumerate(outputs):
        check_writable(path)
        if path.exists() and photo.exists() and path.samefile(photo):
            raise ValueError(f"{path} is the photo itself; name another file to write")
        if path.resolve() in [other.resolve() for other in outputs[:index]]:
            raise ValueError(f"{path} would be written twice; name two files")


def _cells(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of about CELLS nearly square cells."""
    rows = max(1, round(math.sqrt(CELLS * height / width)))
    return rows, max(1, round(CELLS / rows))


def _report(painting: Painting, failure: NotFiniteError | None, steps: int, checkpoint: Path) -> None:
    """Say how the optimisation ended if it did not reach its end, and leave the checkpoint only then."""
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
        sys.exit(1)
    if painting.interrupted:
        click.echo(f"interrupted after {len(painting.losses)} of {steps} steps; --resume goes on", err=True)
        sys.exit(130)
    if len(painting.losses) > steps:
        click.echo(f"{len(painting.losses)} steps were done already, --steps is {steps}; {checkpoint} stays", err=True)
        return
    checkpoint.unlink(missing_ok=True)
