"""``diffpaint paint``: a photo becomes a painting."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from pathlib import Path
from typing import Any

import click
from torch import Tensor

from ..expression import load_initializer, load_objective, load_strategy
from ..io.images import read_image
from ..io.syntax import parse_call
from ..registry import load, names
from ..strategy import Strategy
from .background import Ground, laid_on, tone_of
from .job import carry_out, checked_plan
from .many import REHEARSAL, PhotosCommand
from .options import Request, paint_options
from .plan import longest_of, scattered

CELLS = 216
STROKES = 1000
MATCHED = "content(begin=0.2) + 3000*pixel"  # while strokes are added, squared error alone says best where they belong
MATCHED_IN_CELLS = "content + 100*pixel"


@click.command(cls=PhotosCommand)
@click.argument("photo", metavar="PHOTO...", type=click.Path(path_type=Path))
@paint_options(size=1024, steps=120, strokes=5, cells=CELLS, pyramid=None, photo=True, scattered=STROKES)
@click.option(
    "--init",
    "initializer",
    metavar="NAME(OPTION=VALUE)",
    default="draft",
    show_default=True,
    help="Where it begins: a draft of the photo; random; or what a plugin gives, as agent(name=faces), in cells.",
)
@click.option(
    "--strategy",
    metavar="NAME(OPTION=VALUE)",
    help="What adds and moves strokes.  [default: rounds, where they lie in no cells]",
)
@click.option(
    "--focus",
    type=click.Path(path_type=Path),
    help="A picture, white where detail matters. On --background transparent, nothing is painted where it is black.",
)
@click.option(
    "--objective",
    metavar="OBJECTIVE",
    help=f"What the painting should match.  [default: {MATCHED}; {MATCHED_IN_CELLS}, if there are cells]",
)
@click.option(
    "--background",
    metavar="COLOUR|PICTURE|transparent",
    help="What is painted on. transparent keeps a photo's transparency, in a .png, .webp or .tif.  "
    "[default: the photo's mean colour; white, if there are cells]",
)
@click.option(
    "--processes",
    type=int,
    help="How many paint at once, of many photos, each with its share of the cores.  [default: one a core, or a GPU]",
)
@click.option(
    "--cluster",
    metavar="auto|HOST:PORT",
    help="A Ray cluster that paints many photos, one on each of its cores: that of this machine, or its address.",
)
def paint(
    photo: Path,
    request: Request,
    initializer: str,
    strategy: str | None,
    focus: Path | None,
    objective: str | None,
    background: str | None,
    processes: int | None,
    cluster: str | None,
) -> None:
    """Paint PHOTO with brushstrokes.

    Strokes come in rounds, large ones first, each where the painting is still wrong, and are optimised until a
    pretrained network sees in the canvas what it sees in the photo. Writes the painting, and beside it a .json document
    with every stroke, which 'diffpaint replay' draws with the real MyPaint engine. With --grid, strokes lie in
    overlapping cells, as many in each.

    Ctrl-C stops early and keeps the painting so far; "diffpaint paint --resume painting.png" goes on with it. An
    objective is a sum, such as "content", "pixel", or "content + 100*pixel", and each may have options:
    "content(layers=_blocks_4, norm=l1)".

    Of many photos, or folders of them, each is painted as OUTPUT/NAME.png. One that fails costs no other; --resume
    paints what is missing. Of a film, every frame is painted, with the options of 'diffpaint film'.

    \b
    Examples:
        diffpaint paint cat.jpg -o painting.png
        diffpaint paint cat.jpg -o bold.png --strokes 250 --timelapse film.gif
        diffpaint paint cat.jpg -o mosaic.png --grid 12x18 --pyramid 1 --objective pixel --strokes 2
        diffpaint paint cat.jpg -o grey.png --greyscale --limit size=0:0.2
        diffpaint paint cat.jpg -o stormy.png --objective "content + 0.1*style(target=sea.jpg)"
        diffpaint paint cutout.png -o cutout-painted.png --background transparent
        diffpaint paint holiday/ more/*.jpg -o painted/
        diffpaint paint --resume painted/
        diffpaint paint clip.mp4 -o painted.mp4
    """
    ground = Ground("white" if background is None else background)
    request.check()
    picture = read_image(photo, longest_of(request), alpha=True)
    start = load_initializer(_as_call(initializer), laid_on(ground.shown(_size(picture)), picture))
    if start.strokes is not None:
        if request.strokes not in (None, start.strokes):
            raise ValueError(
                f"{initializer} gives {start.strokes} strokes in each cell; --strokes is {request.strokes}"
            )
        request = dataclasses.replace(request, default_strokes=start.strokes, scattered=None)  # it paints in cells
        picture = read_image(photo, longest_of(request), alpha=True)
    size, total = _size(picture), scattered(request)
    if background is None and total is not None:
        ground = Ground(tone_of(picture))
    mask = None if focus is None else read_image(focus, size)
    if mask is not None and ground.transparent:
        picture[:, 3:] *= mask.mean(1, keepdim=True)
    target = laid_on(ground.painted_on(size), picture)
    chosen = _strategy(strategy, total, target, mask)
    if objective is None:
        objective = MATCHED_IN_CELLS if total is None else MATCHED
    goal = load_objective(objective, target)
    if REHEARSAL in click.get_current_context().meta:
        checked_plan(request, size)
        return
    photo_hash = hashlib.sha256(target.numpy().tobytes()).hexdigest()
    run = {"objective": objective, "init": initializer, "photo": photo_hash}
    shown = laid_on(ground.shown(size), picture)  # a draft has no need of a ground like no stroke
    parts = {"target": shown, "initializer": start, "strategy": chosen, "ground": ground}
    carry_out(request, goal, size, run=run, **parts)


def _size(picture: Tensor) -> tuple[int, int]:
    """(H, W)."""
    return picture.shape[2], picture.shape[3]


def _strategy(text: str | None, total: int | None, target: Tensor, focus: Tensor | None) -> Strategy | None:
    """What adds and moves strokes: what was asked for, or rounds for so many in all that lie in no cells."""
    if text is None and total is None:
        if focus is not None:
            raise ValueError("--focus means nothing where strokes lie in cells, or are of the whole canvas")
        return None
    call = parse_call(text or "rounds")
    takes = inspect.signature(load("strategies", call.name)).parameters
    options: dict[str, Any] = {} if focus is None else {"focus": focus}
    if total is not None and "strokes" in takes and "strokes" not in call.options:
        options["strokes"] = total
    return load_strategy(text or "rounds", target, **options)


def _as_call(text: str) -> str:
    """``KIND:NAME``, as it was written before 0.2, as ``KIND(name=NAME)``."""
    kind, colon, name = text.partition(":")
    return f"{kind}(name={name!r})" if colon and kind in names("initializers") else text
