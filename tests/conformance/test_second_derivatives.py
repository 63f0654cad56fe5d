"""Gradients that are written by hand have none of their own: nobody gets wrong ones without a word."""

import pytest
import torch

import diffpaint
import diffpaint_grid.grid
import diffpaint_lucent.crops
from diffpaint.registry import names

RENDERERS = {
    "cppn": "cppn(size=(8, 10))",
    "grid": "grid(rows=2, cols=2, size=(24, 32))",
    "scatter": "scatter(size=(24, 32))",
    "pyramid": "pyramid(rows=2, cols=2, levels=2, size=(24, 32))",
    **{name: f"{name}(size=(16, 20))" for name in ("neural-splat", "neural-dabs")},
    **{name: name for name in ("neural-vae", "neural-gan")},
}


def assert_refused(function, value):
    """The squared error of a function depends on it twice."""
    value = value.requires_grad_()
    (slope,) = torch.autograd.grad((function(value) - 0.3).square().mean(), value, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivatives"):
        torch.autograd.grad(slope.sum(), value)


BY_AUTOGRAD = {"fourier"}  # which has the right ones


def test_every_renderer_is_here():
    assert sorted({*RENDERERS, *BY_AUTOGRAD}) == names("renderers")


@pytest.mark.parametrize("name", RENDERERS)
def test_of_canvases_they_are_refused(name):
    renderer = diffpaint.load_renderer(RENDERERS[name])
    assert_refused(renderer, renderer.initial(1, 2, torch.Generator().manual_seed(0)))


def test_of_large_grids_too(monkeypatch):
    monkeypatch.setattr(diffpaint_grid.grid, "AT_ONCE", 0)
    grid = diffpaint.load_renderer(RENDERERS["grid"])
    assert_refused(grid, grid.initial(1, 2, torch.Generator().manual_seed(0)))


def test_of_crops_too(monkeypatch, rand):
    monkeypatch.setattr(diffpaint_lucent.crops, "WHOLE", 0)
    crops = diffpaint_lucent.crops.Crops(8, 0)
    assert_refused(lambda canvas: crops(canvas, lambda crop, _: crop.square().mean()), rand(1, 3, 12, 16))
