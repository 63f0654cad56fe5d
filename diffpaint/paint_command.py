"""``diffpaint paint``: a photo becomes a painting."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import click

from .easel import Easel
from .easel_options import easel_options
from .expression import parse_objective
from .images import read_image
from .registry import load

CELLS = 216


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@easel_options(size=1024, steps=200, strokes=5, cells=CELLS, pyramid=None)
@click.option(
    "--init",
    metavar="START:NAME",
    help="Start from what a plugin paints, such as agent:faces.  [default: a draft by pixels, level by level]",
)
@click.option("--objective", default="content + 100*pixel", show_default=True, help="What the painting should match.")
def paint(photo: Path, easel: Easel, init: str | None, objective: str) -> None:
    """Paint PHOTO with brushstrokes.

    The canvas is divided into overlapping cells, on several levels from large to small ones, and the strokes of every
    cell are optimised until a pretrained network sees in the canvas what it sees in the photo. Writes the painting, and
    beside it a .json document with every stroke, which 'diffpaint replay' draws with the real MyPaint engine.

    Ctrl-C stops early and keeps the painting so far; --resume goes on with it. An objective is a sum, such as
    "content", "pixel", or "content + 100*pixel", and each may have options: "content(layers=_blocks_4, norm=l1)".

    \b
    Examples:
        diffpaint paint cat.jpg -o painting.png
        diffpaint paint cat.jpg -o bold.png --grid 6x9 --timelapse film.gif
        diffpaint paint cat.jpg -o mosaic.png --objective pixel --strokes 2
        diffpaint paint cat.jpg -o grey.png --greyscale --limit size=0:0.2
        diffpaint paint cat.jpg -o sea.png --objective "content + 0.1*style(target=sea.jpg)"
    """
    easel.check(photo)
    start = None
    if init is not None:
        kind, _, name = init.partition(":")
        start = load("starts", kind)(name)
        if start.strokes is not None:
            if easel.strokes not in (None, start.strokes):
                raise ValueError(f"{init} paints {start.strokes} strokes in each cell; --strokes is {easel.strokes}")
            easel = dataclasses.replace(easel, default_strokes=start.strokes)
    target = read_image(photo, easel.longest)
    goal = parse_objective(objective, target)
    height, width = target.shape[2:]
    photo_hash = hashlib.sha256(target.numpy().tobytes()).hexdigest()
    run = {"objective": objective, "init": init or "draft", "photo": photo_hash}
    easel.paint(goal, (height, width), run=run, target=target, start=start)
