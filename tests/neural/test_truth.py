"""The measure of a painter against the engine."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from diffpaint import STROKE_ACTION, StrokeRenderer
from diffpaint_mypaint import Brush, alpha_masks, random_actions, read_brush
from diffpaint_neural.training.truth import APART, contact_sheet, measure

ACTIONS, DRAWS, SEED = 20, 12, 5


class Painter(StrokeRenderer):
    """Looks its strokes up: those of ``measure`` are the only actions that it knows.

    Args:
        strokes: (ACTIONS, 64, 64), what it paints.
    """

    action_names, size, radius, brush = STROKE_ACTION, (64, 64), (1.0, 8.0), "classic/dry_brush"

    def __init__(self, strokes):
        super().__init__()
        self.known, self.strokes_of = known_actions(), strokes

    def stroke(self, actions):
        index = torch.cdist(actions.detach(), self.known).argmin(1)
        return actions[:, 3:6, None, None], (self.strokes_of[index] + 0 * actions[:, :1, None])[:, None]


def known_actions():
    return torch.from_numpy(random_actions(ACTIONS, np.random.default_rng([SEED, APART])))


def truth_of(painter, **settings):
    return measure(painter, **{"brush": painter.brush, "oversample": 1, "actions": ACTIONS, "draws": DRAWS} | settings)


@pytest.fixture(scope="module")
def mean():
    """Means of 100 draws of each action, other draws than those of ``measure``."""
    brush = Brush(read_brush("classic/dry_brush"))
    alpha_masks(random_actions(7, np.random.default_rng(0)), brush)  # uses up randomness
    strokes = alpha_masks(np.repeat(known_actions().numpy(), 100, axis=0), brush)
    return torch.from_numpy(strokes).float().unflatten(0, (ACTIONS, 100)).mean(1) / 255


@pytest.fixture(scope="module")
def truth(mean):
    return truth_of(Painter(mean), seed=SEED)


def test_the_mean_stroke_has_no_gap(truth):
    assert abs(truth.gap) < 0.15
    assert truth.gap == truth.irreducible_psnr - truth.psnr
    assert 15 < truth.psnr < 35
    assert abs(truth.mae - truth.irreducible_mae) < 0.5


def test_two_draws_differ_by_more_than_a_draw_and_the_mean(truth):
    assert truth.two_draws_mae > 1.1 * truth.irreducible_mae
    assert truth.irreducible_mae > 2


def test_a_painter_that_is_wrong_has_a_gap(truth, mean):
    paler, moved = truth_of(Painter(0.8 * mean), seed=SEED), truth_of(Painter(mean.roll(3, 2)), seed=SEED)
    for wrong in (paler, moved):
        assert wrong.gap > truth.gap + 0.5
        assert wrong.mae > truth.mae
        assert wrong.irreducible_psnr == truth.irreducible_psnr
        assert wrong.two_draws_mae == truth.two_draws_mae


def test_stray_paint_is_found(truth, mean):
    assert truth_of(Painter(torch.zeros(ACTIONS, 64, 64)), seed=SEED).stray == 0
    assert truth_of(Painter(torch.full((ACTIONS, 64, 64), 0.5)), seed=SEED).stray == pytest.approx(127.5)
    assert truth.stray < 0.5


def test_a_measure_is_the_same_twice_but_for_the_time(truth, mean):
    times = {"forward_ms", "backward_ms"}
    first, second = (
        {k: v for k, v in t.figures().items() if k not in times} for t in (truth, truth_of(Painter(mean), seed=SEED))
    )
    assert first == second
    assert truth.forward_ms > 0
    assert truth.backward_ms > 0


def test_the_strokes_are_in_no_data_set():
    measured = known_actions().numpy()
    for seed in (0, SEED):
        for shard in range(3):
            drawn = random_actions(50, np.random.default_rng([seed, shard]))
            assert not (drawn[:, None] == measured[None]).any()


def test_figures_are_plain_values_and_the_table_shows_them(truth):
    figures = truth.figures()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["gap"] == truth.gap
    assert (figures["actions"], figures["draws"]) == (ACTIONS, DRAWS)
    assert f"{truth.psnr:.2f} dB" in truth.table()
    assert f"{truth.two_draws_mae:.2f} / 255" in truth.table()


def test_an_odd_number_of_draws_is_measured_too(truth, mean):
    odd = truth_of(Painter(mean), draws=5, seed=SEED)
    assert odd.two_draws_mae == pytest.approx(truth.two_draws_mae, rel=0.2)


@pytest.mark.parametrize("settings", [{"actions": 0}, {"draws": 1}, {"draws": 0}, {"oversample": 0}])
def test_counts_out_of_range_are_refused(mean, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        truth_of(Painter(mean), seed=SEED, **settings)


def test_a_brush_without_randomness_is_measured(mean):
    """classic/knife draws the same stroke every time: its irreducible error is zero."""
    truth = truth_of(Painter(mean), brush="classic/knife", seed=SEED)
    assert truth.two_draws_mae == 0
    assert truth.psnr < 30
    assert truth.gap > 30
    json.dumps(truth.figures(), allow_nan=False)


def test_a_perfect_painter_of_a_brush_without_randomness_is_measured():
    strokes = alpha_masks(known_actions().numpy(), "classic/knife")
    truth = truth_of(Painter(torch.from_numpy(strokes).float() / 255), brush="classic/knife", seed=SEED)
    assert truth.mae == 0
    assert truth.gap == 0
    json.dumps(truth.figures(), allow_nan=False)


def test_the_contact_sheet_shows_real_mean_and_painted(tmp_path):
    rows, cols = 2, 3
    chosen = random_actions(rows * cols, np.random.default_rng([SEED, APART]))
    drawn = alpha_masks(np.repeat(chosen, 32, axis=0), "classic/charcoal").reshape(rows, cols, 32, 64, 64)
    painter = Painter(torch.full((ACTIONS, 64, 64), 0.2))
    contact_sheet(
        painter, tmp_path / "sheet.png", brush="classic/charcoal", oversample=1, rows=rows, cols=cols, seed=SEED
    )
    sheet = np.asarray(Image.open(tmp_path / "sheet.png")).astype(float)
    assert sheet.shape == (rows * 70, cols * 198)
    for row in range(rows):
        for col in range(cols):
            framed = sheet[row * 70 : row * 70 + 70, col * 198 : col * 198 + 198]
            real, mean, painted = np.split(255 - framed[3:-3, 3:-3], 3, axis=1)
            assert abs(real - drawn[row, col, 0]).max() <= 1
            assert abs(mean - drawn[row, col].mean(0)).max() <= 1
            assert (painted == 51).all()
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
