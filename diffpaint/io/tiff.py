"""Large TIFFs decoded some rows at a time: Pillow alone holds four bytes for each pixel of the file."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image, ImageFile, TiffImagePlugin

from .png import LARGE

HIGHEST = 2**27  # bytes decoded of a strip, or a row of tiles, that is held beside a copy

_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _PLANAR = 256, 257, 259, 262, 274, 277, 284
_STRIPS = 273, 279, 278  # tags: where they lie, how many bytes each has, and their height
_TILES = 324, 325, 323
_TILE_WIDTH = 322
# Bits, fill order, predictor, palette, alpha, kind of number, tables of JPEG, subsampling: what is in a strip, and how
_KEPT = _WIDTH, 258, _COMPRESSION, _PHOTOMETRIC, 266, _SAMPLES, _PLANAR, 317, 320, _TILE_WIDTH, 323, 338, 339, 347, 530
_OLD_JPEG, _JPEG, _YCBCR, _CIELAB = 6, 7, 6, 8


def in_bands(image: ImageFile.ImageFile) -> bool:
    """Whether a file, open and not yet decoded, is a large TIFF of several strips or rows of tiles."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or not image.tile:
        return False
    if 4 * image.width * image.height < LARGE:
        return False
    tags = image.tag_v2
    odd = tags.get(_COMPRESSION) == _OLD_JPEG or tags.get(_PHOTOMETRIC) == _CIELAB
    odd = odd or (tags.get(_PHOTOMETRIC) == _YCBCR and tags.get(_COMPRESSION) != _JPEG)
    if odd or image.mode in ("I", "F") or tags.get(_ORIENTATION, 1) != 1:  # floats are judged by their largest
        return False
    height = _layout(image)[2]
    return 0 < height < image.height and 4 * image.width * height <= HIGHEST


def bands(image: ImageFile.ImageFile, factor: int, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, about ``rows`` at a time, which ``factor`` divides; the last ones fewer.

    Strips, and rows of tiles, are stored one by one. So each is handed to Pillow as a TIFF of its own.

    Raises:
        ValueError: The file is damaged.
    """
    rest: Image.Image | None = None
    for band in _decoded(image, rows):
        if rest is not None:
            joined = Image.new(band.mode, (band.width, rest.height + band.height))
            joined.palette = band.palette
            joined.paste(rest, (0, 0))
            joined.paste(band, (0, rest.height))
            band = joined
        whole = band.height // factor * factor
        if whole:
            yield band.crop((0, 0, band.width, whole))
        rest = band.crop((0, whole, band.width, band.height)) if whole < band.height else None
    if rest is not None:
        yield rest


def _decoded(image: ImageFile.ImageFile, rows: int) -> Iterator[Image.Image]:
    """About so many rows at a time."""
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    assert image.fp is not None
    tags = image.tag_v2
    where, sizes, height = _layout(image)
    across = -(-image.width // tags[_TILE_WIDTH]) if _TILE_WIDTH in tags else 1
    planes = tags.get(_SAMPLES, 1) if tags.get(_PLANAR) == 2 else 1
    each = across * -(-image.height // height)  # strips or tiles of a plane
    if not len(where) == len(sizes) == planes * each:
        raise ValueError("its strips are not as many as its rows want")
    count = max(1, rows // height)
    for first in range(0, each // across, count):
        wanted = range(first * across, min(first + count, each // across) * across)
        numbers = [plane * each + index for plane in range(planes) for index in wanted]
        high = min(count * height, image.height - first * height)
        if sum(sizes[number] for number in numbers) > 16 * image.width * count * height + 2**16:
            raise ValueError("its strips are larger than their pixels")
        pieces = []
        for number in numbers:
            image.fp.seek(where[number])
            pieces.append(image.fp.read(sizes[number]))
        yield _band(tags, pieces, height, high)


def _layout(image: TiffImagePlugin.TiffImageFile) -> tuple[Sequence[int], Sequence[int], int]:
    """Where strips or tiles lie, their bytes, and their height in px; 0 where the file does not say.

    A single strip that is not compressed is as many as it has rows.
    """
    tags = image.tag_v2
    where, sizes, height = (tags.get(tag, ()) for tag in (_TILES if _TILE_WIDTH in tags else _STRIPS))
    if tags.get(_COMPRESSION, 1) == 1 and _TILE_WIDTH not in tags and len(where) == len(sizes) == 1:
        row, left = divmod(sizes[0], image.height)
        if row and not left:
            return range(where[0], where[0] + sizes[0], row), (row,) * image.height, 1
    return where, sizes, height or 0


def _band(tags: Any, pieces: list[bytes], rows: int, high: int) -> Image.Image:
    """Strips or tiles of so many rows each, decoded by Pillow as the file that they could be."""
    order = "<" if tags.prefix == b"II" else ">"
    where, sizes, height = _TILES if _TILE_WIDTH in tags else _STRIPS
    values: dict[int, Any] = {tag: tags[tag] for tag in _KEPT if tag in tags}
    values |= {_HEIGHT: high, height: rows, sizes: tuple(map(len, pieces))}
    at, offsets = 8, []
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    values[where] = tuple(offsets)
    table, beyond, after = b"", b"", at + 2 + 12 * len(values) + 4
    for tag, value in sorted(values.items()):
        held = value if isinstance(value, tuple | bytes) else (value,)
        data = held if isinstance(held, bytes) else struct.pack(f"{order}{len(held)}I", *held)
        table += struct.pack(f"{order}HHI", tag, 7 if isinstance(held, bytes) else 4, len(held))
        table += data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", after + len(beyond))
        beyond += data if len(data) > 4 else b""
    head = tags.prefix + struct.pack(f"{order}HI", 42, at)
    file = b"".join([head, *pieces, struct.pack(f"{order}H", len(values)), table, bytes(4), beyond])
    with Image.open(io.BytesIO(file), formats=("TIFF",)) as band:
        band.load()
        return band
