"""Constraints in a grid: chains of strokes within cells, at any scale, and in what the engine draws."""

import itertools

import pytest
import torch

import diffpaint
from diffpaint import Painting, Pixel, paint
from diffpaint.constraints import constrain
from diffpaint_constraints import Connected, Fix, Greyscale, Limit, Palette
from diffpaint_mypaint import Brush, read_brush, replay

QUIET = {"device": "cpu", "progress": False}
COLORS = ((0.1, 0.2, 0.3), (0.9, 0.7, 0.2), (0.95, 0.95, 0.9))


def make_grid(scale=1):
    """2 x 3 cells that touch but do not overlap: 18 px a side at scale 1."""
    return diffpaint.load_renderer("grid", rows=2, cols=3, size=(36, 54), overlap=0.0, scale=scale)


@pytest.fixture(scope="module")
def picture():
    ramp = torch.linspace(0, 1, 54).expand(3, 36, 54).clone()
    ramp[1] = ramp[1].flip(1)
    ramp[2] = 0.3
    return ramp[None]


def table(document, *names):
    """Columns of a document's strokes, one number a stroke each."""
    columns = zip(*document["strokes"], strict=True)
    named = dict(zip(document["stroke_columns"], columns, strict=True))
    return [named[name] for name in names]


def assert_connected(document, scale):
    """Every stroke of a cell of 18 px starts where the last of the cell ended; the cell is where it ends."""
    last = {}
    for *start, x, y in zip(*table(document, "start_x", "start_y", "end_x", "end_y"), strict=True):
        cell = int(x // (18 * scale)), int(y // (18 * scale))
        assert last.get(cell, start) == start
        last[cell] = [x, y]
    assert sorted(last) == list(itertools.product(range(3), range(2)))


def test_the_stroke_before_is_of_the_same_cell():
    grid = make_grid()
    origins = grid.lattice.origins(3)
    before = grid.previous(18)
    assert before[:6] == [-1] * 6
    assert all(origins[before[index]] == origins[index] for index in range(6, 18))
    assert all(0 <= index // 6 - before[index] // 6 == 1 for index in range(6, 18))
    assert grid.previous(0) == []


def test_strokes_are_connected_within_their_cells(rand):
    grid = make_grid()
    actions = constrain(0.01 + 0.98 * rand(2, 18, 12), [Connected()], grid)
    ground = torch.ones(2, 3, *grid.size)
    painting = Painting(grid(actions), actions, grid, 0, ground)
    for index in range(2):
        assert_connected(painting[index].document(), 1)
        assert_connected(painting[index].rendered_by(make_grid(3)).document(), 3)


def test_a_painting_obeys_in_its_document_at_any_scale(picture):
    thin, grid = Limit("size", 0, 0.2), make_grid()
    constraints = [Greyscale(), thin, Fix("end_pressure", 0.0), Connected()]
    painting = paint(grid, Pixel(picture), strokes=3, steps=4, constraints=constraints, **QUIET)
    assert painting.losses[-1] < painting.losses[0]
    free = torch.zeros(2, grid.cells, 12)
    free[1, :, 2] = 0.2
    for scale in (1, 3):
        large = make_grid(scale)
        document = painting.rendered_by(large).document()
        assert_connected(document, scale)
        red, green, blue, pressure, radius = table(document, "red", "green", "blue", "end_pressure", "radius")
        assert red == green == blue
        assert set(pressure) == {0.0}
        low, high = (large.strokes(ends)[1][0, 2].item() for ends in free)
        assert all(low - 1e-5 <= one <= high + 1e-5 for one in radius)


@pytest.mark.usefixtures("engine")
def test_a_grey_painting_is_drawn_grey_by_the_engine(picture):
    painting = paint(make_grid(), Pixel(picture), strokes=3, steps=3, constraints=[Greyscale()], **QUIET)
    drawn = replay(painting.document(), Brush(read_brush("classic/dry_brush")), 108).astype(int)
    assert drawn.min() < 200
    assert drawn.max(2).max() > drawn.min()
    assert (drawn.max(2) - drawn.min(2)).max() <= 1


@pytest.mark.usefixtures("engine")
def test_the_engine_is_handed_the_colours_of_the_palette_only(picture, monkeypatch):
    handed, set_color = [], Brush.set_color

    def watched(self, *color):
        handed.append(color)
        set_color(self, *color)

    monkeypatch.setattr(Brush, "set_color", watched)
    painting = paint(make_grid(), Pixel(picture), strokes=3, steps=6, constraints=[Palette(COLORS)], **QUIET)
    replay(painting.document(), Brush(read_brush("classic/dry_brush")))
    assert len(handed) == 18
    assert 1 < len(set(handed)) <= 3
    assert set(handed) <= set(COLORS)
