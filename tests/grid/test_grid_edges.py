"""Strokes end within their patch, and the canvas is painted to its very edge."""

import pytest
import torch
from cells import make

import diffpaint
from diffpaint_grid import Grid


def test_positions_stay_within_the_cell(dotted):
    grid = dotted(margin=0.2)
    names = grid.action_names
    for value, place in ((0.0, 0.2), (0.5, 0.5), (1.0, 0.8)):
        moved = value * grid.factor + grid.shift
        assert moved[names.index("x")].item() == pytest.approx(place)
        assert moved[names.index("y")].item() == pytest.approx(place)
        for name in ("pressure", "red", "green", "blue"):
            assert moved[names.index(name)].item() == pytest.approx(value)


@pytest.mark.parametrize("margin", [0.1, 0.2, 0.45])
def test_the_largest_stroke_ends_within_the_margin(dotted, margin):
    grid = dotted(patch=(64, 64), cells=(1, 1), margin=margin)
    columns, table = grid.strokes(torch.ones(1, 7))
    radius = table[0, columns.index("radius")].item()
    _, high = grid.renderer.radius
    assert radius == pytest.approx(min(high, 64 * margin / grid.renderer.reach), rel=1e-5)
    columns, table = grid.strokes(torch.zeros(1, 7))
    low, _ = grid.renderer.radius
    assert table[0, columns.index("radius")].item() == pytest.approx(low)


def test_without_a_margin_sizes_are_left_alone(dotted):
    grid = dotted(patch=(64, 64), cells=(1, 1), margin=0.0)
    columns, table = grid.strokes(torch.ones(1, 7))
    assert table[0, columns.index("radius")].item() == pytest.approx(grid.renderer.radius[1])


@pytest.mark.parametrize("overlap", [0.25, 0.5])
@pytest.mark.parametrize(("cells", "size"), [((3, 4), (37, 53)), ((1, 1), (24, 24)), ((2, 6), (20, 50))])
def test_the_canvas_is_painted_to_its_very_edge(cells, size, overlap):
    grid = make(cells, size, overlap)
    actions = torch.rand(1, 40 * grid.cells, 12, generator=torch.Generator().manual_seed(0))
    actions = (1.4 * actions - 0.2).clamp(0, 1)  # some along the edges of the cell
    actions[:, :, :3], actions[:, :, 3:6] = 1.0, 0.0  # hard, large and black
    canvas = grid(actions)[0].amax(0)
    for border in (canvas[0], canvas[-1], canvas[:, 0], canvas[:, -1]):
        assert border.max() < 0.1


@pytest.mark.parametrize("side", [20, 49, 96])
def test_no_stroke_is_cut_off_at_the_edge_of_its_patch(side):
    grid = Grid(diffpaint.load_renderer("neural-splat", size=(side, side)), rows=1, cols=1)
    _, alpha = grid.renderer.stroke(torch.ones(1, 12) * grid.factor + grid.shift)
    border = torch.cat([alpha[..., 0, :], alpha[..., -1, :], alpha[..., 0], alpha[..., -1]], -1)
    assert border.max() < 0.05
    assert alpha.max() > 0.1  # there is paint within


@pytest.mark.parametrize("side", [49, 96])
def test_next_to_nothing_is_cut_off_of_strokes_along_the_edge_of_the_cell(side):
    grid = Grid(diffpaint.load_renderer("neural-splat", size=(side, side)), rows=1, cols=1)
    places = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 6)  # start, control and end in the cell's corners
    extreme = torch.cat([torch.ones(len(places), 6), places], 1)
    _, alpha = grid.renderer.stroke(extreme * grid.factor + grid.shift)
    border = torch.cat([alpha[..., 0, :], alpha[..., -1, :], alpha[..., 0], alpha[..., -1]], -1)
    assert border.max() < 0.1
    assert alpha.max() > 0.8
