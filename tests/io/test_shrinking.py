"""Large pictures become small ones, strip by strip."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from diffpaint import read_image
from diffpaint.io import shrinking

PEAK = """
import resource, sys
from diffpaint import read_image
from PIL import Image
Image.new("RGBA", (8, 8)).save(sys.argv[2]); read_image(sys.argv[2], 4)  # what is imported when it is first used
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_image(sys.argv[1], 64)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.fixture
def slopes():
    """(H, W, 4) of uint8: red to the right, green downwards, opaque below."""
    height, width = 301, 403
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 0], picture[..., 1] = np.linspace(0, 255, width)[None], np.linspace(0, 255, height)[:, None]
    picture[height // 2 :, :, 3] = 255
    return picture


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK"])
@pytest.mark.parametrize(("size", "crop"), [((9, 12), False), ((10, 10), True), ((17, 5), True), ((50, 90), False)])
def test_strips_make_the_picture_that_one_resizing_makes(tmp_path, slopes, monkeypatch, mode, size, crop):
    Image.fromarray(slopes).convert("RGB" if mode == "CMYK" else "RGBA").convert(mode).save(tmp_path / "a.tiff")
    monkeypatch.setattr(shrinking, "FINER", 10_000)
    whole = read_image(tmp_path / "a.tiff", size, crop=crop)
    monkeypatch.setattr(shrinking, "FINER", 3)
    monkeypatch.setattr(shrinking, "STRIP", 5000)
    assert (read_image(tmp_path / "a.tiff", size, crop=crop) - whole).abs().max() < 6 / 255


def test_without_a_size_strips_change_nothing(tmp_path, slopes, monkeypatch):
    Image.fromarray(slopes).save(tmp_path / "a.png")
    whole = read_image(tmp_path / "a.png", alpha=True)
    monkeypatch.setattr(shrinking, "STRIP", 5000)
    assert torch.equal(read_image(tmp_path / "a.png", alpha=True), whole)
    assert torch.equal((255 * whole).round().byte()[0].permute(1, 2, 0)[200:], torch.tensor(slopes)[200:])


def test_what_is_transparent_lends_no_colour(tmp_path):
    picture = np.zeros((300, 300, 4), np.uint8)
    picture[:, ::2] = 255, 0, 0, 255
    picture[:, 1::2] = 0, 255, 0, 0
    Image.fromarray(picture).save(tmp_path / "a.png")
    read = read_image(tmp_path / "a.png", 6, alpha=True)
    assert (read[0, 0].min(), read[0, 1].max()) == (1, 0)
    assert read[0, 3].mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere peaks are counted otherwise, or not at all")
def test_memory_is_that_of_the_decoded_file(tmp_path):
    Image.new("RGBA", (4000, 4000)).save(tmp_path / "a.png", compress_level=1)
    command = [sys.executable, "-c", PEAK, tmp_path / "a.png", tmp_path / "b.png"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(run.stdout) < 1.3 * 4 * 4000**2
