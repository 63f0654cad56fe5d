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
import re, sys
from diffpaint import read_image
from diffpaint.io import png
from PIL import Image
png.LARGE = 2**20
Image.new("RGBA", (8, 8)).save(sys.argv[2]); read_image(sys.argv[2], 4)  # what is imported when it is first used
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])  # ru_maxrss may be the parent's
before = peak()
read_image(sys.argv[1], 64)
print((peak() - before) * 1024)
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


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [None, 20])
def test_a_png_of_16_bits_read_in_rows_is_the_same(tmp_path, monkeypatch, channels, size):
    """Its rows are stored by each filter of the format, as differences in both bytes of a number."""
    height, width, step = 301, 203, 2 * channels
    numbers = np.random.default_rng(0).integers(0, 65536, (height, width, channels)).astype(">u2")
    rows = np.frombuffer(numbers.tobytes(), np.uint8).reshape(height, -1).astype(int)
    left = np.pad(rows, ((0, 0), (step, 0)))[:, :-step]
    above = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(above, ((0, 0), (step, 0)))[:, :-step]
    guess = left + above - corner
    away = [abs(guess - one) for one in (left, above, corner)]
    nearest = np.where((away[0] <= away[1]) & (away[0] <= away[2]), left, np.where(away[1] <= away[2], above, corner))
    taken = [0 * rows, left, above, (left + above) // 2, nearest]
    lines = b"".join(
        bytes([y % 5]) + ((rows[y] - taken[y % 5][y]) % 256).astype(np.uint8).tobytes() for y in range(301)
    )

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(png.SIGNATURE + b"".join(parts))
    monkeypatch.setattr(shrinking, "STRIP", 3000)
    whole = read_image(tmp_path / "a.png", size, alpha=True)
    if size is None:
        assert torch.equal((255 * whole[0, :3]).round(), torch.tensor((numbers >> 8).astype("f4")).permute(2, 0, 1)[:3])
    monkeypatch.setattr(png, "LARGE", 0)
    with Image.open(tmp_path / "a.png") as image:
        assert png.in_rows(image)
    assert torch.equal(read_image(tmp_path / "a.png", size, alpha=True), whole)


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
    side = 7000  # 196 MB decoded
    Image.new("RGBA", (side, side), (1, 2, 3, 4)).save(tmp_path / "a.png", compress_level=1)
    command = [sys.executable, "-c", PEAK, tmp_path / "a.png", tmp_path / "b.png"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(run.stdout) < 4 * side**2 / 3
