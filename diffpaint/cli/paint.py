"""``diffpaint paint``: a photo becomes a painting."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import click

from ..expression import load_initializer, load_objective
from ..io.images import read_image
from ..registry import names
from .background import Ground, laid_on
from .job import carry_out
from .options import PaintCommand, Request, paint_options
from .plan import longest_of

CELLS = 216


@click.command(cls=PaintCommand)
@click.argument("photo", type=click.Path(path_type=Path))
@paint_options(size=1024, steps=200, strokes=5, cells=CELLS, pyramid=None, photo=True)
@click.option(
    "--init",
    "initializer",
    metavar="NAME(OPTION=VALUE)",
    default="draft",
    show_default=True,
    help="Where it begins: a draft by pixels, level by level; random; or what a plugin gives, as agent(name=faces).",
)
@click.option("--objective", default="content + 100*pixel", show_default=True, help="What the painting should match.")
@click.option(
    "--background",
    metavar="COLOUR|PICTURE|transparent",
    default="white",
    show_default=True,
    help="What is painted on. transparent keeps a photo's transparency, in a .png, .webp or .tif.",
)
def paint(photo: Path, request: Request, initializer: str, objective: str, background: str) -> None:
    """Paint PHOTO with brushstrokes.

    The canvas is divided into overlapping cells, on several levels from large to small ones, and the strokes of every
    cell are optimised until a pretrained network sees in the canvas what it sees in the photo. Writes the painting, and
    beside it a .json document with every stroke, which 'diffpaint replay' draws with the real MyPaint engine.

    Ctrl-C stops early and keeps the painting so far; "diffpaint paint --resume painting.png" goes on with it. An
    objective is a sum, such as "content", "pixel", or "content + 100*pixel", and each may have options:
    "content(layers=_blocks_4, norm=l1)".

    \b
    Examples:
        diffpaint paint cat.jpg -o painting.png
        diffpaint paint cat.jpg -o bold.png --grid 6x9 --timelapse film.gif
        diffpaint paint cat.jpg -o mosaic.png --objective pixel --strokes 2
        diffpaint paint cat.jpg -o grey.png --greyscale --limit size=0:0.2
        diffpaint paint cat.jpg -o stormy.png --objective "content + 0.1*style(target=sea.jpg)"
        diffpaint paint cutout.png -o cutout-painted.png --background transparent
    """
    ground = Ground(background)
    request.check()
    picture = read_image(photo, longest_of(request), alpha=True)
    height, width = picture.shape[2:]
    target = laid_on(ground.painted_on((height, width)), picture)
    start = load_initializer(_as_call(initializer), target)
    if start.strokes is not None:
        if request.strokes not in (None, start.strokes):
            raise ValueError(
                f"{initializer} gives {start.strokes} strokes in each cell; --strokes is {request.strokes}"
            )
        request = dataclasses.replace(request, default_strokes=start.strokes)
    goal = load_objective(objective, target)
    photo_hash = hashlib.sha256(target.numpy().tobytes()).hexdigest()
    run = {"objective": objective, "init": initializer, "photo": photo_hash}
    shown = laid_on(ground.shown((height, width)), picture)  # a draft has no need of a ground like no stroke
    carry_out(request, goal, (height, width), run=run, target=shown, initializer=start, ground=ground)


def _as_call(text: str) -> str:
    """``KIND:NAME``, as it was written before 0.2, as ``KIND(name=NAME)``."""
    kind, colon, name = text.partition(":")
    return f"{kind}(name={name!r})" if colon and kind in names("initializers") else text
