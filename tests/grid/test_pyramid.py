"""The pyramid: grids on top of one another, as one renderer."""

import numpy as np
import pytest
import torch

import diffpaint
from diffpaint.io.document import read_document
from diffpaint_grid import Draft
from diffpaint_mypaint import Brush, read_brush, replay


@pytest.fixture
def actions(pyramid):
    return pyramid.initial(2, 2, torch.Generator().manual_seed(0))


def test_levels_halve_their_rows_and_columns(pyramid, actions):
    assert [grid.lattice.cells for grid in pyramid.grids] == [(1, 2), (2, 3), (4, 6)]
    assert pyramid.cells == 2 + 6 + 24
    assert actions.shape == (2, 2 * 32, 12)


def test_levels_lie_on_top_of_one_another(pyramid, actions):
    canvas = torch.rand(2, 3, 48, 70)
    wanted = canvas
    for grid, first, last in zip(pyramid.grids, (0, 4, 16), (4, 16, 64), strict=True):
        wanted = grid(actions[:, first:last], wanted)
    assert torch.equal(pyramid(actions, canvas), wanted)
    *_, frame = pyramid.frames(actions, canvas)
    torch.testing.assert_close(frame, wanted, atol=1e-5, rtol=0)


def test_one_level_is_the_grid(actions):
    one = diffpaint.load_renderer("pyramid", rows=4, cols=6, size=(48, 70), levels=1)
    grid = diffpaint.load_renderer("grid", rows=4, cols=6, size=(48, 70))
    assert torch.equal(one(actions[:, :48]), grid(actions[:, :48]))


def test_chains_of_strokes_stay_in_their_cell(pyramid):
    before = pyramid.previous(64)
    assert before[:4] == [-1, -1, before[2], before[3]]
    assert before.count(-1) == pyramid.cells
    assert all(index < place for place, index in enumerate(before))
    assert all(index >= 4 for index in before[4:16] if index >= 0)


def test_every_stroke_has_the_cell_of_its_level(pyramid, actions):
    names, table = pyramid.strokes(actions[0])
    assert names[-1] == "cell"
    assert table[:, -1].unique().tolist() == sorted(grid.cell for grid in pyramid.grids)
    assert table[0, -1] > table[-1, -1] == pyramid.cell


@pytest.mark.usefixtures("engine")
def test_a_painting_is_saved_loaded_and_replayed(pyramid, photo, tmp_path):
    painting = diffpaint.paint(
        pyramid, diffpaint.Pixel(photo), actions=Draft()(pyramid, photo, 3), steps=20, device="cpu", progress=False
    )
    painting.save(tmp_path / "painting.json")
    again = diffpaint.Painting.load(tmp_path / "painting.json")
    torch.testing.assert_close(again.canvas, painting.canvas, atol=1e-5, rtol=0)
    document = read_document(tmp_path / "painting.json")
    drawn = torch.from_numpy(np.array(replay(document, Brush(read_brush(document["brush"]))))).movedim(2, 0) / 255
    assert (drawn - photo[0]).square().mean() < 0.25 * (1 - photo[0]).square().mean()
    document["strokes"][0][-1] = 0
    with pytest.raises(ValueError, match=r"cell that is not from 0\.001"):
        replay(document, Brush(read_brush(document["brush"])))


def test_a_larger_scale_shows_the_same_picture(pyramid, actions):
    large = diffpaint.load_renderer("pyramid", rows=4, cols=6, size=(48, 70), levels=3, scale=3)
    shrunk = torch.nn.functional.avg_pool2d(large(actions), 3)
    assert (shrunk - pyramid(actions)).abs().mean() < 3 / 255


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levels": 0}, "levels must be at least 1, got 0"),
        ({"levels": 4}, "4 x 4 cells can be halved to at most 3 levels, got 4"),
        ({"overlap": 1.0}, "overlap"),
        ({"renderer": "cppn"}, "a grid wraps stroke renderers"),
        ({"renderer": diffpaint.load_renderer("neural-splat")}, "takes the name of a stroke renderer"),
    ],
)
def test_bad_arguments_are_explained(options, said):
    with pytest.raises(ValueError, match=said):
        diffpaint.load_renderer("pyramid", **{"rows": 4, "cols": 4, "size": (32, 32)} | options)


def test_strokes_are_as_many_in_every_cell(pyramid):
    with pytest.raises(ValueError, match=r"1 x 2 \+ 2 x 3 \+ 4 x 6 cells takes a multiple of 32 strokes.*got 33"):
        pyramid(torch.rand(1, 33, 12))
