"""Large TIFFs are read in bands, and are the same pictures."""

import numpy as np
import pytest
import torch
from PIL import Image, TiffImagePlugin
from tiffs import write

from diffpaint import read_image
from diffpaint.io import shrinking, tiff
from diffpaint.io.images import read_size


@pytest.fixture
def small_bands(monkeypatch):
    """``small_bands()``: TIFFs of any size are read in bands, of a few rows."""

    def begin():
        monkeypatch.setattr(tiff, "LARGE", 0)
        monkeypatch.setattr(shrinking, "STRIP", 3000)

    monkeypatch.setattr(shrinking, "STRIP", 3000)
    return begin


@pytest.fixture(scope="module")
def slopes():
    """(301, 203, 4) of uint8: red to the right, green downwards, noise, opaque below."""
    picture = np.random.default_rng(0).integers(0, 256, (301, 203, 4), np.uint8)
    picture[..., 0], picture[..., 1] = np.linspace(0, 255, 203)[None], np.linspace(0, 255, 301)[:, None]
    picture[150:, :, 3] = 255
    return picture


def same(path, begin, monkeypatch, size=None):
    """Read a file whole and in bands, and see that one is the other."""
    whole = read_image(path, size, alpha=True)
    begin()
    with Image.open(path) as image:
        assert tiff.in_bands(image)
    monkeypatch.setattr(Image.Image, "load", loaded := counted(Image.Image.load))
    assert torch.equal(read_image(path, size, alpha=True), whole)
    assert loaded.most <= 203 * 150  # px that were decoded at once
    assert read_size(path) == (301, 203)
    return whole


def counted(load):
    def counting(image):
        if image.format == "TIFF":
            counting.most = max(counting.most, image.width * image.height)
        return load(image)

    counting.most = 0
    return counting


@pytest.mark.parametrize("size", [None, 20, (10, 7)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("across", [None, 64])
@pytest.mark.parametrize("packed", [False, True])
def test_a_tiff_read_in_bands_is_the_same(tmp_path, slopes, small_bands, monkeypatch, size, order, across, packed):
    write(tmp_path / "a.tif", slopes, 32, across=across, packed=packed, order=order)
    read = same(tmp_path / "a.tif", small_bands, monkeypatch, size)
    if size is None:
        assert torch.equal((255 * read[0]).round().byte().permute(1, 2, 0), torch.tensor(slopes))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("across", [None, 48])
def test_16_bits_and_any_channels(tmp_path, slopes, small_bands, monkeypatch, order, channels, across):
    deep = slopes[..., :channels].astype(np.uint16) * 257
    write(tmp_path / "a.tif", deep, 16, across=across, order=order)
    same(tmp_path / "a.tif", small_bands, monkeypatch, 30)


@pytest.mark.parametrize("across", [None, 64])
def test_channels_one_after_another(tmp_path, slopes, small_bands, monkeypatch, across):
    write(tmp_path / "a.tif", slopes[..., :3], 32, across=across, planes=True)
    same(tmp_path / "a.tif", small_bands, monkeypatch)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "jpeg"])
def test_what_pillow_writes(tmp_path, slopes, small_bands, monkeypatch, mode, compression):
    if compression == "jpeg" and mode in ("1", "P", "RGBA"):
        pytest.skip("no such JPEG")
    picture = Image.fromarray(slopes).convert("RGB" if mode == "CMYK" else "RGBA").convert(mode)
    monkeypatch.setattr(TiffImagePlugin, "STRIP_SIZE", 1024 if mode == "1" else 8192)
    picture.save(tmp_path / "a.tif", compression=compression)
    same(tmp_path / "a.tif", small_bands, monkeypatch, 60)


@pytest.mark.parametrize(("tag", "value"), [("t274", 6), ("t278", 301)])
def test_those_that_are_turned_or_of_one_strip_are_read_whole(tmp_path, slopes, small_bands, tag, value):
    write(tmp_path / "a.tif", slopes, 301 if tag == "t278" else 32, **{tag: value})
    whole = read_image(tmp_path / "a.tif", 40)
    small_bands()
    assert torch.equal(read_image(tmp_path / "a.tif", 40), whole)


def test_high_strips_are_read_whole(tmp_path, slopes, small_bands, monkeypatch):
    write(tmp_path / "a.tif", slopes, 32)
    small_bands()
    for most, banded in ((4 * 203 * 32, True), (4 * 203 * 32 - 1, False)):
        monkeypatch.setattr(tiff, "HIGHEST", most)
        with Image.open(tmp_path / "a.tif") as image:
            assert tiff.in_bands(image) == banded


@pytest.mark.parametrize("damage", ["cut", "few", "height", "zero", "far"])
def test_a_damaged_tiff_read_in_bands_is_refused(tmp_path, slopes, small_bands, damage):
    tags = {"height": {"t257": 400}, "zero": {"t278": 0}}.get(damage, {})
    write(tmp_path / "a.tif", slopes, 32, **tags)
    data = (tmp_path / "a.tif").read_bytes()
    if damage == "cut":
        begin = int.from_bytes(data[4:8], "little")
        data = data[:8] + bytes(begin - 8) + data[begin:]
    elif damage in ("few", "far"):
        with Image.open(tmp_path / "a.tif") as image:
            first = image.tag_v2[273][0], image.tag_v2[273][1]
        old = first[1].to_bytes(4, "little")
        place = data.rindex(first[0].to_bytes(4, "little") + old) + 4
        data = data[:place] + (2**31).to_bytes(4, "little") + data[place + 4 :]
    (tmp_path / "a.tif").write_bytes(data)
    small_bands()
    with pytest.raises(ValueError, match=r"cannot read .*a\.tif"):
        read_image(tmp_path / "a.tif", 30)
