"""What the waves of photos are like, whose magnitudes ``fourier`` has: in the decorrelated channels of their logits."""

from pathlib import Path

import pytest
import torch

import diffpaint
from diffpaint_fourier import Fourier

pytestmark = pytest.mark.bench

PHOTOS = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.[pj][np]g"))
SIDE = 336  # px of the square in the middle
LEAST, MOST = 2, 134  # frequencies between which the slope is taken: what resizing leaves as it was


def waves(path):
    """Standard deviations, and slopes of the mean magnitudes against frequency, both logarithmic, of three channels."""
    photo = diffpaint.read_image(path, 512).double()
    top, left = ((side - min(photo.shape[2:])) // 2 for side in photo.shape[2:])
    side = min(photo.shape[2:])
    square = photo[:, :, top : top + side, left : left + side]
    square = torch.nn.functional.interpolate(square, (SIDE, SIDE), mode="bilinear", antialias=True).clamp(0.02, 0.98)
    channels = torch.einsum("ij,bjhw->bihw", Fourier((8, 8), 1).colors.inverse(), square.logit())[0]
    window = torch.hann_window(SIDE).double()
    even = (channels - channels.mean((1, 2), keepdim=True)) * window[:, None] * window
    frequency = torch.hypot(*torch.meshgrid(*[torch.fft.fftfreq(SIDE).double() * SIDE] * 2, indexing="ij"))
    ring = (frequency.log2() * 2).round()
    rings = [ring == number for number in ring.unique() if LEAST <= 2 ** (number / 2) <= MOST]
    magnitude = torch.fft.fft2(even).abs()
    heights = torch.stack([magnitude[:, at].mean(1).log() for at in rings])
    where = torch.stack([frequency[at].mean().log() for at in rings])
    where = where - where.mean()
    return channels.std((1, 2)), where @ heights / where.square().sum()


def test_photos_vary_by_two_and_fall_by_more_than_one_over_the_frequency(capsys):
    deviations, slopes = (torch.stack(found).mean(0) for found in zip(*map(waves, PHOTOS), strict=True))
    with capsys.disabled():
        for name, found in (("standard deviation", deviations), ("slope", slopes)):
            print(
                f"\n{name} of lightness and two hues, {len(PHOTOS)} photos: ", *(f"{one:.2f}" for one in found), end=""
            )
    assert 1.5 < deviations.mean() < 2.5
    assert -1.5 < slopes.mean() < -1.1
