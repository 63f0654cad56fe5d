import pytest
import torch

import diffpaint
from diffpaint_grid import Grid


@pytest.fixture
def dotted(dots):
    """A grid of dots with patches of a size, strides that follow from it, and rows x cols of them."""

    def made(patch=(10, 12), cells=(3, 4), size=None, overlap=0.5, margin=0.2):
        return Grid(dots(patch), rows=cells[0], cols=cells[1], size=size, overlap=overlap, margin=margin)

    return made


@pytest.fixture
def pyramid():
    return diffpaint.load_renderer("pyramid", rows=4, cols=6, size=(48, 70), levels=3)


@pytest.fixture
def photo():
    waves = torch.linspace(0, 6, 70).sin()[None] * torch.linspace(0, 4, 48).cos()[:, None]
    return torch.stack([0.5 + 0.4 * waves, 0.5 - 0.4 * waves, torch.full_like(waves, 0.4)])[None]
