"""Memory that reading a very large photo takes, of each format, in a process of its own.

    python -m pytest tests/io/test_photo_memory.py -m bench -s

Takes a quarter of an hour, two gigabytes of disk and six of memory. What is refused takes little, too.
"""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image
from tiffs import write

SIDE, WEBP = 20_000, 16_383  # px
MOST = 2.0  # GB, of the whole process
TILE = 512  # px
READ = """
import pathlib, re, sys, time
from diffpaint import read_image
began = time.perf_counter()
try:
    said = tuple(read_image(sys.argv[1], 512).shape)
except ValueError as error:
    said = error
peak = re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())  # ru_maxrss may be the parent's
print(f"{int(peak[1]) / 2**20:.2f}", f"{time.perf_counter() - began:.0f}", said)
"""
ADAM7 = (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)


def line(y, kind, channels, step=1, first=0):
    """A row of a picture, big-endian: slopes and, last, a little noise."""
    x, full = np.arange(first, SIDE, step, dtype=np.uint32), np.iinfo(kind).max
    noise = (x * 2654435761 >> 13) + y
    columns = [x * full // SIDE, np.full_like(x, y * full // SIDE), noise % 16, np.full_like(x, full - 1)]
    return np.stack(columns[:channels], 1).astype(np.dtype(kind).newbyteorder(">")).tobytes()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, kind, channels, interlaced=False):
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8 * np.dtype(kind).itemsize, {3: 2, 4: 6}[channels], 0, 0, interlaced)
    pack = zlib.compressobj(1)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        for left, top, across, down in passes:
            for y in range(top, SIDE, down):
                if data := pack.compress(b"\0" + line(y, kind, channels, across, left)):
                    file.write(chunk(b"IDAT", data))
        file.write(chunk(b"IDAT", pack.flush()) + chunk(b"IEND", b""))


class Slopes:
    """A picture of which some rows are made at a time."""

    def __init__(self, kind, channels):
        self.shape, self.dtype = (SIDE, SIDE, channels), kind

    def __getitem__(self, rows):
        lines = b"".join(line(y, self.dtype, self.shape[2]) for y in range(SIDE)[rows])
        return np.frombuffer(lines, np.dtype(self.dtype).newbyteorder(">")).reshape(-1, *self.shape[1:])


def pillow(path, side, channels, **options):
    """Whatever Pillow writes; takes memory itself."""
    picture = np.empty((side, side, channels), np.uint8)
    for y in range(side):
        picture[y] = np.frombuffer(line(y, np.uint8, channels), np.uint8).reshape(SIDE, channels)[:side]
    Image.fromarray(picture).save(path, **options)


KINDS = {
    "PNG, RGBA": lambda path: png(path / "a.png", np.uint8, 4),
    "PNG, RGBA, interlaced": lambda path: png(path / "a.png", np.uint8, 4, interlaced=True),
    "PNG, RGB of 16 bits": lambda path: png(path / "a.png", np.uint16, 3),
    "PNG, RGBA of 16 bits": lambda path: png(path / "a.png", np.uint16, 4),
    "TIFF, RGBA in strips": lambda path: write(path / "a.tif", Slopes(np.uint8, 4), 8),
    "TIFF, RGBA in strips, unpacked": lambda path: write(path / "a.tif", Slopes(np.uint8, 4), 8, packed=False),
    "TIFF, RGBA in one strip, unpacked": lambda path: write(path / "a.tif", Slopes(np.uint8, 4), SIDE, packed=False),
    "TIFF, RGBA in tiles": lambda path: write(path / "a.tif", Slopes(np.uint8, 4), TILE, across=TILE),
    "TIFF, RGB of 16 bits in strips": lambda path: write(path / "a.tif", Slopes(np.uint16, 3), 8),
    "WebP, RGBA": lambda path: pillow(path / "a.webp", WEBP, 4, quality=50, method=0),
    "JPEG": lambda path: pillow(path / "a.jpg", SIDE, 3, quality=80),
    "JPEG, progressive, 4:2:0": lambda path: pillow(path / "a.jpg", SIDE, 3, quality=80, progressive=True),
    "JPEG, progressive, 4:4:4": lambda path: pillow(path / "a.jpg", SIDE, 3, progressive=True, subsampling=0),
}


@pytest.mark.bench
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere peaks are counted otherwise, or not at all")
def test_a_very_large_photo_takes_little_memory(kind, tmp_path):
    KINDS[kind](tmp_path)
    (file,) = tmp_path.iterdir()
    try:
        run = subprocess.run([sys.executable, "-c", READ, file], capture_output=True, text=True, check=True)
    finally:
        size = file.stat().st_size / 2**20
        file.unlink()
    peak, seconds, said = run.stdout.strip().split(" ", 2)
    print(f"\n{kind}: {size:,.0f} MB, {peak} GB, {seconds} s: {said}")
    assert float(peak) < MOST
