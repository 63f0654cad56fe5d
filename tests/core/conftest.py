"""Objectives that are shaken, that break, or that nobody may ask."""

import random

import numpy as np
import pytest
import torch

from diffpaint import Objective


class Shaken(Objective):
    """Difference to a target, with noise from every global generator."""

    def __init__(self, target):
        super().__init__()
        self.target, self.drawn = target, []

    def forward(self, canvas):
        shift, scale = int(np.random.randint(-3, 4)), 0.5 + random.random()
        noise = torch.randn(canvas.shape)
        self.drawn.append((shift, scale, noise.sum().item()))
        return scale * (canvas + 0.1 * noise - self.target).roll(shift, 3).square().mean()


class BrokenAt(Objective):
    """Mean lightness, times a number that is not finite from the call of that number on."""

    def __init__(self, call, value=float("nan")):
        super().__init__()
        self.call, self.value, self.calls = call, value, 0

    def forward(self, canvas):
        self.calls += 1
        return canvas.mean() * (self.value if self.calls > self.call else 1.0)


class Unused(Objective):
    """Fails the test if the optimisation gets as far as to score a canvas."""

    def forward(self, canvas):
        pytest.fail("the first step was made")


@pytest.fixture(scope="session")
def target():
    """A picture of the size of dots."""
    return torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(7))


@pytest.fixture
def shaken(target):
    """Makes objectives, each with a list ``drawn`` of what it drew at random."""
    return lambda: Shaken(target)


@pytest.fixture
def broken_at():
    """The class of an objective: ``broken_at(call, value)``."""
    return BrokenAt


@pytest.fixture
def unused():
    return Unused()
