"""A run that trains a painter on strokes of a data set: what all kinds of painters share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from diffpaint import TrainingSettings, save_weights, training
from diffpaint.training import device_name
from diffpaint_mypaint import Manifest, check_complete, read_manifest

from .data import batches
from .reach import measure_reach
from .sheet import painted_sheet

WEIGHTS = "weights.safetensors"
STROKES_AT_ONCE = 64  # when painting


class Recipe(training.Recipe):
    """How one kind of painter is trained: the networks that it takes, as submodules, and a step.

    Attributes:
        painter: Its name in headers: ``splat``, ``vae``, ...
        about: What the painter is, for the card of its weights.
        departures: From the paper's recipe, with the reasons, for the card.
        network: The one that paints, and whose weights are the result.
        data: Folder and manifest of the strokes; :func:`train` sets it.
    """

    painter: ClassVar[str]
    about: ClassVar[str]
    departures: ClassVar[tuple[str, ...]] = ()
    network: Any
    data: tuple[Path, Manifest]

    @abstractmethod
    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Learn from actions (N, 12) in [0, 1] and the engine's alpha (N, 64, 64) in [0, 1]; see the base class.

        ``mse`` is of strokes against the engine's.
        """

    def paint(self, actions: Tensor) -> Tensor:
        """Alpha (N, 64, 64) of strokes, with noise that is the same every time."""
        inputs = [actions]
        if noise := getattr(self.network, "noise", 0):
            drawn = torch.randn(len(actions), noise, generator=torch.Generator().manual_seed(0))
            inputs.append(drawn.to(actions.device))
        was_training = self.network.training
        self.network.eval()
        with torch.no_grad():
            parts = zip(*(part.split(STROKES_AT_ONCE) for part in inputs), strict=True)
            alpha = torch.cat([self.network(some[0], (64, 64), *some[1:]) for some in parts])
        self.network.train(was_training)
        return alpha

    def show(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """Strokes (N, 64, 64) for a contact sheet, beside the engine's ``alpha``: the painter's, if it paints yet."""
        return self.paint(actions)

    def sheet(self, path: Path) -> None:
        """Strokes of the data set, the engine's and the painter's."""
        painted_sheet(self.show, *self.data, path, self.accelerator.device)


def train(
    data: Path,
    run: Path,
    make: type[Recipe],
    settings: TrainingSettings,
    *,
    resume: bool = False,
    device: str | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
) -> Path:
    """Train a painter; see :func:`diffpaint.training.train` for what a run is.

    Args:
        data: Folder of a data set that ``diffpaint strokes`` wrote.
        run: Folder of the run, which gets ``weights.safetensors`` at the end.
        make: The recipe; called with the manifest of the data and the settings.
        settings: Of the run.
        resume: Go on from the folder's checkpoint.
        device: Where to train; None takes a GPU if there is one.
        checkpoint_every: Steps between two checkpoints, and two contact sheets.
        progress: Show a progress bar with the latest figures.

    Returns:
        The path of the weights.

    Raises:
        ValueError: No data set, a run that is there already, nothing to resume, or one of other settings; before the
            first step.
        FloatingPointError: A figure turned NaN or infinite.
    """
    manifest = read_manifest(data)
    check_complete(data, manifest)

    def begin() -> Recipe:
        recipe = make(manifest, settings)
        recipe.data = data, manifest
        return recipe

    def stream(first: int) -> Iterator[tuple[Tensor, ...]]:
        return batches(data, manifest, settings.batch, settings.seed, first)

    recipe = training.train(
        begin,
        stream,
        run,
        settings,
        {"painter": make.painter, "data": asdict(manifest)},
        resume=resume,
        device=device,
        checkpoint_every=checkpoint_every,
        progress=progress,
    )
    accelerator = recipe.accelerator
    if accelerator.is_main_process:
        recipe.network.eval()
        save_weights(run / WEIGHTS, recipe.network, _header(recipe, manifest, settings))
    accelerator.wait_for_everyone()
    return run / WEIGHTS


def _header(recipe: Recipe, manifest: Manifest, settings: TrainingSettings) -> dict[str, Any]:
    return {
        "painter": recipe.painter,
        "brush": manifest.brush,
        "radius": list(manifest.radius),
        "reach": round(measure_reach(recipe.paint, manifest.radius, recipe.accelerator.device), 2),
        "options": recipe.network.options,
        "data": asdict(manifest),
        "training": asdict(settings),
        "device": device_name(recipe.accelerator),
    }
