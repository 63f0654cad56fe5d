"""Reading and writing pictures."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .brief import brief
from .files import replacing

WRITTEN = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")  # what every Pillow writes in RGB
LARGEST = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500, ".gif": 65535, ".mp4": 16384}  # px a side, where it is little
WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")
MOST_PIXELS = 20_000 * 20_000  # of a photo; beyond, it is taken for a decompression bomb


def read_image(
    path: str | Path | BinaryIO,
    size: tuple[int, int] | int | None = None,
    name: str = "the picture",
    crop: bool = False,
) -> Tensor:
    """Read a picture of any kind that Pillow reads.

    EXIF rotation is applied, transparency is laid on white, 16-bit, palette, CMYK and grey pictures become RGB.

    Args:
        path: The file, or one that is open.
        size: (H, W), or the longer side with the shape kept, px; None keeps the size. Resized by Lanczos.
        name: Of an open file, for errors.
        crop: Whether a picture of another shape than a ``size`` (H, W) loses its edges instead of being stretched.

    Returns:
        (1, 3, H, W) in [0, 1], sRGB.

    Raises:
        ValueError: The file is missing, no picture, damaged, of more than 400 megapixels, or so long and narrow that
            nothing of its shorter side would be left.
    """
    if size is not None and (size if isinstance(size, int) else min(size)) < 1:
        raise ValueError(f"size must be at least 1 px, got {size}")
    if isinstance(path, str | Path):
        path = Path(path)
        name = str(path)
        if not path.is_file():
            raise ValueError(f"no picture {path}: " + ("it is a folder" if path.is_dir() else "there is no such file"))
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MOST_PIXELS // 2  # Pillow refuses at twice this number
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, and of what is damaged: Pillow reads what it can
            with Image.open(path) as image:
                if size is not None:
                    longest = size if isinstance(size, int) else max(size)
                    image.draft("RGB", (2 * longest, 2 * longest))  # JPEG: decode no finer than needed
                image.load()
                picture = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise ValueError(f"{name} has more than {MOST_PIXELS // 10**6} megapixels; shrink it first") from None
    except Exception as error:  # Pillow's decoders raise all kinds
        reason = "no picture format that can be read" if "cannot identify" in str(error) else brief(error)
        raise ValueError(f"cannot read {name}: {reason}") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    try:
        picture = _to_rgb(picture)
    except ValueError as error:
        raise ValueError(f"cannot read {name}: {error}") from error
    if size is not None:
        height, width = fit(picture.height, picture.width, size) if isinstance(size, int) else size
        if crop:
            picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def fit(height: int, width: int, longest: int) -> tuple[int, int]:
    """(H, W) of the same shape with the longer side ``longest`` px.

    Raises:
        ValueError: The shorter side would be less than 1 px.
    """
    scale = longest / max(height, width)
    fitted = round(height * scale), round(width * scale)
    if min(fitted) < 1:
        raise ValueError(f"a picture of {width} x {height} px is too narrow to be fitted into {longest} px; crop it")
    return fitted


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):  # 16 and 32 bits, which Pillow's convert() would clip
        values = np.asarray(picture, np.float32)
        if not np.isfinite(values).all():
            raise ValueError("some of its pixels are NaN or infinite")
        full = 65535.0 if picture.mode.startswith("I") else 1.0
        picture = Image.fromarray((np.clip(values / full, 0, 1) * 255).round().astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def write_image(path: str | Path, canvas: Tensor | np.ndarray) -> None:
    """Write a picture; the ending of the name chooses the format.

    Args:
        path: Written whole or not at all.
        canvas: As of :func:`to_pil`; where a format knows no alpha, it is laid on white.

    Raises:
        ValueError: An ending that Pillow does not write.
        OSError: The file cannot be written.
    """
    picture = to_pil(canvas)
    check_picture(path, max(picture.size))
    if picture.mode == "RGBA" and Path(path).suffix.lower() not in WITH_ALPHA:
        picture = _to_rgb(picture)
    with replacing(path) as temporary:
        picture.save(temporary)


def check_picture(path: str | Path, longest: int = 1) -> None:
    """Check, before long work starts, that :func:`write_image` knows the ending, and that its format is large enough.

    Args:
        path: Of the picture.
        longest: Its longest side, px.

    Raises:
        ValueError: It does not, or is not.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN:
        raise ValueError(f"{path}: no picture format {suffix!r} to write; .png and .jpg are two that are known")
    check_side(path, longest)


def check_side(path: str | Path, longest: int) -> None:
    """Check, before long work starts, that the format of a picture or film has so many pixels a side.

    Raises:
        ValueError: It has not.
    """
    suffix = Path(path).suffix.lower()
    if longest > (most := LARGEST.get(suffix, longest)):
        raise ValueError(f"{path}: a {suffix} has at most {most} px a side, not {longest}; a .png has more")


def to_pil(canvas: Tensor | np.ndarray) -> Image.Image:
    """A Pillow picture of (3, H, W) or (1, 3, H, W) in [0, 1], with alpha of 4 channels, or of uint8 (H, W, 3).

    Raises:
        ValueError: Another shape.
    """
    if isinstance(canvas, np.ndarray):
        return Image.fromarray(canvas)
    if canvas.ndim == 4 and len(canvas) == 1:
        canvas = canvas[0]
    if canvas.ndim != 3 or canvas.shape[0] not in (3, 4):
        raise ValueError(f"a picture is (3, height, width) or (1, 3, height, width), got {tuple(canvas.shape)}")
    pixels = (canvas.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())
