"""A tiny stroke renderer and an objective for it: real, exact, and fast."""

import pytest
import torch

from diffpaint import Objective, StrokeRenderer


class Dots(StrokeRenderer):
    """Round soft dots: a Gaussian's alpha, whose centre, deviation and height are the actions."""

    action_names = ("pressure", "size", "red", "green", "blue", "x", "y")
    radius = (1.0, 6.0)
    reach = 3.5

    def __init__(self, size=(16, 20)):
        super().__init__()
        self.size = size
        self.register_buffer("unit", torch.ones(()), persistent=False)

    def stroke(self, actions):
        height, width = self.size
        low, high = self.radius
        pressure, size, x, y = (actions[:, index, None, None] for index in (0, 1, 5, 6))
        deviation = low * (high / low) ** size * self.cell / 64
        down = torch.arange(height, dtype=actions.dtype, device=actions.device)[:, None] + 0.5 - y * height
        across = torch.arange(width, dtype=actions.dtype, device=actions.device) + 0.5 - x * width
        alpha = pressure * torch.exp(-(down.square() + across.square()) / (2 * deviation.square()))
        return actions[:, 2:5, None, None], alpha[:, None]


class Dark(Objective):
    """Mean lightness."""

    def forward(self, canvas):
        return canvas.mean()


@pytest.fixture
def dots():
    """The class of a renderer: ``dots((H, W))``."""
    return Dots


@pytest.fixture
def dark():
    return Dark()


@pytest.fixture
def rand():
    """``rand(*shape)``: the same numbers in [0, 1] in every run, other ones at every call."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape, dtype=torch.float32):
        return torch.rand(*shape, generator=generator, dtype=dtype)

    return draw
