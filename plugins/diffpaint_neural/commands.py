"""Commands of the painters: ``diffpaint train`` and ``diffpaint evaluate``."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from diffpaint import (
    PluginError,
    StrokeRenderer,
    TrainingSettings,
    check_outputs,
    check_picture,
    load_renderer,
    replacing,
)

from .training.settings import DabsSettings, GANSettings, SplatSettings, VAESettings

OVERSAMPLE = 4  # strokes are drawn this many times larger and averaged down, which predicts large paintings better


@click.group()
def train() -> None:
    """Train a painter on strokes of the real MyPaint engine.

    \b
    A painter of your own brush, in two lines:
        diffpaint train splat --brush my_brush.myb --data strokes/ -o run/
        diffpaint paint cat.jpg -o cat.png --brush run/weights.safetensors

    The folder of the run gets its settings (config.json), the figures of every step (losses.csv), checkpoints, contact
    sheets on the way (sheets/), the weights (weights.safetensors), their figures against the engine (card.md,
    figures.json), and a picture of real, mean and painted strokes (strokes.png). The figures are printed too.

    On several GPUs: accelerate launch -m diffpaint train gan --data strokes/ -o run/
    """


HELP = {
    "steps": "Steps of the optimiser.",
    "batch": "Strokes in a step.",
    "lr": "Largest learning rate.",
    "seed": "Of the initial weights, the order of strokes and all noise.",
    "predictor_steps": "How many of the steps, at the end, are the predictor's.",
    "image": "Weight of the stroke's squared error beside its code's; 0 is the paper's.",
    "noise": "Numbers of noise that a stroke takes; 0 draws an action always alike.",
    "mean_steps": "How many of the steps, at the beginning, have no critic.",
    "critic_steps": "Steps of the critic for each of the generator.",
    "mse": "Weight of the squared error beside the critic.",
}


def _command(painter: str, make: type[TrainingSettings], about: str) -> click.Command:
    """The command that trains one kind of painter; its settings are options."""

    def run(**options: Any) -> None:
        settings = make(**{field.name: options.pop(field.name) for field in fields(make)})
        try:
            _train(painter, settings, **options)
        except KeyboardInterrupt:
            click.echo("interrupted; the same command goes on with --resume once there is a checkpoint", err=True)
            sys.exit(130)
        except FloatingPointError as error:
            raise ValueError(str(error)) from error  # one line for the command line

    folder = click.Path(path_type=Path)
    options = [
        click.Option(["--brush"], help="Draw strokes of this brush first, by name or .myb file, if --data lacks them."),
        click.Option(["--data"], required=True, type=folder, help="Folder of strokes, as 'diffpaint strokes' writes."),
        click.Option(["--count"], default=32_768, show_default=True, help="Strokes to draw into a new --data."),
        click.Option(["-o", "--output"], required=True, type=folder, help="Folder for the run."),
        *(
            click.Option(
                [f"--{field.name.replace('_', '-')}"], default=field.default, show_default=True, help=HELP[field.name]
            )
            for field in fields(make)
        ),
        click.Option(["--device"], help="Where to train: cpu, cuda, mps.  [default: a GPU if there is one]"),
        click.Option(["--checkpoint-every"], default=500, show_default=True, help="Steps between two checkpoints."),
        click.Option(["--resume"], is_flag=True, help="Go on with a run that was interrupted."),
    ]
    return click.Command(painter, callback=run, params=list[click.Parameter](options), help=about)


train.add_command(_command("splat", SplatSettings, "Train neural-splat, the mean stroke: ten minutes on a CPU."))
train.add_command(_command("dabs", DabsSettings, "Train neural-dabs, strokes with grain: half an hour on a CPU."))
train.add_command(_command("vae", VAESettings, "Train neural-vae, the paper's smooth painter: an hour on a CPU."))
train.add_command(_command("gan", GANSettings, "Train neural-gan, the paper's painter with grain: hours on a CPU."))


def _train(
    painter: str,
    settings: TrainingSettings,
    brush: str | None,
    data: Path,
    count: int,
    output: Path,
    device: str | None,
    checkpoint_every: int,
    resume: bool,
) -> None:
    from diffpaint_mypaint import Brush, read_brush, read_manifest

    try:
        from accelerate import PartialState
    except ModuleNotFoundError as error:
        raise PluginError("training needs accelerate: pip install 'diffpaint[train]'") from error
    from diffpaint.training import check_run

    from .training.card import write_card
    from .training.recipes import RECIPES
    from .training.run import train

    check_run(output, resume=resume, device=device, checkpoint_every=checkpoint_every)
    state = PartialState(cpu=device == "cpu")
    if brush is not None:
        with state.main_process_first():  # the others find the strokes there
            _draw(brush, data, count)
    Brush(read_brush(read_manifest(data).brush))  # the figures at the end need the engine: find out now
    weights = train(
        data, output, RECIPES[painter], settings, resume=resume, device=device, checkpoint_every=checkpoint_every
    )
    if state.is_main_process:
        click.echo(write_card(weights))


def _draw(brush: str, data: Path, count: int) -> None:
    """Draw the strokes that a data set lacks; one that is there must be of this brush and keeps its settings."""
    from diffpaint_mypaint import plan, read_manifest, write

    if (data / "manifest.json").exists():
        known = read_manifest(data)
        manifest = plan(data, brush, known.count, seed=known.seed, radius=known.radius, oversample=known.oversample)
    else:
        manifest = plan(data, brush, count, oversample=OVERSAMPLE)
    with tqdm(total=manifest.count, unit="stroke", unit_scale=True) as bar:
        for drawn in write(data, manifest, processes=os.cpu_count() or 1):
            bar.update(drawn)


@click.command()
@click.argument("painter")
@click.option("--brush", help="A brush that weights ship for, or a file of weights.  [default: the painter's own]")
@click.option("--actions", default=256, show_default=True, help="Actions, none of them in any data set.")
@click.option("--draws", default=32, show_default=True, help="Draws of each by the engine.")
@click.option("--seed", default=0, show_default=True, help="Of the actions.")
@click.option("--oversample", default=OVERSAMPLE, show_default=True, help="As the strokes that it learned from.")
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

    check_outputs(json_path, sheet, inputs=[brush] if brush else [])
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
