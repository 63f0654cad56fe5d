"""What is done: a painting is optimised as planned, and written."""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import click
from torch import Tensor

from ..constraints import check_constraints
from ..device import pick_device
from ..initializer import Initializer
from ..io.checkpoint import amend_settings, read_settings, save_checkpoint
from ..io.files import clear_leftovers
from ..io.interrupt import catch_interrupt
from ..objective import Objective
from ..optimize import Callback, NotFiniteError, paint
from ..painting import Painting, find_writer
from ..renderer import Renderer
from ..strategy import Strategy
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
    strategy: Strategy | None = None,
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
        strategy: As :func:`diffpaint.paint`'s.
        initializer: Gives actions to start from; None leaves them to chance.
        callback: As :func:`diffpaint.paint`'s.
        ground: What is painted on; None is white.

    Returns:
        The paintings on the canvas that was optimised.
    """
    began, ground = time.monotonic(), ground or Ground()
    planned = checked_plan(request, size, batch)
    small = planned.small
    strokes = (strategy and strategy.first) or planned.strokes
    settings = {**run, "command": json.dumps(request.spoken)}
    for path in {request.checkpoint, *(path for index in range(batch) for path in request.files(index, batch) if path)}:
        clear_leftovers(path)
    goes_on = _begin(request, settings)
    with _forgotten_on_mistake(request), catch_interrupt() as interrupt:  # the first leaves a painting at any stage
        actions, failure = None, None
        if initializer is not None and target is not None and not goes_on:
            actions = initializer(
                small, target, strokes, seed=request.seed, constraints=request.constraints, progress=True
            )
        begun = not interrupt.is_set()  # or the start is not what it would have been, and is made anew
        try:
            painting = paint(
                small,
                objective,
                strokes=strokes,
                actions=actions,
                batch=batch,
                steps=request.steps if begun else 0,
                seed=request.seed,
                device=request.device,
                background=ground.painted_on(size),
                constraints=request.constraints,
                strategy=strategy,
                callback=callback,
                checkpoint=request.checkpoint if begun else None,
                resume=goes_on,
                run=settings,
            )
            painting.interrupted |= not begun
        except NotFiniteError as error:
            painting, failure = error.painting, error
        if painting.interrupted:
            click.echo("interrupted: the painting so far is written; once more ends at once", err=True)
        for index in range(batch):
            _write(request, planned, painting[index], ground, index, batch, began)
        _report(request, painting, failure)
    return painting


def checked_plan(request: Request, size: tuple[int, int], batch: int = 1) -> Plan:
    """The plan of a request that can be carried out, what is optimised on its device; arguments as of :func:`plan`.

    Raises:
        ValueError: As :func:`plan`; or a device, an output or a constraint that the renderer cannot have.
    """
    planned = plan(request, size, batch)
    find_writer(request.output).check_renderer(planned.large)
    planned.small.to(pick_device(request.device))
    check_constraints(request.constraints, planned.small)
    return planned


def _begin(request: Request, settings: Mapping[str, str]) -> bool:
    """Keep what was asked, from which --resume goes on; and say whether there is a state to go on from."""
    if not request.resume:
        save_checkpoint(request.checkpoint, settings)
        return False
    known, goes_on = read_settings(request.checkpoint)
    for name, value in settings.items():
        if name != "command" and name in known and known[name] != value:
            hashed = re.fullmatch("[0-9a-f]{64}", value)
            change = "is another" if hashed else f"was {known[name]}, now {value}"
            raise ValueError(f"{request.output} cannot go on: its {name} {change}; begin anew with --overwrite")
    if known.get("command") != settings["command"]:
        amend_settings(request.checkpoint, command=settings["command"])
    return goes_on


@contextmanager
def _forgotten_on_mistake(request: Request) -> Iterator[None]:
    """Leave no checkpoint of a painting that could not be begun."""
    try:
        yield
    except Exception:
        if not request.resume and request.checkpoint.exists() and not read_settings(request.checkpoint)[1]:
            request.checkpoint.unlink()
        raise


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
        again = f"{click.get_current_context().command_path} --resume {shlex.quote(str(request.output))}"
        where = f"after {done} of {request.steps} steps" if done else "before the first step"
        raise KeyboardInterrupt(f"interrupted {where}; to go on: {again}")
    if done > request.steps:
        click.echo(f"{done} steps were done already, --steps is {request.steps}; {request.checkpoint} stays", err=True)
        return
    request.checkpoint.unlink(missing_ok=True)
