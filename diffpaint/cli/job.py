"""What is done: a painting is optimised as planned, and written."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace

import click
from torch import Tensor

from ..constraints import check_constraints
from ..device import pick_device
from ..initializer import Initializer
from ..interrupt import catch_interrupt
from ..objective import Objective
from ..optimize import Callback, NotFiniteError, paint
from ..painting import Painting, find_writer
from ..renderer import Renderer
from .background import Ground
from .options import Request, film_writer
from .plan import Plan, plan


def carry_out(
    request: Request,
    objective: Objective,
    size: tuple[int, int],
    *,
    run: Mapping[str, str],
    batch: int = 1,
    target: Tensor | None = None,
    initializer: Initializer | None = None,
    callback: Callback | None = None,
    ground: Ground | None = None,
) -> Painting:
    """Optimise, and write the painting, its document, and its film. Ends the program if it was interrupted.

    Args:
        request: What was asked, checked.
        objective: Minimised.
        size: (H, W) of the canvas that is optimised, px.
        run: What a resumed run must share, as :func:`diffpaint.paint`'s.
        batch: Number of paintings; files are numbered if there are several.
        target: (1, 3, H, W) in [0, 1], the picture that is painted, if there is one, for the initializer.
        initializer: Gives actions to start from; None leaves them to chance.
        callback: As :func:`diffpaint.paint`'s.
        ground: What is painted on; None is white.

    Returns:
        The paintings on the canvas that was optimised.
    """
    began, ground = time.monotonic(), ground or Ground()
    planned = plan(request, size, batch)
    small = planned.small.to(pick_device(request.device))
    check_constraints(request.constraints, small)
    actions, failure = None, None
    with catch_interrupt() as interrupt:  # an initializer is finished, and kept, and nothing more is done
        if initializer is not None and target is not None and not request.resume:
            actions = initializer(
                small, target, planned.strokes, seed=request.seed, constraints=request.constraints, progress=True
            )
    try:
        painting = paint(
            small,
            objective,
            strokes=planned.strokes,
            actions=actions,
            batch=batch,
            steps=0 if interrupt.is_set() else request.steps,
            seed=request.seed,
            device=request.device,
            background=ground.painted_on(size),
            constraints=request.constraints,
            callback=callback,
            checkpoint=request.checkpoint,
            resume=request.resume,
            run=run,
        )
        painting.interrupted |= interrupt.is_set()
    except NotFiniteError as error:
        painting, failure = error.painting, error
    for index in range(batch):
        _write(request, planned, painting[index], ground, index, batch, began)
    _report(request, painting, failure)
    return painting


def _write(
    request: Request, planned: Plan, painting: Painting, ground: Ground, index: int, batch: int, began: float
) -> None:
    """Write one painting of a batch, and say so."""

    def rendered(renderer: Renderer) -> Painting:
        shown = replace(painting, background=ground.shown(renderer.size), transparent=ground.transparent)
        return shown.rendered_by(renderer.to(painting.renderer.device))

    output, document, timelapse = request.files(index, batch)
    finished = rendered(planned.large)
    for path in dict.fromkeys((output, document)):
        find_writer(path).write(finished, path)
    if timelapse is not None:
        writer = film_writer(timelapse, request.frames)
        writer.write(rendered(planned.film), timelapse)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    height, width = planned.large.size
    click.echo(f"wrote {output} ({width} x {height} px) and {document} in {minutes} min {seconds} s", err=True)


def _report(request: Request, painting: Painting, failure: NotFiniteError | None) -> None:
    """Say how the optimisation ended if it did not reach its end, and leave the checkpoint only then."""
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
        sys.exit(1)
    done = len(painting.losses)
    if painting.interrupted:
        click.echo(f"interrupted after {done} of {request.steps} steps; --resume goes on", err=True)
        sys.exit(130)
    if done > request.steps:
        click.echo(f"{done} steps were done already, --steps is {request.steps}; {request.checkpoint} stays", err=True)
        return
    request.checkpoint.unlink(missing_ok=True)
