"""A run of training: a folder with settings, figures, checkpoints and contact sheets, on one device or several.

Everything random at a step depends on the seed and the step's number alone, as does the batch it learns from. A run
that was interrupted and resumed therefore ends with the weights of one that was not, and no generator has to be saved.

Needs accelerate (``pip install 'diffpaint[train]'``), so ``diffpaint`` itself does not import it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from .device import pick_device
from .files import check_folder
from .interrupt import catch_interrupt
from .run_folder import CHECKPOINT, Log, RunFolder
from .training_settings import TrainingSettings

WARMUP = 100  # steps


class Recipe(nn.Module, ABC):
    """How something is trained: the networks that it takes, as submodules, and a step.

    Attributes:
        settings: Of the run.
        optimizers: Of all its networks, by name; their state goes into checkpoints.
        accelerator: Of the run that it is part of; :func:`train` sets it.
    """

    settings: Any  # of its own kind
    optimizers: dict[str, torch.optim.Optimizer]
    accelerator: Accelerator

    @abstractmethod
    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Learn from one batch, or as many as :meth:`batches` says.

        Args:
            number: Of the step, from 0.
            batch: This process's share of each of its batches, one after another.

        Returns:
            Figures of the step, scalars by name, the same names in all steps; ``mse``, a squared error of values in
            [0, 1], is among them.
        """

    @abstractmethod
    def sheet(self, path: Path) -> None:
        """Write a contact sheet (.png) of what has been learned; only the first process is asked to."""

    def batches(self, number: int) -> int:
        """How many batches a step learns from, one unless a recipe says otherwise."""
        return 1

    def update(self, name: str, loss: Tensor, lr: float, largest: float = math.inf) -> None:
        """One step of an optimiser, gradients averaged over all processes.

        Networks are not wrapped for that, so that gradients of gradients work as everywhere.

        Args:
            name: Of the optimiser.
            loss: Whose gradient it follows.
            lr: Learning rate.
            largest: Norm of all gradients together at which they are clipped.
        """
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = self.accelerator.reduce(gradient, "mean")  # pyright: ignore[reportAttributeAccessIssue]
        if largest < math.inf:
            nn.utils.clip_grad_norm_(parameters, largest)
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()
        torch.clear_autocast_cache()  # or the rest of the step would see the weights of before


Trained = TypeVar("Trained", bound=Recipe)


def pace(step: int, steps: int) -> float:
    """The share of the largest learning rate at a step: up over the first WARMUP, then down to 0 along a cosine."""
    return min(1.0, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / steps))


def check_run(run: Path, *, resume: bool = False, device: str | None = None, checkpoint_every: int = 500) -> None:
    """Check, before long work such as preparing data starts, what :func:`train` would refuse about its folder.

    Args:
        run: Folder of the run.
        resume: Whether to go on from its checkpoint.
        device: Where to train; None takes what accelerate finds.
        checkpoint_every: Steps between two checkpoints.

    Raises:
        ValueError: A run that is there already, nothing to resume, a folder that cannot be written, no such device, or
            less than a step.
    """
    if checkpoint_every < 1:
        raise ValueError(f"--checkpoint-every must be at least 1 step, got {checkpoint_every}")
    if device is not None:
        pick_device(device)
    check_folder(run)
    there = (run / CHECKPOINT).exists()
    if there and not resume:
        raise ValueError(f"{run} holds a run already; --resume goes on with it, or name another folder")
    if resume and not there:
        raise ValueError(f"nothing to resume: there is no {run / CHECKPOINT}")


def train(
    make: Callable[[], Trained],
    stream: Callable[[int], Iterator[tuple[Tensor, ...]]],
    run: Path,
    settings: TrainingSettings,
    about: dict[str, Any],
    *,
    resume: bool = False,
    device: str | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
) -> Trained:
    """Train.

    Ctrl-C ends the run after the step under way, with a checkpoint, by KeyboardInterrupt. A resumed run ends with the
    same weights as one that was not interrupted. Started by ``accelerate launch``, all its processes share each batch.

    Args:
        make: Makes the recipe, from torch's generator, which is seeded for it.
        stream: Gives batches without end, from the one with this number on; a tuple of tensors (N, ...) each.
        run: Folder for ``config.json``, ``losses.csv``, ``checkpoint.pt`` and ``sheets/``.
        settings: Of the run.
        about: What else a resumed run must share, such as the data: JSON values, each by its name.
        resume: Go on from the folder's checkpoint.
        device: Where to train; None takes what accelerate finds: a GPU if there is one.
        checkpoint_every: Steps between two checkpoints, and two contact sheets.
        progress: Show a progress bar with the latest figures.

    Returns:
        The recipe, trained.

    Raises:
        ValueError: A run that is there already, nothing to resume, or one of other settings; before the first step.
        FloatingPointError: A figure turned NaN or infinite.
    """
    check_run(run, resume=resume, device=device, checkpoint_every=checkpoint_every)
    accelerator = _accelerator(device)
    processes, rank = accelerator.num_processes, accelerator.process_index
    if settings.batch % processes:
        raise ValueError(f"batch {settings.batch} cannot be shared evenly by {processes} processes")
    next(stream(0))  # raises before anything is written
    torch.manual_seed(settings.seed)
    recipe = make()
    recipe.accelerator = accelerator
    recipe.to(accelerator.device)
    folder = RunFolder(run, about, settings)
    log = Log(folder.restore(recipe) if resume else [])
    accelerator.wait_for_everyone()  # before the first process writes what the others look for
    if accelerator.is_main_process and not resume:
        folder.begin()

    def keep() -> None:
        if accelerator.is_main_process:
            folder.keep(recipe, log)

    seen = sum(recipe.batches(number) for number in range(len(log.rows)))
    batches = stream(seen)
    stop = 0.0
    quiet = not (progress and accelerator.is_main_process)
    with (
        catch_interrupt() as interrupt,
        tqdm(total=settings.steps, initial=len(log.rows), disable=quiet, unit="step") as bar,
    ):
        for number in range(len(log.rows), settings.steps):
            drawn = [next(batches) for _ in range(recipe.batches(number))]
            batch = tuple(
                torch.cat([part[rank::processes] for part in parts]).to(accelerator.device)
                for parts in zip(*drawn, strict=True)
            )
            mixed = np.random.SeedSequence([settings.seed, number, rank]).generate_state(1)
            torch.manual_seed(int(mixed[0]))
            with accelerator.autocast():
                figures = recipe.step(number, batch)
            # one of the processes may hear of Ctrl-C before the others: they share it, and end after the same step
            pressed = torch.tensor(float(interrupt.is_set()), device=accelerator.device)
            shared = torch.stack([*(value.detach().float() for value in figures.values()), pressed])
            *values, stop = accelerator.reduce(shared, "mean").tolist()  # pyright: ignore[reportAttributeAccessIssue]
            row = dict(zip(figures, values, strict=True))
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
            if len(log.rows) % checkpoint_every == 0:
                keep()
                if accelerator.is_main_process:
                    recipe.sheet(run / "sheets" / f"{len(log.rows):07d}.png")
    keep()
    accelerator.wait_for_everyone()
    if stop:
        raise KeyboardInterrupt
    return recipe


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
    found = accelerator.device
    if where is not None and (found.type != where.type or (where.index or 0) != (found.index or 0)):
        raise ValueError(f"accelerate trains on {accelerator.device} here, not on {device}")
    return accelerator
