"""Large PNGs decoded some rows at a time: Pillow alone holds four bytes for each pixel of the file."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO

from PIL import Image, ImageFile

LARGE = 2**28  # bytes decoded, from which on a file is read so
PIECE, MOST = 2**16, 2**20  # bytes that are read, and decompressed, at once
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LOW = {"RGB": None, "RGBA": None, "RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}  # Pillow's names of raw pixels


def in_rows(image: ImageFile.ImageFile) -> bool:
    """Whether a file, open and not yet decoded, is a large PNG that can be read so: in colours, not interlaced."""
    if image.format != "PNG" or not image.tile or image.tile[0][3] not in _LOW:
        return False
    return not image.info.get("interlace") and 4 * image.width * image.height >= LARGE


def find_exif(image: ImageFile.ImageFile) -> None:
    """Tell Pillow about EXIF behind the pixels, for which it would decode them."""
    if "exif" not in image.info:
        file = _file(image)
        found = [_read(file, at, length) for kind, at, length in _chunks(file) if kind == b"eXIf"]
        image.info["exif"] = b"Exif\0\0" + b"".join(found[:1])


def find_cicp(image: ImageFile.ImageFile) -> None:
    """Tell Pillow's ``info`` what a PNG says in cICP, numbers of primaries and of transfer, which Pillow leaves out."""
    file = _file(image)
    before = file.tell()
    for kind, at, length in _chunks(file):
        if kind == b"cICP" and length == 4:
            image.info["cicp"] = tuple(_read(file, at, 2))
        if kind in (b"cICP", b"IDAT"):
            break
    file.seek(before)


def decoded(image: ImageFile.ImageFile, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, ``rows`` at a time, the last ones fewer.

    Rows of a PNG are stored as differences to the one above. So each strip is handed to Pillow as a PNG of its own that
    begins with the last row of the strip before. Of 16 bits Pillow keeps the upper 8; the lower ones of that row come
    from decoding once more, the two taken for one another.

    Raises:
        ValueError: The file is damaged.
    """
    channels, low = len(image.getbands()), _LOW[str(image.tile[0][3])]
    depth = 16 if low else 8
    line, above, left = 1 + channels * image.width * depth // 8, b"", image.height
    waiting = bytearray()
    for data in _inflated(_file(image)):
        waiting += data
        while left and len(waiting) >= line * (count := min(rows, left)):
            lines = b"\0" * bool(above) + above + waiting[: line * count]
            del waiting[: line * count]
            size = image.width, count + bool(above)
            strip = _strip(lines, size, channels, depth)
            last = (0, size[1] - 1, image.width, size[1])
            high = strip.crop(last).tobytes()
            above = _paired(high, _strip(lines, size, channels, depth, low).crop(last).tobytes()) if low else high
            strip = strip.crop((0, size[1] - count, *size))
            strip.info = {name: image.info[name] for name in ("transparency",) if name in image.info}
            left -= count
            yield strip
    if left:
        raise ValueError(f"it ends {left} rows early")


def _strip(lines: bytes, size: tuple[int, int], channels: int, depth: int, raw: str | None = None) -> Image.Image:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))

    header = struct.pack(">IIBBBBB", *size, depth, {3: 2, 4: 6}[channels], 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines, 0)), chunk(b"IEND", b"")
    with Image.open(io.BytesIO(SIGNATURE + b"".join(parts)), formats=("PNG",)) as strip:
        if raw:
            strip.tile = [strip.tile[0]._replace(args=raw)]
        strip.load()
        return strip


def _paired(high: bytes, low: bytes) -> bytes:
    """Bytes of numbers of 16 bits, of their upper and their lower halves."""
    both = bytearray(2 * len(high))
    both[::2], both[1::2] = high, low
    return bytes(both)


def _chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each chunk, where its data begins, and its length."""
    at = len(SIGNATURE)
    while len(head := _read(file, at, 8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield kind, at + 8, length
        at += length + 12


def _inflated(file: IO[bytes]) -> Iterator[bytes]:
    """The pixels' data, decompressed, its checksums compared."""
    inflate = zlib.decompressobj()
    for kind, at, length in _chunks(file):
        if kind != b"IDAT":
            continue
        checksum = zlib.crc32(kind)
        for start in range(at, at + length, PIECE):
            data = _read(file, start, min(PIECE, at + length - start))
            checksum = zlib.crc32(data, checksum)
            while data:
                yield inflate.decompress(data, MOST)
                data = inflate.unconsumed_tail
        if _read(file, at + length, 4) != struct.pack(">I", checksum):
            raise ValueError("a checksum is wrong, or it ends early")
    yield inflate.flush()


def _file(image: ImageFile.ImageFile) -> IO[bytes]:
    if image.fp is None:
        raise ValueError("it is closed")
    return image.fp


def _read(file: IO[bytes], at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
