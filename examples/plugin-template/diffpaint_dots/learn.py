"""``diffpaint train dots``: a recipe, for a network that learns how much ink a dot lays."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import torch
from diffpaint.io.images import write_image
from diffpaint.io.weights import save_weights
from diffpaint.training import Course, Recipe, TrainingSettings, setting, warmup_cosine
from torch import Tensor, nn

from . import Dots


@dataclass(frozen=True)
class DotsSettings(TrainingSettings):
    """Of the run.

    Attributes:
        hidden: Width of the network.
    """

    steps: int = setting(500, "Steps of the optimiser.")
    lr: float = setting(1e-2, "Largest learning rate.")
    hidden: int = setting(32, "Width of the network.")


class DotsRecipe(Recipe):
    """Train a network that tells how much of the canvas a dot covers: seconds on a CPU."""

    settings_class = DotsSettings

    def __init__(self, settings: DotsSettings):
        super().__init__()
        self.settings = settings
        width = len(Dots.action_names)
        self.network = nn.Sequential(nn.Linear(width, settings.hidden), nn.GELU(), nn.Linear(settings.hidden, 1))
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}

    @classmethod
    def options(cls) -> Sequence[click.Parameter]:
        return (click.Option(["--side"], default=16, show_default=True, help="Of the canvas that is measured, px."),)

    @classmethod
    def prepare(cls, settings: DotsSettings, *, side: int = 16) -> Course:
        dots = Dots((side, side))

        def stream(first: int) -> Iterator[tuple[Tensor, ...]]:
            number = first
            while True:
                generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + number)
                actions = torch.rand(settings.batch, len(dots.action_names), generator=generator)
                yield actions, dots.stroke(actions)[1].mean((1, 2, 3))
                number += 1

        def finish(recipe: DotsRecipe, run: Path) -> None:
            save_weights(run / "weights.safetensors", recipe.network, asdict(settings))

        return Course(make=lambda: cls(settings), stream=stream, about={"side": side}, finish=finish)

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        actions, covered = batch
        error = nn.functional.mse_loss(self.network(actions)[:, 0], covered)
        self.update("network", error, self.settings.lr * warmup_cosine(number, self.settings.steps))
        return {"mse": error.detach()}

    def sheet(self, path: Path) -> None:
        """How much is covered, by size and opacity, all else in the middle."""
        axis = torch.linspace(0, 1, 32)
        actions = torch.full((32, 32, len(Dots.action_names)), 0.5)
        actions[..., 2], actions[..., 3] = axis, axis[:, None]
        with torch.no_grad():
            covered = self.network(actions)[..., 0].clamp(0, 1)
        write_image(path, covered.expand(3, -1, -1))
