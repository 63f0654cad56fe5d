"""The measure of a painter against the engine."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from diffpaint import StrokeRenderer
from diffpaint.renderer import STROKE_ACTION
from diffpaint_mypaint import Brush, alpha_masks, random_actions, read_brush
from diffpaint_neural.noise import ROWS
from diffpaint_neural.training.fidelity import APART, contact_sheet, measure

pytestmark = pytest.mark.usefixtures("engine")

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


class Drawing(Painter):
    """Another of many strokes for each number that it is given, and says which numbers those were.

    Args:
        strokes: (ACTIONS, D, 64, 64).
    """

    def __init__(self, strokes):
        super().__init__(strokes)
        self.asked = set()

    def stroke(self, actions):
        return self.stroke_numbered(actions, torch.arange(len(actions)))

    def stroke_numbered(self, actions, numbers):
        index = torch.cdist(actions.detach(), self.known).argmin(1)
        if not actions.requires_grad:  # what is timed does not count
            self.asked |= set(zip(index.tolist(), (numbers % ROWS).tolist(), strict=True))
        alpha = self.strokes_of[index, numbers % self.strokes_of.shape[1]]
        return actions[:, 3:6, None, None], (alpha + 0 * actions[:, :1, None])[:, None]


def known_actions():
    return torch.from_numpy(random_actions(ACTIONS, np.random.default_rng([SEED, APART])))


def fidelity_of(painter, **settings):
    usual = {"brush": read_brush("classic/dry_brush"), "oversample": 1, "actions": ACTIONS, "draws": DRAWS}
    return measure(painter, **usual | settings)


@pytest.fixture(scope="module")
def drawn():
    """101 draws of each action, other draws than those of ``measure``; (ACTIONS, 101, 64, 64)."""
    brush = Brush(read_brush("classic/dry_brush"))
    alpha_masks(random_actions(7, np.random.default_rng(0)), brush)  # uses up randomness
    strokes = alpha_masks(np.repeat(known_actions().numpy(), 101, axis=0), brush)
    return torch.from_numpy(strokes).float().unflatten(0, (ACTIONS, 101)) / 255


@pytest.fixture(scope="module")
def mean(drawn):
    return drawn.mean(1)


@pytest.fixture(scope="module")
def fidelity(mean):
    return fidelity_of(Painter(mean), seed=SEED)


def test_the_mean_stroke_has_no_gap(fidelity):
    assert abs(fidelity.gap) < 0.15
    assert fidelity.gap == fidelity.irreducible_psnr - fidelity.psnr
    assert 15 < fidelity.psnr < 35
    assert abs(fidelity.mae - fidelity.irreducible_mae) < 0.5


def test_two_draws_differ_by_more_than_a_draw_and_the_mean(fidelity):
    assert fidelity.two_draws_mae > 1.1 * fidelity.irreducible_mae
    assert fidelity.irreducible_mae > 2


def test_a_painter_that_is_wrong_has_a_gap(fidelity, mean):
    paler, moved = fidelity_of(Painter(0.8 * mean), seed=SEED), fidelity_of(Painter(mean.roll(3, 2)), seed=SEED)
    for wrong in (paler, moved):
        assert wrong.gap > fidelity.gap + 0.5
        assert wrong.mae > fidelity.mae
        assert wrong.irreducible_psnr == fidelity.irreducible_psnr
        assert wrong.two_draws_mae == fidelity.two_draws_mae


def test_a_painter_of_real_draws_has_the_engines_grain_and_spread(fidelity, drawn):
    real = fidelity_of(Drawing(drawn), seed=SEED)
    assert real.texture == pytest.approx(1, abs=0.05)
    assert real.spread == pytest.approx(1, abs=0.1)
    assert real.mae == pytest.approx(fidelity.two_draws_mae, rel=0.1)  # no closer to a draw than another draw
    assert real.gap == pytest.approx(3, abs=0.5)  # two variances instead of one
    assert real.irreducible_psnr == fidelity.irreducible_psnr


def test_each_of_the_draws_has_noise_of_its_own(drawn):
    """Noise repeats after ROWS numbers: those of one action must not meet again."""
    painter = Drawing(drawn)
    fidelity_of(painter, actions=16, draws=70, seed=SEED)
    assert len(painter.asked) == 16 * 70 > ROWS


def test_strokes_that_are_always_alike_have_no_spread(fidelity, drawn):
    same = fidelity_of(Painter(drawn[:, 0]), seed=SEED)
    assert fidelity.spread == same.spread == 0
    assert same.texture == pytest.approx(1, abs=0.15)
    assert fidelity.texture < 0.7


def test_grain_that_is_blurred_or_too_strong_is_found(mean, drawn):
    blurred = torch.nn.functional.avg_pool2d(mean, 9, 1, 4, count_include_pad=False)
    assert fidelity_of(Painter(blurred), seed=SEED).texture < 0.1
    noisy = (drawn + 0.3 * torch.randn(drawn.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    assert fidelity_of(Drawing(noisy), seed=SEED).texture > 1.2


def test_stray_paint_is_found(fidelity, mean):
    assert fidelity_of(Painter(torch.zeros(ACTIONS, 64, 64)), seed=SEED).stray == 0
    assert fidelity_of(Painter(torch.full((ACTIONS, 64, 64), 0.5)), seed=SEED).stray == pytest.approx(127.5)
    assert fidelity.stray < 0.5


def test_a_measure_is_the_same_twice_but_for_the_time(fidelity, mean):
    times = {"forward_ms", "backward_ms"}
    first, second = (
        {k: v for k, v in t.figures().items() if k not in times}
        for t in (fidelity, fidelity_of(Painter(mean), seed=SEED))
    )
    assert first == second
    assert fidelity.forward_ms > 0
    assert fidelity.backward_ms > 0


def test_the_strokes_are_in_no_data_set():
    measured = known_actions().numpy()
    for seed in (0, SEED):
        for shard in range(3):
            drawn = random_actions(50, np.random.default_rng([seed, shard]))
            assert not (drawn[:, None] == measured[None]).any()


def test_figures_are_plain_values_and_the_table_shows_them(fidelity):
    figures = fidelity.figures()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["gap"] == fidelity.gap
    assert (figures["actions"], figures["draws"]) == (ACTIONS, DRAWS)
    assert f"{fidelity.psnr:.2f} dB" in fidelity.table()
    assert f"{fidelity.two_draws_mae:.2f} / 255" in fidelity.table()
    assert {"texture", "spread"} < set(figures)
    assert re.search(rf"texture ratio +{fidelity.texture:.2f}\n", fidelity.table())
    assert re.search(r"spread between draws +0.00 of the engine's\n", fidelity.table())


def test_an_odd_number_of_draws_is_measured_too(fidelity, mean):
    odd = fidelity_of(Painter(mean), draws=5, seed=SEED)
    assert odd.two_draws_mae == pytest.approx(fidelity.two_draws_mae, rel=0.2)


@pytest.mark.parametrize("settings", [{"actions": 0}, {"draws": 1}, {"draws": 0}, {"oversample": 0}])
def test_counts_out_of_range_are_refused(mean, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        fidelity_of(Painter(mean), seed=SEED, **settings)


def test_a_brush_without_randomness_is_measured(mean):
    """classic/knife draws the same stroke every time: its irreducible error is zero."""
    fidelity = fidelity_of(Painter(mean), brush=read_brush("classic/knife"), seed=SEED)
    assert fidelity.two_draws_mae == 0
    assert fidelity.psnr < 30
    assert fidelity.gap > 30
    json.dumps(fidelity.figures(), allow_nan=False)


def test_a_perfect_painter_of_a_brush_without_randomness_is_measured():
    strokes = alpha_masks(known_actions().numpy(), "classic/knife")
    fidelity = fidelity_of(
        Painter(torch.from_numpy(strokes).float() / 255), brush=read_brush("classic/knife"), seed=SEED
    )
    assert fidelity.mae == 0
    assert fidelity.gap == 0
    json.dumps(fidelity.figures(), allow_nan=False)


def test_the_contact_sheet_shows_real_mean_and_painted(tmp_path):
    rows, cols = 2, 3
    chosen = random_actions(rows * cols, np.random.default_rng([SEED, APART]))
    drawn = alpha_masks(np.repeat(chosen, 32, axis=0), "classic/charcoal").reshape(rows, cols, 32, 64, 64)
    painter = Painter(torch.full((ACTIONS, 64, 64), 0.2))
    contact_sheet(
        painter,
        tmp_path / "sheet.png",
        brush=read_brush("classic/charcoal"),
        oversample=1,
        rows=rows,
        cols=cols,
        seed=SEED,
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


def test_a_brush_that_draws_nothing_is_refused(mean):
    """Dieterle/8B_Pencil#1 lays paint only under a tilted pen."""
    with pytest.raises(ValueError, match="strokes of Dieterle/8B_Pencil#1 are all blank"):
        fidelity_of(Painter(mean), brush=read_brush("Dieterle/8B_Pencil#1"), seed=SEED)


def test_no_figure_of_a_brush_that_covers_everything_is_nan(mean):
    """No pixel is blank, and none has grain."""
    ink = {"base_value": 0.0, "inputs": {}}
    flood = {"opaque": ink | {"base_value": 2.0}, "opaque_multiply": ink | {"base_value": 2.0}}
    radius = {"base_value": 4.0, "inputs": {"pressure": [[0, 4], [1, 4]]}}
    file = replace(read_brush("classic/knife"), settings=flood | {"radius_logarithmic": radius})
    figures = fidelity_of(Painter(mean), brush=file, seed=SEED).figures()
    assert all(math.isfinite(value) for value in figures.values()), figures
