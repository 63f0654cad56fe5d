"""Command of the painters: ``diffpaint evaluate``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from diffpaint import PluginError, StrokeRenderer, load_renderer
from diffpaint.cli.outputs import check_free, overwrite_option
from diffpaint.io.files import check_outputs, replacing
from diffpaint.io.images import check_picture

from .training.settings import OVERSAMPLE


@click.command()
@click.argument("painter")
@click.option("--brush", help="A brush that weights ship for, or a file of weights.  [default: the painter's own]")
@click.option("--actions", default=256, show_default=True, help="Actions, none of them in any data set.")
@click.option("--draws", default=32, show_default=True, help="Draws of each by the engine.")
@click.option("--seed", default=0, show_default=True, help="Of the actions.")
@click.option("--oversample", default=OVERSAMPLE, show_default=True, help="As the strokes that it learned from.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Also write a picture: real, mean of 32, painted.")
@overwrite_option
def evaluate(
    painter: str,
    brush: str | None,
    actions: int,
    draws: int,
    seed: int,
    oversample: int,
    json_path: Path | None,
    sheet: Path | None,
    overwrite: bool,
) -> None:
    """Measure how true PAINTER is to the real engine, on strokes it never saw.

    The engine is random, so no painter that draws one stroke for one action can do better than the mean of all draws:
    the irreducible error, which is printed beside the painter's.

    \b
    Example:
        diffpaint evaluate neural-splat --brush classic/dry_brush --sheet strokes.png
    """
    from diffpaint_mypaint import carried_brush

    from .training.fidelity import contact_sheet, measure

    check_outputs(json_path, sheet, inputs=[painter, *([brush] if brush else [])])
    check_free(json_path, sheet, overwrite=overwrite)
    if sheet is not None:
        check_picture(sheet)
    renderer = load_renderer(painter, **({"brush": brush} if brush is not None else {}))
    if not isinstance(renderer, StrokeRenderer) or renderer.brush is None:
        raise PluginError(f"{painter} does not imitate a MyPaint brush, so there is nothing to measure it against")
    file = carried_brush(renderer.brush, renderer.brush_file)
    fidelity = measure(renderer, brush=file, oversample=oversample, actions=actions, draws=draws, seed=seed)
    click.echo(fidelity.table())
    if json_path is not None:
        with replacing(json_path) as temporary:
            temporary.write_text(json.dumps(fidelity.figures(), indent=2) + "\n")
    if sheet is not None:
        contact_sheet(renderer, sheet, brush=file, oversample=oversample)
