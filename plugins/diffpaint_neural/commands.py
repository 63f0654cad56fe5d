"""Commands of the painters: ``diffpaint train`` and ``diffpaint evaluate``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from diffpaint import PluginError, StrokeRenderer, check_picture, check_writable, load_renderer, replacing


@click.group()
def train() -> None:
    """Train a painter on strokes of the real MyPaint engine.

    \b
    A painter of your own brush, in three lines:
        diffpaint strokes --brush my_brush.myb -n 100000 -o strokes/
        diffpaint train splat --data strokes/ -o run/
        diffpaint paint cat.jpg -o cat.png --brush run/weights.safetensors
    """


@train.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Folder that 'diffpaint strokes' wrote.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the run.")
@click.option("--steps", default=20_000, show_default=True, help="Steps of the optimiser.")
@click.option("--batch", default=64, show_default=True, help="Strokes in a step.")
@click.option("--lr", default=4e-3, show_default=True, help="Largest learning rate.")
@click.option("--seed", default=0, show_default=True, help="Of the initial weights and the order of strokes.")
@click.option("--device", help="Where to train: cpu, cuda, mps.  [default: a GPU if there is one]")
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
def splat(
    data: Path, output: Path, steps: int, batch: int, lr: float, seed: int, device: str | None, resume: bool
) -> None:
    """Train neural-splat: Gaussians along the curve; about a quarter of an hour on a CPU.

    The folder of the run gets its settings (config.json), the loss of every step (losses.csv), checkpoints, the weights
    (weights.safetensors), their figures against the engine (card.md, figures.json), and a picture of real, mean and
    painted strokes (strokes.png). The figures are printed too.

    \b
    Examples:
        diffpaint train splat --data strokes/ -o run/
        diffpaint train splat --data strokes/ -o run/ --resume
    """
    from diffpaint_mypaint import Brush, read_brush, read_manifest

    from .training.card import write_card
    from .training.splat import SplatTraining, train_splat

    settings = SplatTraining(steps=steps, batch=batch, lr=lr, seed=seed)
    Brush(read_brush(read_manifest(data).brush))  # the figures at the end need the engine: find out now
    try:
        weights = train_splat(data, output, settings, resume=resume, device=device)
    except KeyboardInterrupt:
        click.echo(f"interrupted; --resume goes on with the run in {output}", err=True)
        sys.exit(130)
    click.echo(write_card(weights))


@click.command()
@click.argument("painter")
@click.option("--brush", help="A brush that weights ship for, or a file of weights.  [default: the painter's own]")
@click.option("--actions", default=256, show_default=True, help="Actions, none of them in any data set.")
@click.option("--draws", default=32, show_default=True, help="Draws of each by the engine.")
@click.option("--seed", default=0, show_default=True, help="Of the actions.")
@click.option("--oversample", default=4, show_default=True, help="How the strokes were rendered that it learned from.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Also write a picture: real, mean of 32, painted.")
def evaluate(
    painter: str,
    brush: str | None,
    actions: int,
    draws: int,
    seed: int,
    oversample: int,
    json_path: Path | None,
    sheet: Path | None,
) -> None:
    """Measure how true PAINTER is to the real engine, on strokes it never saw.

    The engine is random, so no painter that draws one stroke for one action can do better than the mean of all draws:
    the irreducible error, which is printed beside the painter's.

    \b
    Example:
        diffpaint evaluate neural-splat --brush classic/dry_brush --sheet strokes.png
    """
    from .training.truth import contact_sheet, measure

    for path in (json_path, sheet):
        if path is not None:
            check_writable(path)
    if sheet is not None:
        check_picture(sheet)
    renderer = load_renderer(painter, **({"brush": brush} if brush is not None else {}))
    if not isinstance(renderer, StrokeRenderer) or renderer.brush is None:
        raise PluginError(f"{painter} does not imitate a MyPaint brush, so there is nothing to measure it against")
    truth = measure(renderer, brush=renderer.brush, oversample=oversample, actions=actions, draws=draws, seed=seed)
    click.echo(truth.table())
    if json_path is not None:
        with replacing(json_path) as temporary:
            temporary.write_text(json.dumps(truth.figures(), indent=2) + "\n")
    if sheet is not None:
        contact_sheet(renderer, sheet, brush=renderer.brush, oversample=oversample)
