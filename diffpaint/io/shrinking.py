"""Pictures of any depth become pictures of 8 bits a channel, as small as they are wanted, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageFile

from .png import decoded, in_rows
from .tiff import bands, in_bands

STRIP = 2**20  # px that are converted at once
FINER = 3  # times: what is averaged over whole pixels stays this much finer than what is wanted


def shrunk(image: ImageFile.ImageFile, size: tuple[int, int] | None, crop: bool) -> Image.Image:
    """A picture of 8 bits a channel, of mode L, LA, RGB, RGBA or CMYK.

    Large ones are averaged strip by strip, and then resized by Lanczos, and no second picture of their size is held.

    Args:
        image: Open, of any mode.
        size: (width, height) that it is resized to, px; None keeps its own.
        crop: Whether it loses its edges instead of being stretched.

    Raises:
        ValueError: The file is damaged, or some of its pixels are NaN or infinite, or above what 16 bits hold.
    """
    width, height = image.size
    factor = 1 if size is None else max(1, min(width // (FINER * size[0]), height // (FINER * size[1])))
    strips = [strip.reduce(factor) for strip in _strips(image, factor)]
    picture = strips[0]
    if len(strips) > 1:
        picture = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
        top = 0
        for strip in strips:
            picture.paste(strip, (0, top))
            top += strip.height
    if size is None:
        return picture
    exact = width / factor, height / factor  # the last pixels of each row and column may be averages of fewer
    box = _middle(*exact, size) if crop else (0.0, 0.0, *exact)
    return picture.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=FINER)


def _middle(width: float, height: float, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest box of a shape that lies in the middle: left, top, right, bottom."""
    scale = min(width / shape[0], height / shape[1])
    left, top = (width - scale * shape[0]) / 2, (height - scale * shape[1]) / 2
    return left, top, left + scale * shape[0], top + scale * shape[1]


def _full(image: Image.Image) -> float:
    """What is white where a channel has more than 8 bits; floats are of 0 to 1, 255 or 65535, as their largest says."""
    if not image.mode.startswith(("I", "F")):
        return 255.0
    if image.mode.startswith("I;16"):
        return 65535.0
    most = float(np.max(image.getextrema()))
    if image.mode == "I":
        return 65535.0 if most <= 65535 else 2.0**31 - 1
    if most > 65535:
        raise ValueError(f"its pixels go up to {most:g}; floats are read as 0 to 1, 0 to 255, or 0 to 65535")
    return 1.0 if most <= 2 else 255.0 if most <= 255 else 65535.0  # up to 2: highlights above white are clipped


def _strips(image: ImageFile.ImageFile, factor: int) -> Iterator[Image.Image]:
    """From top to bottom, of a height that ``factor`` divides, in 8 bits."""
    rows = factor * max(1, STRIP // (factor * image.width))
    if in_rows(image):
        yield from (_eight_bits(strip, 255.0) for strip in decoded(image, rows))
        return
    if in_bands(image):
        yield from (_eight_bits(strip, _full(strip)) for strip in bands(image, factor, rows))
        return
    image.load()
    full = _full(image)
    for top in range(0, image.height, rows):
        yield _eight_bits(image.crop((0, top, image.width, min(top + rows, image.height))), full)


def _eight_bits(strip: Image.Image, full: float) -> Image.Image:
    if strip.mode.startswith(("I", "F")):  # Pillow's convert() would clip
        values = np.asarray(strip, np.float32)
        if not np.isfinite(values).all():
            raise ValueError("some of its pixels are NaN or infinite")
        grey = Image.fromarray((np.clip(values / full, 0, 1) * 255).round().astype(np.uint8))
        if (key := strip.info.get("transparency")) is not None:
            grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
        return grey
    grey = strip.mode in ("1", "L", "LA", "La")
    if strip.has_transparency_data:
        return strip.convert("LA" if grey else "RGBA")
    return strip if strip.mode == "CMYK" else strip.convert("L" if grey else "RGB")
