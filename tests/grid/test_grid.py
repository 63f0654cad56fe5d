"""The grid: any canvas, any cells, any painter of strokes."""

import math

import pytest
import torch
from cells import SETTINGS, SHAPES, drawn, make

from diffpaint import PluginError, Renderer
from diffpaint_grid import Grid


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


@pytest.mark.parametrize("method", ["forward", "frames"])
def test_a_painter_that_composites_otherwise_is_refused(dots, method):
    other = type("Other", (dots,), {method: lambda self, actions, canvas=None: getattr(dots, method)(self, actions)})
    assert dots().stitches
    assert not other().stitches
    with pytest.raises(ValueError, match="a grid composites strokes by over; Other has a forward or frames of its own"):
        Grid(other(), rows=2, cols=2)


def test_too_few_cells_say_how_many_are_needed(dotted):
    with pytest.raises(ValueError, match=r"2 x 3 cells cannot cover 40 x 10 px.*so 14 x 4 are needed"):
        dotted(patch=(10, 12), cells=(2, 3), size=(40, 10))


def test_strokes_are_whole_layers(dotted):
    with pytest.raises(ValueError, match=r"3 x 4 cells takes a multiple of 12 strokes.*got 13"):
        dotted(cells=(3, 4))(torch.rand(1, 13, 7))
