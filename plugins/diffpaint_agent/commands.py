"""Commands of the agent: ``diffpaint agent train``, ``paint``, ``evaluate`` and ``list``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from diffpaint import Painting, PluginError
from diffpaint.cli.options import check_size
from diffpaint.cli.outputs import check_free, check_painting, overwrite_option
from diffpaint.cli.plan import check_cells
from diffpaint.cli.train import recipe_command
from diffpaint.cli.types import GridType
from diffpaint.io.files import check_folder, check_outputs, replacing
from diffpaint.io.images import check_picture

from .cells import painted_in_cells
from .demonstrations import read_demonstrations
from .initializer import AgentInitializer
from .pictures import DATA, open_pictures, read_square
from .terms import terms_of
from .training.recipe import AgentRecipe
from .weights import load_agent, shipped_agents

FOLDER = click.Path(path_type=Path)
revise_option = click.option(
    "--revise",
    type=click.IntRange(0, 10_000),
    help="How often strokes are corrected, once all are there, by what the painting lacks.  [default: the agent's own]",
)


@click.group()
def agent() -> None:
    """Train and use agents: networks that look at a picture and paint it in one pass."""


agent.add_command(recipe_command("train", AgentRecipe))


@agent.command()
@click.argument("images", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--output", required=True, type=FOLDER, help="Folder for the paintings.")
@click.option("--agent", "name", default="mnist", show_default=True, help="One that ships, or a .safetensors file.")
@click.option("--size", default=512, show_default=True, help="Longer side of the paintings, px.")
@click.option(
    "--cells",
    type=GridType(),
    help="Paint the whole picture, cell by cell, instead of its central square; corrected by --revise alone.",
)
@revise_option
@click.option("--timelapse", is_flag=True, help="Also film each, stroke by stroke, as a .gif.")
@overwrite_option
def paint(
    images: tuple[Path, ...],
    output: Path,
    name: str,
    size: int,
    cells: tuple[int, int] | None,
    revise: int | None,
    timelapse: bool,
    overwrite: bool,
) -> None:
    """Paint the central square of each of IMAGES, in one pass.

    Agents know the kind of picture that they learned from: digits and characters are black on white. Where a painting
    is further from its picture than nearly all of that kind are, a line says so. With --cells the whole picture is
    painted, whatever it shows, a square at a time.

    Writes a picture (.png) of each into the folder, and a .json document of its strokes, which 'diffpaint replay' draws
    with the real MyPaint engine.

    \b
    Examples:
        diffpaint agent paint seven.png -o out/
        diffpaint agent paint *.jpg -o out/ --agent faces --timelapse
        diffpaint agent paint coffee.jpg -o out/ --agent faces --cells 8x12 --size 1024
    """
    check_size(size)
    in_cells = None if cells is None else AgentInitializer(name, revise or 0)
    trained = load_agent(name, revise) if in_cells is None else in_cells.trained
    painter = trained.painter(size)
    if cells is not None:
        check_cells(*cells, trained.agent.options["strokes"])
    check_folder(output)
    outputs = [output / image.stem for image in images]
    for image, path in zip(images, outputs, strict=True):
        if outputs.count(path) > 1:
            raise ValueError(f"{path}.png would be written twice; two of the images are called {image.stem}")
        picture, document, film = (path.with_name(path.name + ending) for ending in (".png", ".json", ".gif"))
        if output.is_dir():
            check_outputs(picture, document, film if timelapse else None, inputs=[*images, name])
        check_painting(picture, document, film if timelapse else None, inputs=images, overwrite=overwrite)
    pictures = [read_square(image, trained.size) for image in images]
    output.mkdir(parents=True, exist_ok=True)
    for image, picture, path in zip(images, pictures, outputs, strict=True):
        if in_cells is not None and cells is not None:
            painting = painted_in_cells(in_cells, image, cells, size)
        else:
            actions = trained.act(picture, painter)
            canvas = painter(actions)
            painting = Painting(canvas, actions, painter, 0, canvas.new_ones(canvas.shape))
            if (why := trained.strange(picture, actions)) is not None:
                click.echo(f"{image}: {why}", err=True)
        painting.save(path.with_name(path.name + ".png"))
        painting.save(path.with_name(path.name + ".json"))
        if timelapse:
            painting.save(path.with_name(path.name + ".gif"), seconds=2.0)
    click.echo(f"wrote {len(images)} painting{'s' * (len(images) > 1)} of {size} px to {output}", err=True)


@agent.command()
@click.argument("name", default="mnist")
@click.option("--data", required=True, help=DATA)
@click.option("--count", type=click.IntRange(min=1), help="Test pictures, evenly spaced among all.  [default: all]")
@click.option("--size", type=int, help="Side at which they are compared, px.  [default: that which the agent sees]")
@click.option(
    "demonstrations",
    "--demonstrations",
    "--lesson",
    help="Compare the order of strokes with: digits, or a .json document.",
)
@revise_option
@click.option("--json", "json_path", type=FOLDER, help="Also write the figures to this file.")
@click.option("--sheet", type=FOLDER, help="Also write a picture: pictures, canvases, and the engine's replays.")
@overwrite_option
def evaluate(
    name: str,
    data: str,
    count: int | None,
    size: int | None,
    demonstrations: str | None,
    revise: int | None,
    json_path: Path | None,
    sheet: Path | None,
    overwrite: bool,
) -> None:
    """Measure agent NAME on test pictures, painted and replayed by the real engine.

    Where pictures have labels, a small classifier trained on real ones says which of the painted ones it can read.

    \b
    Shipped agents: see 'diffpaint agent list'.
    Example:
        diffpaint agent evaluate mnist --data mnist --sheet digits.png
    """
    from diffpaint_mypaint import Brush, carried_brush

    from .training.card import SHOWN
    from .training.figures import measure
    from .training.sheet import painted_sheet

    check_outputs(json_path, sheet, inputs=[name, data, *([demonstrations] if demonstrations else [])])
    check_free(json_path, sheet, overwrite=overwrite)
    if sheet is not None:
        check_picture(sheet)
    trained = load_agent(name, revise)
    size = trained.size if size is None else size
    check_size(size)
    painter = trained.painter(size)
    if painter.brush is None:
        raise PluginError(
            f"{trained.header['painter']} imitates no MyPaint brush, so there is nothing to measure against"
        )
    Brush(carried_brush(painter.brush, painter.brush_file))  # find out now whether the engine is there
    taught = None if demonstrations is None else read_demonstrations(demonstrations, trained.agent.options["strokes"])
    pictures = open_pictures(data, size)
    shown_to = None if size == trained.size else open_pictures(data, trained.size)[1]
    figures, chosen, actions = measure(trained, pictures, shown_to=shown_to, count=count, demonstrations=taught)
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
        paints = f"{strokes} strokes of {header['painter']}, {header['brush']}"
        click.echo(f"{name}: {paints}; sees {data}{rules}{taught}; {terms_of(header['data']['source'])}")
