"""A run of training: a folder with settings, figures, checkpoints and contact sheets, on one device or several.

Everything random at a step depends on the seed and the step's number alone, as does the batch it learns from. A run
that was interrupted and resumed therefore ends with the weights of one that was not, and no generator has to be saved.

Needs accelerate (``pip install 'diffpaint[train]'``), so ``diffpaint`` itself does not import it.
"""

from __future__ import annotations

import atexit
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from tqdm import tqdm

from ..device import pick_device
from ..io.console import stderr
from ..io.files import check_folder
from ..io.interrupt import catch_interrupt
from .folder import CHECKPOINT, Log, RunFolder, is_free
from .recipe import Batches, Course, Recipe
from .settings import TrainingSettings


def check_run(run: Path, *, resume: bool = False, device: str | None = None, checkpoint_every: int = 500) -> None:
    """Check, before long work such as preparing data starts, what :func:`train` would refuse about its folder.

    Args:
        run: Folder of the run.
        resume: Whether to go on from its checkpoint.
        device: Where to train; None takes what accelerate finds.
        checkpoint_every: Steps between two checkpoints.

    Raises:
        ValueError: A run or other files that are there already, nothing to resume, a folder that cannot be written, no
            such device, or less than a step.
    """
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1 step, got {checkpoint_every}")
    if device is not None:
        pick_device(device)
    check_folder(run)
    there = (run / CHECKPOINT).exists()
    if there and not resume:
        raise ValueError(f"{run} holds a run already; resume it, or name another folder")
    if not resume and not is_free(run):
        raise ValueError(f"{run} holds files that are not of a run; name a new folder")
    if resume and not there:
        raise ValueError(f"nothing to resume: there is no {run / CHECKPOINT}")


def train(
    course: Course,
    run: Path,
    settings: TrainingSettings,
    *,
    resume: bool = False,
    device: str | None = None,
    checkpoint_every: int = 500,
    command: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Recipe:
    """Train.

    Ctrl-C ends the run after the step under way, with a checkpoint, by KeyboardInterrupt. A resumed run ends with the
    same weights as one that was not interrupted. Started by ``accelerate launch``, all its processes share each batch.

    Args:
        course: What :meth:`Recipe.prepare` gave.
        run: Folder for ``config.json``, ``losses.csv``, ``checkpoint.pt`` and ``sheets/``.
        settings: Of the run.
        resume: Go on from the folder's checkpoint.
        device: Where to train; None takes what accelerate finds: a GPU if there is one.
        checkpoint_every: Steps between two checkpoints, and two contact sheets.
        command: What was asked for by which words, for ``config.json``.
        progress: Show a progress bar with the latest figures.

    Returns:
        The recipe, trained.

    Raises:
        ValueError: A run that is there already, nothing to resume, or one of other settings; before the first step.
        FloatingPointError: A figure turned NaN or infinite.
    """
    check_run(run, resume=resume, device=device, checkpoint_every=checkpoint_every)
    accelerator = _accelerator(device)
    processes = accelerator.num_processes
    if settings.batch % processes:
        raise ValueError(f"batch {settings.batch} cannot be shared evenly by {processes} processes")
    next(course.stream(0))  # raises before anything is written
    torch.manual_seed(settings.seed)
    recipe = course.make()
    recipe.accelerator = accelerator
    recipe.to(accelerator.device)
    folder = RunFolder(run, course.about, settings)
    log = Log(folder.restore(recipe) if resume else [])
    accelerator.wait_for_everyone()  # before the first process writes what the others look for
    leads = accelerator.is_main_process
    if leads and not resume:
        folder.begin(command)

    batches, stop = course.stream(sum(recipe.batches(number) for number in range(len(log.rows)))), False
    shown = {"disable": not (progress and leads), "unit": "step", "file": stderr()}
    with catch_interrupt() as interrupt, tqdm(total=settings.steps, initial=len(log.rows), **shown) as bar:
        for number in range(len(log.rows), settings.steps):
            row, stop = _step(recipe, number, settings.seed, batches, interrupt)
            if not all(math.isfinite(value) for value in row.values()):
                raise FloatingPointError(
                    f"{', '.join(f'{name} is {value:g}' for name, value in row.items())} at step {number}; "
                    f"start anew in another folder with a lower learning rate; {run} keeps the last checkpoint"
                )
            log.rows.append(row)
            bar.update()
            if number % 20 == 0:
                bar.set_postfix(log.recent(), refresh=False)
            if stop:
                break
            if len(log.rows) % checkpoint_every == 0 and leads:
                folder.keep(recipe, log)
                (run / "sheets").mkdir(exist_ok=True)
                recipe.sheet(run / "sheets" / f"{len(log.rows):07d}.png")
    if leads:
        folder.keep(recipe, log)
    accelerator.wait_for_everyone()
    if stop:
        raise KeyboardInterrupt
    if leads:
        course.finish(recipe, run)
    accelerator.wait_for_everyone()
    return recipe


def _step(
    recipe: Recipe, number: int, seed: int, batches: Batches, interrupt: threading.Event
) -> tuple[dict[str, float], bool]:
    """Figures of a step, means over all processes, and whether any of them was interrupted."""
    accelerator = recipe.accelerator
    processes, rank = accelerator.num_processes, accelerator.process_index
    drawn = [next(batches) for _ in range(recipe.batches(number))]
    batch = tuple(
        torch.cat([part[rank::processes] for part in parts]).to(accelerator.device)
        for parts in zip(*drawn, strict=True)
    )
    mixed = np.random.SeedSequence([seed, number, rank]).generate_state(1)
    torch.manual_seed(int(mixed[0]))
    with accelerator.autocast():
        figures = recipe.step(number, batch)
    # one of the processes may hear of Ctrl-C before the others: they share it, and end after the same step
    pressed = torch.tensor(float(interrupt.is_set()), device=accelerator.device)
    shared = torch.stack([*(value.detach().float() for value in figures.values()), pressed])
    *values, stop = accelerator.reduce(shared, "mean").tolist()
    return dict(zip(figures, values, strict=True)), stop > 0


def device_name(accelerator: Accelerator) -> str:
    """What a run was trained on, for its card."""
    where, count = accelerator.device, accelerator.num_processes
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    threads = f", {torch.get_num_threads()} thread(s)" if where.type == "cpu" else ""
    return f"{count} x {name}{threads}"


def _accelerator(device: str | None) -> Accelerator:
    """Of one process on ``device``, or of as many as ``accelerate launch`` started; bfloat16 where there is a GPU."""
    where = None if device is None else pick_device(device)
    on_gpu = torch.cuda.is_available() and (where is None or where.type == "cuda")
    accelerator = Accelerator(cpu=where is not None and where.type == "cpu", mixed_precision="bf16" if on_gpu else "no")
    if accelerator.num_processes > 1:  # else threads of the group may end the process by an abort after its work
        atexit.register(accelerator.state.destroy_process_group)
    found = accelerator.device
    if where is not None and (found.type != where.type or (where.index or 0) != (found.index or 0)):
        raise ValueError(f"accelerate trains on {accelerator.device} here, not on {device}")
    return accelerator
