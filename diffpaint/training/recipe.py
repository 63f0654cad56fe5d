"""The Recipe interface: how something is trained. ``diffpaint train NAME`` finds recipes by entry point."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import click
import torch
from torch import Tensor, nn

from .settings import TrainingSettings

Batches = Iterator[tuple[Tensor, ...]]


@dataclass(frozen=True)
class Course:
    """All that a run needs, checked and prepared.

    Attributes:
        make: Makes the recipe, from torch's generator, which is seeded for it.
        stream: Gives batches without end, from the one with this number on; a tuple of tensors (N, ...) each.
        about: What else than its settings a resumed run must share, such as the data: JSON values, each by its name.
        finish: Writes what was learned into the folder of the run, at its end.
        report: Measures what is in the folder, writes that too, and returns what to say of it; for the command.
    """

    make: Callable[[], Recipe]
    stream: Callable[[int], Batches]
    about: dict[str, Any]
    finish: Callable[[Any, Path], None] = lambda recipe, run: None
    report: Callable[[Path], str] = lambda run: f"trained in {run}"


class Recipe(nn.Module, ABC):
    """How something is trained: the networks that it takes, as submodules, and a step.

    The first paragraph of its docstring is the help of its command.

    Attributes:
        settings_class: Of its settings, each an option of the command.
        settings: Of the run.
        optimizers: Of all its networks, by name; their state goes into checkpoints.
        accelerator: accelerate's, of the run that it is part of; :func:`diffpaint.training.loop.train` sets it.
    """

    settings_class: ClassVar[type[TrainingSettings]] = TrainingSettings
    settings: Any  # of its own kind
    optimizers: dict[str, torch.optim.Optimizer]
    accelerator: Any

    @classmethod
    def options(cls) -> Sequence[click.Parameter]:
        """Options of the command beside the settings; :meth:`prepare` gets their values by name."""
        return ()

    @classmethod
    def prepare(cls, settings: Any, *given: Any, **options: Any) -> Course:
        """Check everything, prepare the data, and say how to train.

        Args:
            settings: Of ``settings_class``.
            given: Nothing; a recipe names its options instead of these.
            options: The values of :meth:`options`, by name.

        Raises:
            ValueError: What is wrong, before anything is computed.
        """
        raise NotImplementedError(f"{cls.__name__} has no prepare(), so no command can train by it")

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
            parameter.grad = self.accelerator.reduce(gradient, "mean")
        if largest < math.inf:
            nn.utils.clip_grad_norm_(parameters, largest)
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()
        torch.clear_autocast_cache()  # or the rest of the step would see the weights of before
