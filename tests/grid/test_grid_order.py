"""In which order a grid draws, and that it is as if strokes were drawn one by one."""

import pytest
import torch
from cells import SETTINGS, SHAPES, corners, drawn, make


def slowly(grid, actions, canvas):
    """Every stroke on a canvas of its own, one after the other."""
    (height, width), (h, w) = grid.size, grid.lattice.patch
    layers = actions.shape[1] // grid.cells
    for t, (y, x) in enumerate(corners(grid, layers)):
        color, alpha = grid.renderer.stroke(actions[:, t] * grid.factor + grid.shift)
        whole = alpha.new_zeros(len(actions), 1, height + 2 * h, width + 2 * w)
        if -h <= y <= height and -w <= x <= width:
            left = (x + w, width + w - x)
            above = (y + h, height + h - y)
            whole = torch.nn.functional.pad(alpha, (*left, *above))
        alpha = whole[:, :, h : h + height, w : w + width]
        canvas = canvas + alpha * (color - canvas)
    return canvas


@pytest.mark.parametrize(("overlap", "margin"), SETTINGS)
@pytest.mark.parametrize(("cells", "size"), SHAPES)
def test_origins_are_those_of_the_documented_order(cells, size, overlap, margin):
    grid = make(cells, size, overlap, margin)
    assert grid.lattice.origins(3) == corners(grid, 3)


def test_patches_drawn_together_do_not_touch(dotted):
    grid = dotted(patch=(10, 12), cells=(5, 6))
    origins, (h, w), first = grid.lattice.origins(1), grid.lattice.patch, 0
    for part, _ in grid.lattice.windows(1):
        assert part.start == first
        together, first = origins[part], part.stop
        for index, (y, x) in enumerate(together):
            assert all(abs(y - v) >= h or abs(x - u) >= w for v, u in together[:index])
    assert first == 30


def test_later_layers_turn_the_order_about(dotted):
    grid = dotted(cells=(2, 2))
    first, second = grid.lattice.origins(2)[:4], grid.lattice.origins(2)[4:]
    assert second == first[::-1]  # each cell is a phase of its own


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patch": (36, 10), "cells": (2, 3), "size": (17, 8)},
        {"cells": (5, 5), "size": (7, 11)},
        {"cells": (2, 3), "overlap": 0.0, "margin": 0.0},
        {"cells": (3, 3), "patch": (9, 7), "overlap": 0.8, "margin": 0.1},
    ],
    ids=str,
)
def test_equals_strokes_drawn_one_by_one_on_the_whole_canvas(dotted, rand, options):
    grid = dotted(**options).double()
    actions = drawn(grid, 3, torch.float64).requires_grad_()
    canvas = rand(2, 3, *grid.size, dtype=torch.float64).requires_grad_()
    weight = rand(2, 3, *grid.size, dtype=torch.float64) - 0.5
    painted, wanted = grid(actions, canvas), slowly(grid, actions, canvas)
    torch.testing.assert_close(painted, wanted, atol=1e-9, rtol=0)
    found = torch.autograd.grad((painted * weight).sum(), (actions, canvas))
    expected = torch.autograd.grad((wanted * weight).sum(), (actions, canvas))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)


def test_equals_strokes_of_a_real_painter_drawn_one_by_one(rand):
    grid = make((3, 2), (17, 31))
    actions = drawn(grid, 2).requires_grad_()
    weight = rand(2, 3, 17, 31) - 0.5
    painted, wanted = grid(actions), slowly(grid, actions, torch.ones(2, 3, 17, 31))
    torch.testing.assert_close(painted, wanted, atol=1e-5, rtol=0)
    (found,), (expected,) = (torch.autograd.grad((each * weight).sum(), actions) for each in (painted, wanted))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_frames_are_the_strokes_one_by_one(dotted, rand):
    grid = dotted(cells=(2, 3))
    actions, canvas = drawn(grid, 2), rand(2, 3, *grid.size)
    frames = list(grid.frames(actions, canvas))
    assert len(frames) == 12
    torch.testing.assert_close(frames[-1], grid(actions, canvas), atol=1e-5, rtol=0)
    assert not torch.equal(frames[0], frames[-1])  # not one canvas that all of them share
    before = canvas
    for frame, (y, x) in zip(frames, grid.lattice.origins(2), strict=True):
        changed = (frame != before).any(1).any(0).nonzero()
        if len(changed):
            (top, left), (bottom, right) = changed.amin(0).tolist(), changed.amax(0).tolist()
            assert y <= top <= bottom < y + grid.lattice.patch[0]
            assert x <= left <= right < x + grid.lattice.patch[1]
        before = frame
