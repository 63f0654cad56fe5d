"""``diffpaint explain``: what each stroke of a saved painting is worth."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor
from tqdm import tqdm

from ..compositing import Stack, worth
from ..expression import load_objective
from ..io.document import decode_renderer, read_document
from ..io.files import check_outputs, replacing
from ..io.images import check_picture, read_image, write_image
from ..io.untrusted import names_of_a_file
from ..objective import Objective
from ..painting import Painting
from ..randomness import seeded
from ..renderer import Moment, at, positions_among
from .outputs import check_free, overwrite_option
from .plan import enlarged
from .worth_figure import composited, draw_worth, worth_most

Score = Callable[[Tensor], float]  # of a canvas (1, 3, H, W)
LONGEST = 512  # px, about, of the canvas that it is computed on; a larger one takes memory and shows no more
DRAWS = 4  # of an objective that looks at random
LISTED = 10  # strokes


@click.command()
@click.argument("painting", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The picture: a .png, .jpg, ...")
@click.option("--photo", type=click.Path(path_type=Path), help="What was painted: worth is in squared error to it.")
@click.option(
    "--objective",
    metavar="SUM",
    help="Worth is in this instead, such as activation(goal=labels:130).",
)
@click.option("--table", type=click.Path(path_type=Path), help="Also write the worth of every stroke, a .csv.")
@overwrite_option
def explain(
    painting: Path, output: Path, photo: Path | None, objective: str | None, table: Path | None, overwrite: bool
) -> None:
    """Show what each stroke of a saved PAINTING (.json) is worth: how much worse it would be without that stroke.

    Draws the painting, its strokes coloured by their worth, and the painting of only those that are worth most; prints
    the ten that are worth most, and how good half of all strokes would be, a quarter, and so on. For an objective,
    every stroke is left out once, which takes time where it is slow.

    \b
    Examples:
        diffpaint explain cat.json -o worth.png --photo cat.jpg
        diffpaint explain flamingo.json -o worth.png --objective "activation(goal=labels:130)"
        diffpaint explain cat.json -o worth.png --photo cat.jpg --objective content --table worth.csv
    """
    if photo is None and objective is None:
        raise ValueError("strokes are worth something by a measure: name --photo, --objective, or both")
    check_outputs(output, table, inputs=[painting, *([] if photo is None else [photo])])
    check_free(output, table, overwrite=overwrite)
    check_picture(output)
    document = read_document(painting)
    finished = _loaded(document, painting)
    stacks = finished.renderer.stacks(finished.actions)
    target = None if photo is None else read_image(photo, finished.renderer.size, crop=True)
    if objective is not None:
        score = _scored(load_objective(objective, target), finished)
        value = _without(score, finished, stacks)
    else:
        assert target is not None
        score = _distance_to(target)
        value = worth(stacks, finished.background, 2 * (finished.canvas - target), 1.0)[0] / finished.canvas.numel()
    picture = draw_worth(finished, stacks, value)
    if table is not None:
        _write_table(table, value)
    write_image(output, picture)
    what = objective or f"the mean squared error to {photo}"
    click.echo(f"how much {what} grows without a stroke:")
    for line in _told(document, value):
        click.echo(line)
    click.echo(f"{what}, of the strokes that are worth most alone:")
    for count, found in _curve(score, finished, stacks, value):
        click.echo(f"{count:>6} {found:>10.4g}")
    click.echo(f"wrote {' and '.join(str(path) for path in (output, table) if path)}", err=True)


def _loaded(document: dict[str, Any], path: Path) -> Painting:
    """The painting, on a canvas of bounded size."""
    renderer = decode_renderer(document, path)
    with names_of_a_file():
        if max(renderer.size) > LONGEST:
            named, factor = document["renderer"], LONGEST / max(renderer.size)
            renderer = enlarged(named["name"], factor, **{**named.get("defaults", {}), **named["options"]})
        return Painting.load(path, renderer)


@torch.no_grad()
def _scored(objective: Objective, painting: Painting) -> Score:
    """What an objective says of a canvas of the painting's strokes; the mean of some draws, if it looks at random."""
    moment = Moment(actions=painting.actions, renderer=painting.renderer, background=painting.background)

    def score(canvas: Tensor, draw: int) -> float:
        with torch.no_grad(), seeded(0, draw), at(moment, painting.renderer, objective):
            return float(objective(canvas))

    draws = DRAWS if len({score(painting.canvas, draw) for draw in range(DRAWS)}) > 1 else 1
    return lambda canvas: sum(score(canvas, draw) for draw in range(draws)) / draws


def _distance_to(target: Tensor) -> Score:
    """The mean squared error."""
    return lambda canvas: float((canvas - target).square().mean())


@torch.no_grad()
def _curve(score: Score, painting: Painting, stacks: Sequence[Stack], value: Tensor) -> Iterator[tuple[int, float]]:
    """The score of all strokes, of the half that is worth most, of a quarter, and so on: their number, and it."""
    order, count = value.argsort(descending=True, stable=True), len(value)
    while count:
        shown = torch.zeros_like(value).index_fill(0, order[:count], 1)
        yield count, score(composited(stacks, painting.background, shown=shown))
        count //= 2


@torch.no_grad()
def _without(score: Score, painting: Painting, stacks: Sequence[Stack]) -> Tensor:
    """By how much a score grows without each stroke, (T,): all are left out, one after another.

    The slope of the objective would be cheaper, but of a finished painting it says next to nothing: it is where slopes
    vanish.
    """
    whole, count, found = score(painting.canvas), painting.actions.shape[1], []
    for left_out in tqdm(range(count), unit="stroke", leave=False):
        shown = torch.ones(count).index_fill(0, torch.tensor([left_out]), 0)
        canvas = composited(stacks, painting.background, shown=shown)
        found.append(score(canvas) - whole)
    value = torch.tensor(found)
    if not value.isfinite().all():
        raise ValueError("the objective is not finite at this painting, or without one of its strokes")
    return value


def _write_table(path: Path, value: Tensor) -> None:
    """One row a stroke, in drawing order."""
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["stroke", "worth"])
        rows.writerows([number, f"{each:.6g}"] for number, each in enumerate(value.tolist()))


def _told(document: dict[str, Any], value: Tensor) -> list[str]:
    """How worth is spread, and the strokes that are worth most, with their places in px and their colours."""
    names, all_worth = document["stroke_columns"], float(value.clamp(min=0).sum())
    half, most = (len(worth_most(value, share)) for share in (0.5, 0.9))
    useless = int((value <= 0).sum())
    lines = [
        f"{half} of {len(value)} strokes hold half of all worth, {most} nine tenths; {useless} are worth nothing",
        f"{'stroke':>6} {'worth':>10} {'share':>7} {'x, y':>12}  colour",
    ]
    for number in value.topk(min(LISTED, len(value))).indices.tolist():
        row, share = document["strokes"][number], float(value[number]) / all_worth if all_worth else 0.0
        x, y = (sum(row[at] for at in columns) / max(1, len(columns)) for columns in positions_among(names))
        color = [row[names.index(name)] for name in ("red", "green", "blue") if name in names]
        shown = "#" + "".join(f"{round(255 * each):02x}" for each in color) if len(color) == 3 else ""
        lines.append(f"{number:>6} {float(value[number]):>10.4g} {share:>7.1%} {f'{x:.0f}, {y:.0f}':>12}  {shown}")
    return lines
