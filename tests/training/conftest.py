"""A recipe that learns a line in a few steps, and runs of it."""

import signal
from dataclasses import dataclass, replace

import click
import pytest
import torch
from torch import nn

from diffpaint.io.images import write_image
from diffpaint.training import Course, Recipe, TrainingSettings, setting, warmup_cosine

SAME = ("weights.pt", "losses.csv", "config.json")  # whether a run was interrupted or not


@dataclass(frozen=True)
class LineSettings(TrainingSettings):
    """Of a line; see :class:`diffpaint.training.TrainingSettings`."""

    steps: int = setting(14, "Steps of the optimiser.")
    batch: int = setting(16, "Points in a step.")
    lr: float = setting(0.05, "Largest learning rate.")
    shake: float = setting(0.01, "How far points lie off the line.", was="noise")
    uphill: bool = setting(True, "Whether the line rises.")


class Line(Recipe):
    """Learn a line from points on it.

    Examples may follow.
    """

    settings_class = LineSettings

    def __init__(self, settings):
        super().__init__()
        self.settings = settings
        self.network = nn.Linear(1, 1)
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}

    @classmethod
    def options(cls):
        return (click.Option(["--slope"], default=2.0, show_default=True, help="Of the line; not 0."),)

    @classmethod
    def prepare(cls, settings, *, slope=2.0):
        if slope == 0:
            raise ValueError("a line needs a slope")

        def stream(first):
            while True:
                generator = torch.Generator().manual_seed(settings.seed + first)
                x = torch.rand(settings.batch, 1, generator=generator)
                yield x, slope * x + 1
                first += 1

        def finish(recipe, run):
            torch.save(recipe.network.state_dict(), run / "weights.pt")

        return Course(
            make=lambda: cls(settings),
            stream=stream,
            about={"line": {"slope": slope}},
            finish=finish,
            report=lambda run: f"a line in {run.name}",
        )

    def step(self, number, batch):
        x, y = batch
        y = y + self.settings.shake * torch.randn_like(y)
        loss = nn.functional.mse_loss(self.network(x), y)
        self.update("network", loss, self.settings.lr * warmup_cosine(number, self.settings.steps))
        return {"mse": loss, "slope": self.network.weight.detach().mean()}

    def sheet(self, path):
        path.parent.mkdir(exist_ok=True)
        write_image(path, torch.zeros(3, 4, 4))


def stopping(course, at, presses=1):
    """A course during whose step Ctrl-C is pressed: once to end after the step, twice to end at once."""

    def make():
        recipe = course.make()
        step = recipe.step

        def pressed(number, batch):
            for _ in range(presses if number == at else 0):
                signal.raise_signal(signal.SIGINT)
            return step(number, batch)

        recipe.step = pressed
        return recipe

    return replace(course, make=make)


@pytest.fixture
def line():
    """The class of the recipe."""
    return Line


@pytest.fixture(scope="session")
def learn():
    """``learn(run, settings, stop=step, presses=1, slope=2.0, **options)``: trains, and returns the folder."""
    from diffpaint.training.loop import train

    def learned(run, settings=None, *, recipe=Line, stop=None, presses=1, slope=2.0, **options):
        settings = LineSettings() if settings is None else settings
        course = recipe.prepare(settings, slope=slope)
        course = course if stop is None else stopping(course, stop, presses)
        train(course, run, settings, **{"device": "cpu", "progress": False, "checkpoint_every": 5} | options)
        return run

    return learned


@pytest.fixture
def settings():
    """Makes settings of a run."""
    return LineSettings


@pytest.fixture(scope="session")
def whole(learn, tmp_path_factory):
    """A run that was not interrupted. Not to be written to."""
    return learn(tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture
def assert_same(whole):
    """Whether a run ended as the whole one."""

    def same(run):
        for name in SAME:
            assert (run / name).read_bytes() == (whole / name).read_bytes(), name

    return same
