import math

import pytest
import torch

import diffpaint
from diffpaint import PluginError, Renderer
from diffpaint_grid import Grid

SHAPES = [  # (rows, cols), (H, W)
    ((3, 2), (17, 31)),
    ((1, 1), (9, 7)),
    ((1, 5), (8, 40)),
    ((4, 1), (33, 5)),
    ((3, 3), (3, 3)),
    ((2, 3), (1, 50)),
    ((7, 7), (10, 10)),
]
SETTINGS = [(0.5, 0.2), (0.0, 0.0), (0.0, 0.3), (0.8, 0.1)]  # overlap, margin


def make(cells, size, overlap=0.5, margin=0.2, **options):
    return diffpaint.load_renderer(
        "grid", rows=cells[0], cols=cells[1], size=size, overlap=overlap, margin=margin, **options
    )


@pytest.fixture
def dotted(dots):
    """A grid of dots with patches of a size, strides that follow from it, and rows x cols of them."""

    def made(patch=(10, 12), cells=(3, 4), size=None, overlap=0.5, margin=0.2):
        return Grid(dots(patch), rows=cells[0], cols=cells[1], size=size, overlap=overlap, margin=margin)

    return made


def drawn(renderer, layers, dtype=torch.float32):
    return renderer.initial(2, layers, torch.Generator().manual_seed(3)).to(dtype)


def documented_order(cells, spacing, layers):
    """(row, column) of every stroke: layers of phases, whose order turns about, and cells in raster order in each."""
    phases = [(i, j) for i in range(spacing[0]) for j in range(spacing[1])]
    order = []
    for layer in range(layers):
        for i, j in phases if layer % 2 == 0 else phases[::-1]:
            order += [
                (row, col)
                for row in range(cells[0])
                for col in range(cells[1])
                if row % spacing[0] == i and col % spacing[1] == j
            ]
    return order


def corners(grid, layers):
    """The top left corner of every stroke's patch, worked out anew from the sizes alone."""
    lattice = grid.lattice
    spacing = [math.ceil(patch / stride) for patch, stride in zip(lattice.patch, lattice.stride, strict=True)]
    order = documented_order(lattice.cells, spacing, layers)
    first = [
        -((patch - stride) // 2) - (count * stride - side) // 2  # centred on the canvas
        for patch, stride, count, side in zip(lattice.patch, lattice.stride, lattice.cells, lattice.size, strict=True)
    ]
    return [(first[0] + row * lattice.stride[0], first[1] + col * lattice.stride[1]) for row, col in order]


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
def test_any_canvas_is_covered_by_any_cells(cells, size, overlap, margin):
    grid = make(cells, size, overlap, margin)
    assert grid.size == size
    assert grid.lattice.cells == cells
    assert grid.cells == cells[0] * cells[1]
    canvas = grid(drawn(grid, 1))
    assert canvas.shape == (2, 3, *size)
    assert canvas.isfinite().all()


@pytest.mark.parametrize("size", [(1, 1), (17, 31), (64, 10)])
def test_without_rows_and_columns_there_are_as_many_as_are_needed(dots, size):
    grid = Grid(dots((10, 12)), size=size, overlap=0.5, margin=0.2)  # strides of 3 px
    assert grid.lattice.cells == (math.ceil(size[0] / 3), math.ceil(size[1] / 3))
    assert grid(drawn(grid, 1)).shape == (2, 3, *size)


def test_without_a_size_it_has_as_many_strides_as_cells(dotted):
    assert dotted(patch=(20, 30), cells=(3, 4), overlap=0.5, margin=0.2).size == (3 * 6, 4 * 9)
    assert dotted(patch=(20, 30), cells=(3, 4), overlap=0.0, margin=0.0).size == (60, 120)


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


def test_initial_strokes_are_so_many_a_cell(dotted):
    assert dotted(cells=(3, 4)).initial(2, 5).shape == (2, 60, 7)


def test_brush_and_cell_are_the_painters(dotted):
    grid = make((2, 2), (20, 30))
    assert grid.brush == grid.renderer.brush == "classic/dry_brush"
    assert grid.cell == grid.renderer.size[0] == grid.lattice.patch[0]
    assert dotted().brush is None


def test_options_go_to_the_painter_and_into_the_document():
    grid = make((2, 2), (20, 30), renderer="neural-splat", brush="classic/dry_brush")
    assert grid.spec["options"]["brush"] == "classic/dry_brush"
    assert grid.spec["name"] == "grid"


def test_a_batch_may_start_from_pictures(dotted, rand):
    grid = dotted()
    canvas = rand(2, 3, *grid.size)
    actions = drawn(grid, 1)
    actions[:, :, 0] = 0.0
    assert torch.equal(grid(actions, canvas), canvas)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"overlap": 1.0}, "overlap .* got 1.0"),
        ({"overlap": -0.1}, "overlap .* got -0.1"),
        ({"overlap": float("nan")}, "overlap .* got nan"),
        ({"margin": 0.5}, "margin .* got 0.5"),
        ({"margin": -0.1}, "margin .* got -0.1"),
        ({"margin": 0.01}, "margin 0.01 leaves strokes no room to end"),
        ({"rows": 0}, "rows must be at least 1, got 0"),
        ({"cols": -2}, "cols must be at least 1, got -2"),
        ({"scale": 0}, "scale must be at least 1, got 0"),
        ({"scale": 1.5}, "scale"),
        ({"size": (0, 5)}, r"size .* got \(0, 5\)"),
        ({"rows": None}, "rows and cols, or a size"),
        ({"rows": None, "cols": None}, "rows and cols, or a size"),
        ({"brush": "no/brush"}, "no/brush.*classic/dry_brush"),
        ({"bristles": 3}, "bristles"),
        ({"renderer": "grid", "size": (20, 20)}, "wraps stroke renderers; 'grid' is a Grid"),
    ],
    ids=str,
)
def test_bad_arguments_are_explained(options, said):
    with pytest.raises(ValueError, match=said):
        Grid(**{"rows": 2, "cols": 2, **options})


def test_an_unknown_painter_is_explained():
    with pytest.raises(PluginError, match=r"neural-spla.*did you mean 'neural-splat'"):
        Grid("neural-spla", rows=2, cols=2)


@pytest.mark.parametrize(("options", "said"), [({"brush": "a/b"}, "brush"), ({"scale": 2}, "scale")])
def test_a_painter_that_is_made_already_takes_no_options(dots, options, said):
    with pytest.raises(ValueError, match=f"{said}: only for a renderer that is given by its name"):
        Grid(dots(), rows=2, cols=2, **options)


def test_a_renderer_that_paints_no_strokes_is_refused():
    class Flat(Renderer):
        action_names = ("red",)
        size = (8, 8)

        def forward(self, actions, canvas=None):
            return self.check(actions, canvas)

    with pytest.raises((ValueError, TypeError), match="stroke renderers"):
        Grid(Flat(), rows=2, cols=2)


def test_too_few_cells_say_how_many_are_needed(dotted):
    with pytest.raises(ValueError, match=r"2 x 3 cells cannot cover 40 x 10 px.*so 14 x 4 are needed"):
        dotted(patch=(10, 12), cells=(2, 3), size=(40, 10))


def test_strokes_are_whole_layers(dotted):
    with pytest.raises(ValueError, match=r"3 x 4 cells takes a multiple of 12 strokes.*got 13"):
        dotted(cells=(3, 4))(torch.rand(1, 13, 7))
