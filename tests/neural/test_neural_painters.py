"""neural-vae, neural-gan and neural-dabs, whatever their weights: conformance, rasters, and noise that stays put."""

import pytest
import torch
from torch.nn import functional

import diffpaint
from diffpaint.testing import RendererConformance
from diffpaint_neural.dabs import DabsNetwork
from diffpaint_neural.noise import ROWS, NoiseTable
from diffpaint_neural.raster import resample

KINDS = {"vae": {}, "gan": {}, "gan with noise": {"noise": 3}, "dabs": {}}
NOISY, RASTER = ["gan with noise", "dabs"], ["vae", "gan", "gan with noise"]


@pytest.fixture
def load(untrained):
    """``load("gan with noise", size=...)``: a painter of weights that nobody trained."""

    def load_kind(kind, **options):
        painter = kind.partition(" ")[0]
        return diffpaint.load_renderer(f"neural-{painter}", brush=untrained(painter, **KINDS[kind]), **options)

    return load_kind


@pytest.fixture
def actions(rand):
    return rand(40, 12)


def alpha_of(painter, actions, numbers=None):
    numbers = torch.arange(len(actions)) if numbers is None else torch.as_tensor(numbers).expand(len(actions))
    with torch.no_grad():
        return painter.stroke_numbered(actions, numbers)[1][:, 0]


class TestVAE(RendererConformance):
    @pytest.fixture
    def renderer(self, load):
        return load("vae", size=(16, 16))


class TestGAN(RendererConformance):
    @pytest.fixture
    def renderer(self, load):
        return load("gan", size=(16, 16))


class TestGANWithNoise(RendererConformance):
    @pytest.fixture
    def renderer(self, load):
        return load("gan with noise", size=(20, 20), seed=3)


class TestDabs(RendererConformance):
    @pytest.fixture
    def renderer(self, load):
        return load("dabs", size=(16, 28))


class TestGridOfDabs(RendererConformance):
    strokes = 1

    @pytest.fixture
    def renderer(self, untrained):
        dabs = {"renderer": "neural-dabs", "brush": untrained("dabs")}
        return diffpaint.load_renderer("grid", rows=1, cols=2, size=(10, 17), **dabs)


@pytest.mark.parametrize("kind", KINDS)
def test_colour_is_the_actions_own_and_alpha_knows_nothing_of_it(load, actions, kind):
    painter = load(kind)
    color, alpha = painter.stroke(actions)
    assert torch.equal(color[:, :, 0, 0], actions[:, 3:6])
    assert alpha.std(0).amax() > 0.01  # strokes of different actions differ
    actions[:, 3:6] = 0
    assert torch.equal(alpha, painter.stroke(actions)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_say_what_the_painter_is(load, kind):
    painter = load(kind, size=(8, 8))
    assert (painter.brush, painter.radius, painter.reach, painter.size) == ("mine", (1.0, 8.0), 2.0, (8, 8))


@pytest.mark.parametrize("kind", RASTER)
def test_painters_of_a_raster_refuse_canvases_that_are_not_square(load, kind):
    said = f"neural-{kind[:3]} paints square canvases, got 24 x 30; a grid of it has any shape"
    with pytest.raises(ValueError, match=said):
        load(kind, size=(24, 30))


def test_a_grid_of_a_painter_of_a_raster_has_any_shape(untrained):
    grid = diffpaint.load_renderer("grid", renderer="neural-vae", brush=untrained("vae"), rows=1, cols=2, size=(20, 33))
    assert grid(grid.initial(1, 1)).shape == (1, 3, 20, 33)


@pytest.mark.parametrize("kind", RASTER)
@pytest.mark.parametrize("side", [24, 100])
def test_another_size_is_the_raster_of_64_resampled(load, actions, kind, side):
    raster, other = (alpha_of(load(kind, size=(size, size)), actions[:6]) for size in (64, side))
    torch.testing.assert_close(other, resample(raster, (side, side)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("side", [4, 24, 32, 64, 100, 128])
def test_resampling_moves_nothing_and_averages_where_it_gets_smaller(rand, side):
    pixel = torch.arange(64) + 0.5
    blob = torch.exp(-((pixel - 24) / 8).square() - ((pixel[:, None] - 40) / 8).square())
    grain = (rand(64, 64) > 0.5).float()
    seen, flat = resample(torch.stack([blob, grain]), (side, side))
    centres = (torch.arange(side) + 0.5) * 64 / side
    assert seen.mean().item() == pytest.approx(blob.mean().item(), rel=0.05)
    assert ((seen.sum(0) * centres).sum() / seen.sum()).item() == pytest.approx(24, abs=0.5)
    assert ((seen.sum(1) * centres).sum() / seen.sum()).item() == pytest.approx(40, abs=0.5)
    assert flat.amin() >= 0
    assert flat.amax() <= 1
    assert flat.std() < {4: 0.06, 24: 0.25, 32: 0.3}.get(side, 0.51)  # pixels that were skipped would give 0.5


def test_dabs_are_the_same_on_a_larger_raster(load, actions):
    small, large = (alpha_of(load("dabs", size=size), actions) for size in ((64, 64), (192, 192)))
    assert small.mean() > 5 / 255
    assert (functional.avg_pool2d(large[:, None], 3)[:, 0] - small).abs().mean() < 0.5 / 255


def test_dabs_lie_around_the_curve(load, actions):
    """Whatever the network says: with no weights to speak of they are thrown around the Bezier."""
    actions[:, 6:] = actions[:, 6:8].repeat(1, 3)  # start, control and end at one place
    alpha = alpha_of(load("dabs"), actions)
    centres = (torch.arange(64) + 0.5) / 64
    x, y = ((alpha.sum(axis) * centres).sum(1) / alpha.sum((1, 2)) for axis in (1, 2))
    inside = ((actions[:, 6:8] - 0.5).abs() < 0.3).all(1)
    assert inside.sum() > 5
    assert (torch.stack([x, y], 1) - actions[:, 6:8])[inside].abs().median() < 3 / 64


def test_gradients_reach_every_number_of_an_action_through_dabs(load, actions):
    actions.requires_grad_()
    load("dabs")(actions[None]).square().sum().backward()
    assert actions.grad.isfinite().all()
    assert (actions.grad.abs().amax(0) > 1e-3).all()


def test_dabs_need_noise(actions):
    with pytest.raises(ValueError, match="pass noise"):
        DabsNetwork((1.0, 8.0))(actions)


@pytest.mark.parametrize("kind", NOISY)
def test_the_seed_is_what_strokes_differ_by(load, actions, kind):
    first, same, other = (alpha_of(load(kind, seed=seed), actions) for seed in (5, 5, 6))
    assert torch.equal(first, same)
    assert ((first - other).abs().amax((1, 2)) > 1e-3).all()


@pytest.mark.parametrize("kind", NOISY)
def test_a_stroke_differs_with_its_number(load, actions, kind):
    painter, same = load(kind), actions[:1].expand(40, -1)
    drawn = alpha_of(painter, same)
    assert (torch.pdist(drawn.flatten(1)) > 1e-2).all()
    torch.testing.assert_close(drawn[[7]], alpha_of(painter, actions[:1], 7), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_without_noise_numbers_and_seeds_mean_nothing(load, actions, kind):
    drawn = alpha_of(load(kind, seed=0), actions)
    assert torch.equal(drawn, alpha_of(load(kind, seed=1), actions, 7))


@pytest.mark.parametrize("kind", NOISY)
def test_strokes_are_the_same_in_whichever_company(load, rand, kind):
    painter, actions = load(kind, size=(16, 16)), rand(2, 41, 12)
    painter.strokes_at_once = 32
    with torch.no_grad():
        whole = painter.stack(actions)[1]
        numbers = torch.arange(actions.shape[1])
        parts = [painter.stack(actions[:, some], some)[1] for some in numbers.split(6)]
        shifted = painter.stack(actions, numbers + 1)[1]
        canvas = painter(actions)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(painter(actions.requires_grad_()), canvas, atol=1e-5, rtol=0)
    assert (whole - shifted).abs().amax((2, 3, 4)).amin() > 1e-4
    for frame in painter.frames(actions):
        last = frame
    torch.testing.assert_close(last, canvas, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", NOISY)
def test_a_grid_draws_the_same_strokes_on_every_way(untrained, kind):
    painter = kind.partition(" ")[0]
    weights = untrained(painter, **KINDS[kind])
    grid = diffpaint.load_renderer(
        "grid", renderer=f"neural-{painter}", brush=weights, rows=2, cols=2, size=(20, 20), overlap=0.5
    )
    actions = grid.initial(2, 3, torch.Generator().manual_seed(0))
    followed = grid(actions.requires_grad_()).detach()
    with torch.no_grad():
        torch.testing.assert_close(grid(actions), followed, atol=1e-5, rtol=0)
    for frame in grid.frames(actions):
        last = frame
    torch.testing.assert_close(last, followed, atol=1e-5, rtol=0)
    # each of the four cells draws a stroke of the same action otherwise
    alike = grid.renderer.stack(actions[:, :1].expand(-1, 4, -1))[1]
    assert (alike[:, 1:] - alike[:, :1]).abs().amax((2, 3, 4)).amin() > 1e-4


def test_noise_is_normal_and_begins_anew_after_its_last_row():
    table = NoiseTable(6, seed=4)
    rows = table(torch.arange(ROWS))
    assert rows.shape == (ROWS, 6)
    assert abs(rows.mean()) < 0.05
    assert abs(rows.std() - 1) < 0.05
    assert len(rows.unique(dim=0)) == ROWS
    assert torch.equal(table(torch.tensor([3, ROWS + 3])), rows[[3, 3]])
    assert not table.state_dict()  # it is no part of any weights


@pytest.mark.parametrize(("asked", "given"), [("vae", "gan"), ("gan", "dabs"), ("dabs", "vae"), ("dabs", "splat")])
def test_weights_of_another_painter_are_refused(untrained, asked, given):
    with pytest.raises(ValueError, match=f"holds weights of neural-{given}, wanted neural-{asked}"):
        diffpaint.load_renderer(f"neural-{asked}", brush=untrained(given))
    with pytest.raises(ValueError, match=rf"safetensors is damaged: it does not fit neural-{asked} "):
        diffpaint.load_renderer(f"neural-{asked}", brush=untrained(given, named=asked))
