"""The options of commands that paint; what is done with them is in :mod:`.easel`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from .constraint_options import constraint_options
from .easel import OVERLAP, Easel


class GridType(click.ParamType):
    """ROWSxCOLS."""

    name = "ROWSxCOLS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse it."""
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
        if match is None:
            self.fail(f"{value!r} is not rows x columns, such as 8x12", param, ctx)
        return int(match[1]), int(match[2])


def easel_options(
    *, size: int, steps: int, strokes: int, cells: int, pyramid: int | None
) -> Callable[[Callable], Callable]:
    """Give a command the options of an :class:`Easel`, which it gets as its argument ``easel``.

    Args:
        size: Default of ``--size``, px.
        steps: Default of ``--steps``.
        strokes: In each cell, unless ``--strokes`` says otherwise.
        cells: About as many, unless ``--grid`` says otherwise.
        pyramid: Levels, unless ``--pyramid`` says otherwise; None makes the largest cells about three rows.
    """
    file = click.Path(path_type=Path)
    levels = "down to about 3 rows" if pyramid is None else pyramid
    options = [
        click.option("-o", "--output", required=True, type=file, help="The painting: a .png, .jpg, ..."),
        click.option(
            "--size", default=size, show_default=True, help="Longest side of the painting, px (rounded down a little)."
        ),
        click.option("--renderer", default="neural-splat", show_default=True, help="What paints; see diffpaint list."),
        click.option("--brush", help="The painter's brush, such as classic/dry_brush.  [default: the painter's own]"),
        click.option("--grid", type=GridType(), help=f"Cells of the canvas.  [default: about {cells}, nearly square]"),
        click.option(
            "--overlap", type=float, help=f"Of neighbouring cells, as a fraction of the cell.  [default: {OVERLAP}]"
        ),
        click.option("--pyramid", type=int, help=f"Levels, from large cells to small ones.  [default: {levels}]"),
        click.option("--strokes", type=int, help=f"Strokes in each cell.  [default: {strokes}]"),
        click.option("--steps", default=steps, show_default=True, help="Steps of the optimiser."),
        click.option(
            "--seed", default=0, show_default=True, help="The same seed paints the same picture, on a GPU nearly."
        ),
        click.option("--device", help="Where to compute: cpu, cuda, mps.  [default: cuda if it is there, else cpu]"),
        click.option("--resume", is_flag=True, help="Go on with a painting that was interrupted."),
        click.option("--timelapse", type=file, help="Also film it stroke by stroke: a .gif or .mp4."),
        click.option("--frames", default=60, show_default=True, help="Pictures in the time-lapse."),
        constraint_options,
    ]
    names = {field.name for field in fields(Easel)} - {"cells", "default_strokes", "default_pyramid"}

    def decorate(command: Callable) -> Callable:
        @functools.wraps(command)
        def run(**arguments: Any) -> Any:
            own = {name: arguments.pop(name) for name in names}
            return command(
                easel=Easel(**own, cells=cells, default_strokes=strokes, default_pyramid=pyramid), **arguments
            )

        for option in reversed(options):
            run = option(run)
        return run

    return decorate
