"""A picture whose decoder would take too much memory is refused before it is decoded."""

import numpy as np
import pytest
from PIL import Image, features

from diffpaint import read_image
from diffpaint.io import held, png
from diffpaint.io.images import read_size

SIDE = 200  # px
PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 4), np.uint8))


def saved(path, mode="RGB", **options):
    PHOTO.convert(mode).save(path, **options)
    return path


def refused(path):
    for read in (read_image, read_size):
        with pytest.raises(
            ValueError,
            match=r"decoding the .* megapixels of this .* takes .* GB, and .* are allowed; .* plain JPEG or PNG$",
        ):
            read(path)
    return True


def allow(monkeypatch, bytes_a_pixel):
    monkeypatch.setattr(held, "MOST_HELD", bytes_a_pixel * SIDE**2)


@pytest.mark.parametrize(
    ("ending", "mode", "options", "least"),
    [
        *(("webp", "RGB", {}, 16), ("png", "RGBA", {}, 4), ("png", "L", {}, 2), ("bmp", "RGB", {}, 4)),
        *(("jpg", "RGB", {"progressive": True}, 10), ("jpg", "L", {"progressive": True}, 6)),
        *(("jpg", "RGB", {}, 0), ("tif", "RGB", {"compression": "tiff_lzw"}, 4), ("gif", "P", {}, 2)),
    ],
)
def test_what_a_decoder_holds_decides(tmp_path, monkeypatch, ending, mode, options, least):
    path = saved(tmp_path / f"a.{ending}", mode, **options)
    allow(monkeypatch, least)
    assert read_image(path, 20).shape == (1, 3, 20, 20)
    allow(monkeypatch, least - 1)
    assert least == 0 or refused(path)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_formats_whose_decoders_copy_are_counted_so(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.avif")
    allow(monkeypatch, 11)
    refused(path)


def test_what_is_read_in_rows_is_not_held(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png")
    allow(monkeypatch, 1)
    monkeypatch.setattr(png, "LARGE", 0)
    assert read_image(path, 20).shape == (1, 3, 20, 20)


def test_no_picture_that_is_read_takes_more_than_two_gigabytes():
    assert held.MOST_HELD + 0.5e9 <= 2e9
