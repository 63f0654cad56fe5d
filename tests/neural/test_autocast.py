"""Painters under mixed precision."""

import pytest
import torch

import diffpaint
from diffpaint_neural.stroke_maps import stroke_map


@pytest.mark.parametrize("name", ["neural-splat", "neural-dabs", "neural-vae", "neural-gan"])
def test_mixed_precision_paints_nearly_the_same(name, rand):
    """Forward under autocast, backward outside of it, as PyTorch has it."""
    grid = diffpaint.load_renderer("grid", renderer=name, rows=2, cols=2, size=(60, 60))
    actions, target = grid.initial(1, 3, torch.Generator().manual_seed(0)), rand(1, 3, 60, 60)
    found = []
    for mixed in (False, True):
        free = actions.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            canvas = grid(free)
            loss = diffpaint.Pixel(target)(canvas)
        (slope,) = torch.autograd.grad(loss, free)
        found.append((canvas.detach(), slope))
    (plain, wanted), (canvas, slope) = found
    assert canvas.dtype == slope.dtype == torch.float32
    assert (canvas - plain).abs().max() < 0.05
    assert torch.cosine_similarity(slope.flatten(), wanted.flatten(), 0) > 0.98


def test_the_faintest_lines_of_a_sketch_are_not_lost_in_16_bits(rand):
    actions = rand(8, 12)
    plain = stroke_map(actions, (1.0, 10.0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = stroke_map(actions, (1.0, 10.0))
    faint = (plain > 1e-4) & (plain < 1e-2)
    assert faint.float().mean() > 0.01
    assert ((mixed - plain)[faint].abs() / plain[faint]).mean() < 0.01
