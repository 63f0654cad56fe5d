"""What the benchmarks share: finished paintings of real photos, made once."""

from pathlib import Path

import pytest

import diffpaint

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


@pytest.fixture(scope="session")
def finished():
    """An 8 x 8 painting of a photo by content loss, and the photo at its size."""
    target = diffpaint.read_image(PHOTOS / "chelsea.png", 256)
    height, width = target.shape[2:]
    grid = diffpaint.load_renderer("grid", rows=8, cols=8, size=(height, width))
    content = diffpaint.load_objective("content", target=target)
    return diffpaint.paint(grid, content, strokes=6, steps=150, device="cpu"), target


@pytest.fixture(scope="session")
def photo():
    """A photo on as many pixels as ``diffpaint paint`` optimises by default, (1, 3, 227, 341)."""
    return diffpaint.read_image(PHOTOS / "chelsea.png", 341)
