"""Strokes are exported where the paint is, at any scale."""

import pytest
import torch
from cells import drawn, make


def test_exported_dots_are_where_the_paint_is(dotted):
    grid = dotted(patch=(30, 36), cells=(3, 4))
    actions = drawn(grid, 1)[0]
    actions[:, 1] *= 0.5
    actions[:, 2:5] = 0.0  # black
    columns, table = grid.strokes(actions)
    assert columns == ("pressure", "radius", "red", "green", "blue", "x", "y")
    (height, width), seen = grid.size, 0
    down, across = torch.arange(height)[:, None] + 0.5, torch.arange(width) + 0.5
    for t, (_, radius, _, _, _, x, y) in enumerate(table.tolist()):
        if not (4 * radius < x < width - 4 * radius and 4 * radius < y < height - 4 * radius):
            continue  # partly off the canvas
        seen += 1
        alone = actions.clone()
        alone[:, 0] = 0.0
        alone[t, 0] = 1.0
        paint = 1 - grid(alone[None])[0, 0]
        assert ((paint * across).sum() / paint.sum()).item() == pytest.approx(x, abs=0.02)
        assert ((paint * down).sum() / paint.sum()).item() == pytest.approx(y, abs=0.02)
        spread = ((paint * (across - x).square()).sum() / paint.sum()).sqrt().item()
        assert spread == pytest.approx(radius, rel=0.05)
    assert seen >= 6


@pytest.mark.parametrize("scale", [1, 3])
def test_exported_strokes_of_a_real_painter_are_where_the_paint_is(scale):
    grid = make((2, 3), (60, 90), scale=scale)
    actions = drawn(grid, 1)[0]
    actions[:, :2], actions[:, 2] = 1.0, 0.0  # thin
    columns, table = grid.strokes(actions)
    assert columns[2] == "radius"
    height, width = grid.size
    assert (height, width) == (60 * scale, 90 * scale)
    down, across = torch.arange(height)[:, None] + 0.5, torch.arange(width) + 0.5
    t = torch.linspace(0, 1, 50)[:, None]
    for index, row in enumerate(table):
        start, control, end = row[6:8], row[8:10], row[10:12]
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
        alone = actions.clone()
        alone[:, :2], alone[:, 3:6] = 0.0, 1.0  # white on white, but for one
        alone[index, :2], alone[index, 3:6] = 1.0, 0.0
        paint = 1 - grid(alone[None])[0, 0]
        inside = (curve > 0).all() and (curve < torch.tensor([width, height])).all()
        if not inside:
            continue
        (x0, y0), (x1, y1) = curve.amin(0), curve.amax(0)
        reach = 1.5 * grid.renderer.reach * row[2]
        near = (across > x0 - reach) & (across < x1 + reach) & (down > y0 - reach) & (down < y1 + reach)
        assert paint.amax() > 0.3
        assert paint[near].sum() > 0.97 * paint.sum()


def test_a_larger_scale_shows_the_same_picture():
    small, large = (make((3, 4), (48, 64), scale=scale) for scale in (1, 3))
    assert large.size == (144, 192)
    assert large.cells == small.cells
    assert large.cell == 3 * small.cell
    assert large.lattice.origins(2) == [(3 * y, 3 * x) for y, x in small.lattice.origins(2)]
    actions = drawn(small, 3)
    difference = (torch.nn.functional.avg_pool2d(large(actions), 3) - small(actions)).abs()
    assert difference.mean() < 0.005
    assert difference.max() < 0.1


def test_a_larger_scale_exports_larger_strokes():
    small, large = (make((2, 2), (20, 30), scale=scale) for scale in (1, 3))
    actions = drawn(small, 2)[0]
    (columns, one), (same, three) = small.strokes(actions), large.strokes(actions)
    assert columns == same
    lengths = [2, *range(6, 12)]  # the radius and the positions
    torch.testing.assert_close(three[:, lengths], 3 * one[:, lengths], atol=1e-3, rtol=1e-5)
    others = [0, 1, 3, 4, 5]
    assert torch.equal(three[:, others], one[:, others])
