import math

import pytest
import torch

import diffpaint
import diffpaint_lucent  # noqa: F401  before lucent: it silences what kornia warns of when it is imported
from diffpaint_fourier import Fourier

# isort: split
from lucent.optvis.param.color import color_correlation_normalized
from lucent.optvis.param.spatial import rfft2d_freqs

SIZES = [(24, 24), (21, 34), (40, 17)]


def drawn(renderer, batch=1, seed=0):
    return renderer.initial(batch, generator=torch.Generator().manual_seed(seed)).double()


def spectrum(renderer, actions):
    """Magnitudes of the waves that cosines make up, of the three decorrelated channels, by FFT of the canvas."""
    logits = renderer(actions).logit()
    channels = torch.einsum("ij,bjhw->bihw", renderer.colors.inverse(), logits)
    return channels, torch.fft.fft2(channels, norm="forward").abs()[0]


def test_colours_are_lucents():
    torch.testing.assert_close(Fourier((8, 8)).colors.float(), torch.as_tensor(color_correlation_normalized))


@pytest.mark.parametrize("size", SIZES)
def test_magnitudes_are_one_over_the_frequency_whatever_the_phases(size):
    renderer = Fourier(size, waves=8, decay=1.0)
    rows, columns = torch.meshgrid(*(torch.fft.fftfreq(side) * side for side in size), indexing="ij")
    frequency = torch.hypot(rows * min(size) / size[0], columns * min(size) / size[1]).double()
    there = (rows.abs() <= 8) & (columns.abs() <= 8) & (frequency > 0)
    for seed in range(3):
        found = spectrum(renderer, drawn(renderer, seed=seed))[1]
        scaled = (found * frequency.clamp(min=1))[:, there]
        torch.testing.assert_close(scaled, scaled[:1, :1].expand_as(scaled))
        assert found[:, ~there & (frequency > 0)].max() < 1e-9


def test_on_a_square_they_fall_as_lucents_do():
    renderer = Fourier((32, 32), waves=15, decay=1.0)
    found = spectrum(renderer, drawn(renderer))[1][0, :, :16]
    wanted = 1 / torch.as_tensor(rfft2d_freqs(32, 32)[:, :16]).clamp(min=1 / 32)
    ratio = (found / wanted).flatten()[1:]  # without the mean, whose sign is its phase
    ratio = ratio[ratio > 1e-9]  # and without the finest, which runs 16 times
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("decay", [0.0, 1.0, 1.5])
def test_every_channel_varies_by_two(size, decay):
    renderer = Fourier(size, waves=8, decay=decay)
    channels, _ = spectrum(renderer, drawn(renderer))
    torch.testing.assert_close(channels.std((2, 3), correction=0), torch.full((1, 3), 2.0).double())


def test_another_size_shows_the_same_picture():
    small, large = Fourier((32, 48), waves=6), Fourier((96, 144), waves=6)
    actions = drawn(small)
    torch.testing.assert_close(large(actions)[..., ::3, ::3], small(actions))


def test_waves_too_fine_for_the_pixels_are_fixed_and_left_out():
    fine, coarse = Fourier((12, 10), waves=9), Fourier((12, 10), waves=4)
    assert "phase_0_5_0" not in fine.fixed  # 11 px hold five
    assert {"phase_0_6_0", "phase_2_-6_1", "phase_1_0_5"} <= set(fine.fixed)
    assert not coarse.fixed
    actions = drawn(fine).requires_grad_()
    (gradient,) = torch.autograd.grad((fine(actions) * torch.rand(12, 10)).sum(), actions)
    still = [name for name, slope in zip(fine.action_names, gradient[0, 0], strict=True) if slope == 0]
    assert set(still) == set(fine.fixed)


def test_a_phase_moves_a_wave_and_comes_round():
    renderer = Fourier((16, 16), waves=3)
    actions = drawn(renderer)
    turned = (actions.logit() + 2 * math.pi).sigmoid()
    torch.testing.assert_close(renderer(turned), renderer(actions))
    # a quarter of the way across, of every wave by how often it runs across: the picture, shifted
    across = torch.tensor([int(name.rpartition("_")[2]) for name in renderer.action_names])
    shifted = (actions.logit() + math.pi / 2 * across).sigmoid()
    torch.testing.assert_close(renderer(shifted), renderer(actions).roll(-4, 3))


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (6, 1)])
def test_a_side_of_one_pixel_has_no_waves_along_it(size):
    renderer = Fourier(size, waves=3)
    assert renderer(drawn(renderer)).isfinite().all()


def test_it_paints_a_photo(rand):
    target = diffpaint.read_image("tests/data/chelsea.jpg", (48, 64))
    settings = {"steps": 40, "device": "cpu", "progress": False}
    painting = diffpaint.paint(Fourier((48, 64), waves=23), diffpaint.Pixel(target), **settings)
    assert painting.losses[-1] < 0.25 * painting.losses[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"waves": 0}, "waves must be at least 1, got 0"),
        ({"waves": 401}, "waves must be at most 400, got 401"),
        ({"decay": float("nan")}, "decay is from 0 to 4, got nan"),
        ({"size": (8, 0)}, "size is"),
    ],
)
def test_bad_options_are_explained(options, said):
    with pytest.raises(ValueError, match=said):
        Fourier(**options)


def test_several_strokes_are_explained():
    renderer = Fourier((8, 8), waves=2)
    with pytest.raises(ValueError, match=r"one action is a whole picture, .*got \(1, 2, 39\)"):
        renderer(torch.rand(1, 2, 39))
