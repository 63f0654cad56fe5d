"""Commands of the agent: ``diffpaint agent train``, ``paint``, ``evaluate`` and ``list``."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from diffpaint import (
    Constraint,
    Painting,
    PluginError,
    check_folder,
    check_outputs,
    check_picture,
    check_size,
    constraint_options,
    read_document,
    replacing,
)

from .lesson import read_lesson
from .pictures import open_pictures, read_square
from .training.settings import AgentSettings
from .weights import load_agent, shipped_agents

FOLDER = click.Path(path_type=Path)
DATA = "mnist, kmnist or celeba (fetched by torchvision), a folder of IDX files, or a folder or .zip of pictures."
MEASURED = 1_000  # test pictures, after training

HELP = {
    "steps": "Steps of the optimiser.",
    "batch": "Pictures in a step.",
    "lr": "Largest learning rate; a tenth of it under the critic.",
    "seed": "Of the initial weights, and of the order of pictures.",
    "size": "Side of the pictures and of the canvas, px.",
    "strokes": "That the agent paints.",
    "channels": "Of the first layer of the encoder, and of the critic.",
    "hidden": "Width of the LSTM.",
    "mirror": "Mirror pictures half of the time: for faces, not for letters and digits.",
    "jitter": "Move, scale, turn and slant pictures at random by at most this share: where there are few.",
    "critic_from": "Share of the steps after which there is a critic; 0 is the paper's, 1 is never.",
    "critic_steps": "Steps of the critic for each of the agent; 5 is the paper's.",
    "mse": "Weight of the squared error beside the critic.",
    "forcing": "Weight of the lesson.",
    "forcing_until": "Share of the steps during which the agent follows the lesson alone.",
    "forcing_gone": "Share of the steps by which the lesson's weight has fallen to zero.",
    "forcing_slack": "How far strokes may then lie from the lesson's path, as a share of the picture's side.",
}


@click.group()
def agent() -> None:
    """Train and use agents: networks that look at a picture and paint it in one pass."""


def _settings(command: Any) -> Any:
    """Give a command all settings as options."""
    for field in reversed(fields(AgentSettings)):
        name = f"--{field.name.replace('_', '-')}"
        if isinstance(field.default, bool):
            name = f"{name}/--no-{field.name}"
        command = click.option(name, default=field.default, show_default=True, help=HELP[field.name])(command)
    return command


@agent.command()
@click.option("--data", required=True, help=DATA)
@click.option("--painter", default="neural-splat", show_default=True, help="What paints; see diffpaint list.")
@click.option("--brush", help="Its brush, or a file of its weights.  [default: the painter's own]")
@click.option("-o", "--output", required=True, type=FOLDER, help="Folder for the run.")
@click.option("--lesson", help="Teach the order of strokes: digits, or a .json document.")
@_settings
@constraint_options
@click.option("--device", help="Where to train: cpu, cuda, mps.  [default: a GPU if there is one]")
@click.option("--checkpoint-every", default=500, show_default=True, help="Steps between two checkpoints.")
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
def train(
    data: str,
    painter: str,
    brush: str | None,
    output: Path,
    lesson: str | None,
    constraints: list[Constraint],
    device: str | None,
    checkpoint_every: int,
    resume: bool,
    **options: Any,
) -> None:
    """Train an agent, adversarially, through a painter.

    \b
    Examples:
        diffpaint agent train --data mnist --palette black -o run/
        diffpaint agent train --data mnist --painter neural-vae --palette black --connected -o run/
        diffpaint agent train --data faces.zip --mirror --size 32 --strokes 15 -o run/
        diffpaint agent train --data mnist --palette black --connected --lesson digits --forcing 10000 \\
            --forcing-until 0.05 --forcing-gone 0.7 -o run/

    The folder of the run gets its settings (config.json), the figures of every step (losses.csv), checkpoints, contact
    sheets on the way (sheets/: picture, canvas, the engine's replay), the weights (weights.safetensors), and their
    figures on test pictures (card.md, figures.json, sheet.png). The figures are printed too.
    """
    from diffpaint_mypaint import Brush, read_brush

    try:
        from accelerate import PartialState
    except ModuleNotFoundError as error:
        raise PluginError("training needs accelerate: pip install 'diffpaint[train]'") from error
    from diffpaint.training import check_run

    from .training.card import write_card
    from .training.run import check
    from .training.run import train as run

    settings = AgentSettings(**options)
    check_run(output, resume=resume, device=device, checkpoint_every=checkpoint_every)
    state = PartialState(cpu=device == "cpu")
    renderer, _ = check(settings, painter=painter, brush=brush, constraints=constraints, lesson=lesson)
    if renderer.brush is None:
        raise PluginError(f"{painter} imitates no MyPaint brush, so no painting of an agent could be replayed")
    Brush(read_brush(renderer.brush))  # contact sheets and figures need the engine: find out now
    with state.main_process_first():  # the others find there what it fetches
        pictures = open_pictures(data, settings.size)
    try:
        weights = run(
            pictures,
            output,
            settings,
            painter=painter,
            brush=brush,
            constraints=constraints,
            lesson=lesson,
            resume=resume,
            device=device,
            checkpoint_every=checkpoint_every,
        )
    except KeyboardInterrupt:
        click.echo("interrupted; the same command goes on with --resume once there is a checkpoint", err=True)
        sys.exit(130)
    except FloatingPointError as error:
        raise ValueError(str(error)) from error  # one line for the command line
    if state.is_main_process:
        click.echo(write_card(weights, pictures, count=min(MEASURED, len(pictures[1])), lesson=lesson))


@agent.command()
@click.argument("images", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--output", required=True, type=FOLDER, help="Folder for the paintings.")
@click.option("--agent", "name", default="mnist", show_default=True, help="One that ships, or a .safetensors file.")
@click.option("--size", default=512, show_default=True, help="Side of the paintings, px.")
@click.option("--timelapse", is_flag=True, help="Also film each, stroke by stroke, as a .gif.")
def paint(images: tuple[Path, ...], output: Path, name: str, size: int, timelapse: bool) -> None:
    """Paint the central square of each of IMAGES, in one pass.

    Agents know the kind of picture that they learned from: digits and characters are black on white.

    Writes a picture (.png) of each into the folder, and a .json document of its strokes, which 'diffpaint replay' draws
    with the real MyPaint engine.

    \b
    Examples:
        diffpaint agent paint seven.png -o out/
        diffpaint agent paint *.jpg -o out/ --agent faces --timelapse
    """
    check_size(size)
    trained = load_agent(name)
    painter = trained.painter(size)
    check_folder(output)
    endings = (".png", ".json", *((".gif",) if timelapse else ()))
    outputs = [output / image.stem for image in images]
    for image, path in zip(images, outputs, strict=True):
        if outputs.count(path) > 1:
            raise ValueError(f"{path}.png would be written twice; two of the images are called {image.stem}")
        files = [path.with_name(path.name + ending) for ending in endings]
        if output.is_dir():
            check_outputs(*files, inputs=images)
        if (document := path.with_name(path.name + ".json")).exists():
            read_document(document)  # only a painting's own document is written over
        elif there := [str(file) for file in files if file.exists()]:
            raise ValueError(f"{', '.join(there)} is no painting of diffpaint's; name another folder, or delete it")
    pictures = [read_square(image, trained.size) for image in images]
    output.mkdir(parents=True, exist_ok=True)
    for picture, path in zip(pictures, outputs, strict=True):
        actions = trained.act(picture, painter)
        canvas = painter(actions)
        painting = Painting(canvas, actions, painter, 0, canvas.new_ones(canvas.shape))
        painting.save(path.with_name(path.name + ".png"))
        painting.save(path.with_name(path.name + ".json"))
        if timelapse:
            painting.save_timelapse(path.with_name(path.name + ".gif"), seconds=2.0)
    click.echo(f"wrote {len(images)} painting{'s' * (len(images) > 1)} of {size} x {size} px to {output}", err=True)


@agent.command()
@click.argument("name", default="mnist")
@click.option("--data", required=True, help=DATA)
@click.option("--count", type=click.IntRange(min=1), help="Test pictures, evenly spaced among all.  [default: all]")
@click.option("--size", type=int, help="Side at which they are compared, px.  [default: that which the agent sees]")
@click.option("--lesson", help="Compare the order of strokes with it: digits, or a .json document.")
@click.option("--json", "json_path", type=FOLDER, help="Also write the figures to this file.")
@click.option("--sheet", type=FOLDER, help="Also write a picture: pictures, canvases, and the engine's replays.")
def evaluate(
    name: str,
    data: str,
    count: int | None,
    size: int | None,
    lesson: str | None,
    json_path: Path | None,
    sheet: Path | None,
) -> None:
    """Measure agent NAME on test pictures, painted and replayed by the real engine.

    Where pictures have labels, a small classifier trained on real ones says which of the painted ones it can read.

    \b
    Shipped agents: see 'diffpaint agent list'.
    Example:
        diffpaint agent evaluate mnist --data mnist --sheet digits.png
    """
    from diffpaint_mypaint import Brush, read_brush

    from .training.card import SHOWN
    from .training.figures import measure
    from .training.sheet import painted_sheet

    check_outputs(json_path, sheet, inputs=[name, data, *([lesson] if lesson else [])])
    if sheet is not None:
        check_picture(sheet)
    trained = load_agent(name)
    size = trained.size if size is None else size
    check_size(size)
    painter = trained.painter(size)
    if painter.brush is None:
        raise PluginError(
            f"{trained.header['painter']} imitates no MyPaint brush, so there is nothing to measure against"
        )
    Brush(read_brush(painter.brush))  # find out now whether the engine is there
    taught = None if lesson is None else read_lesson(lesson, trained.agent.options["strokes"])
    pictures = open_pictures(data, size)
    seen = None if size == trained.size else open_pictures(data, trained.size)[1]
    figures, chosen, actions = measure(trained, pictures, seen=seen, count=count, lesson=taught)
    click.echo(figures.table())
    if json_path is not None:
        with replacing(json_path) as temporary:
            temporary.write_text(json.dumps(figures.json(), indent=2) + "\n")
    if sheet is not None:
        painted_sheet(sheet, pictures[1][chosen[:SHOWN]], actions[:SHOWN], painter)


@agent.command("list")
def list_agents() -> None:
    """List the agents that ship."""
    for name in shipped_agents():
        trained = load_agent(name)
        header, strokes = trained.header, trained.agent.options["strokes"]
        rules = "".join(f", {constraint}" for constraint in trained.constraints)
        taught = f", taught by {header['lesson']}" if header.get("lesson") else ""
        data = f"{header['data']['source']}, {trained.size} x {trained.size} px"
        click.echo(f"{name}: {strokes} strokes of {header['painter']}, {header['brush']}; sees {data}{rules}{taught}")
