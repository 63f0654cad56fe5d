"""Large pictures become small ones, strip by strip."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from diffpaint import read_image
from diffpaint.io import png, shrinking
from diffpaint.io.images import read_size

PEAK = """
import resource, sys
from diffpaint import read_image
from diffpaint.io import png
from PIL import Image
png.LARGE = 2**20
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


@pytest.fixture
def in_rows(monkeypatch):
    """PNGs of any size are read some rows at a time."""
    monkeypatch.setattr(png, "LARGE", 0)
    monkeypatch.setattr(shrinking, "STRIP", 3000)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [None, 20, (10, 7)])
def test_a_png_read_in_rows_is_the_same(tmp_path, slopes, monkeypatch, mode, size):
    noise = np.random.default_rng(0).integers(0, 9, slopes.shape, np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = Image.fromarray(np.where(slopes < 240, slopes + noise, slopes)).convert(mode)
    picture.save(tmp_path / "a.png", exif=turned, transparency=(0, 0, 0) if mode == "RGB" else None)
    monkeypatch.setattr(shrinking, "STRIP", 3000)
    whole = read_image(tmp_path / "a.png", size, alpha=True)
    monkeypatch.setattr(png, "LARGE", 0)
    assert torch.equal(read_image(tmp_path / "a.png", size, alpha=True), whole)
    assert read_size(tmp_path / "a.png") == (403, 301)


def test_exif_behind_the_pixels_of_a_png_read_in_rows_is_found(tmp_path, in_rows):
    Image.new("RGB", (40, 20)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    block = b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block + struct.pack(">I", zlib.crc32(b"eXIf" + block))
    (tmp_path / "a.png").write_bytes(data[:-12] + chunk + data[-12:])
    assert read_image(tmp_path / "a.png").shape == (1, 3, 40, 20)


@pytest.mark.parametrize("damage", ["cut", "cut at a chunk", "checksum", "stream", "filter"])
def test_a_damaged_png_read_in_rows_is_refused(tmp_path, in_rows, slopes, damage):
    Image.fromarray(slopes).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    start = data.index(b"IDAT")
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "cut at a chunk":
        del data[start - 4 :]
    elif damage == "checksum":
        data[-14] ^= 1
    else:
        lines = bytearray(zlib.decompress(data[start + 4 : -16])) if damage == "filter" else bytearray()
        lines[0:1] = b"\x09"
        stream = zlib.compress(lines) if damage == "filter" else b"\x78\x9c" + bytes(50)
        end = data[-12:]
        del data[start - 4 :]
        data += struct.pack(">I", len(stream)) + b"IDAT" + stream
        data += struct.pack(">I", zlib.crc32(b"IDAT" + stream)) + end
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ValueError, match=r"cannot read .*a\.png"):
        read_image(tmp_path / "a.png", 30)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere peaks are counted otherwise, or not at all")
def test_a_large_png_is_never_held_whole(tmp_path):
    side = 5000  # 100 MB decoded
    Image.new("RGBA", (side, side), (1, 2, 3, 4)).save(tmp_path / "a.png", compress_level=1)
    command = [sys.executable, "-c", PEAK, tmp_path / "a.png", tmp_path / "b.png"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(run.stdout) < 4 * side**2 / 2
