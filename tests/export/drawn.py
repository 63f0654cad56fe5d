"""Paintings of random strokes, and the programs that files of them are opened with."""

import shutil
import subprocess

import pytest
import torch

import diffpaint
from diffpaint import Painting

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HEADLESS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--force-prefers-reduced-motion", "--force-device-scale-factor=1", "--force-color-profile=srgb"),
)


def painted(name="scatter", strokes=60, *, ground=(0.9, 0.8, 0.7), transparent=False, **options):
    """A painting of random strokes; a few in each cell of a grid."""
    renderer = diffpaint.load_renderer(name, **options)
    actions = renderer.initial(1, strokes, torch.Generator().manual_seed(0))
    background = torch.tensor(ground)[None, :, None, None].expand(1, 3, *renderer.size)
    with torch.no_grad():
        canvas = renderer(actions, background)
    return Painting(canvas, actions, renderer, 0, background, transparent=transparent)


def program(*names):
    """Where a program is; the test is skipped where it is not."""
    if found := next(filter(None, map(shutil.which, names)), None):
        return found
    pytest.skip(f"{names[0]} is not installed")


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True, timeout=120).stdout


def apart(picture, canvas):
    """Mean difference of two pictures, of 255."""
    return float((picture[:, :3] - canvas).abs().mean()) * 255
