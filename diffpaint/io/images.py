"""Reading and writing pictures."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import ExifTags, Image, ImageFile
from torch import Tensor

from .brief import brief
from .files import replacing
from .formats import opened
from .png import find_exif, in_rows
from .profiles import to_srgb
from .shrinking import shrunk
from .tiff import in_bands

WRITTEN = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")  # what every Pillow writes in RGB
LARGEST = {
    ".webp": 16383,
    ".jpg": 65500,
    ".jpeg": 65500,
    ".gif": 65535,
    ".mp4": 16384,
    ".webm": 16384,
    ".psd": 30000,
}  # px a side, where it is little
WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")
JPEG = {"quality": 95, "subsampling": 0}  # colours as fine as brightness
OPTIONS: dict[str, dict[str, Any]] = {
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".webp": {"lossless": True},
}  # else WebP halves colours

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = [_TURNS[orientation] for orientation in (5, 6, 7, 8)]  # width and height change places


def read_image(
    path: str | Path | BinaryIO,
    size: tuple[int, int] | int | None = None,
    name: str = "the picture",
    crop: bool = False,
    alpha: bool = False,
) -> Tensor:
    """Read a photo or painting, of any of :data:`.formats.FORMATS`; HEIC with the extra ``heic``.

    EXIF rotation and colour profiles are applied; what is read is sRGB. Of animations it is the first picture. Pictures
    of 16 and 32 bits, floats (of 0 to 1, 255 or 65535, as their largest says), palettes, CMYK and grey become RGB. One
    that is made smaller takes at most the memory of the decoded file; a JPEG, PNG or TIFF, of not much more than what
    is wanted.

    Args:
        path: The file, or one that is open.
        size: (H, W), or the longer side with the shape kept, px; None keeps the size. Resized by Lanczos.
        name: Of an open file, for errors.
        crop: Whether a picture of another shape than a ``size`` (H, W) loses its edges instead of being stretched.
        alpha: Whether transparency is kept, in a fourth channel, instead of being laid on white.

    Returns:
        (1, 3, H, W) in [0, 1], sRGB; or (1, 4, H, W).

    Raises:
        ValueError: The file is missing, no picture, of a format that cannot be read (the message says what to do),
            damaged, of more than 400 megapixels, one that takes more than 1.5 GB to decode, or so long and narrow that
            nothing of its shorter side would be left.

    Warns:
        UserWarning: Its colour profile is damaged; its colours are then taken as they are.
    """
    if size is not None and (size if isinstance(size, int) else min(size)) < 1:
        raise ValueError(f"size must be at least 1 px, got {size}")
    if isinstance(path, str | Path):
        path = _existing(path)
        name = str(path)
    with opened(path, name) as image:
        width, height = image.size
        if size is not None:
            longest = size if isinstance(size, int) else max(size)
            image.draft(None, (2 * longest, 2 * longest))  # JPEG: decode no finer than needed
        turn = _turn(image)
        sideways = turn in _SIDEWAYS
        if isinstance(size, int):
            size = fit(width, height, size) if sideways else fit(height, width, size)
        wanted = size if size is None or sideways else (size[1], size[0])  # width and height, as the file lies
        info = {} if image.mode == "LAB" else image.info  # which is converted as it stands
        picture = shrunk(image, wanted, crop)
    covered = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    picture = picture.convert(picture.mode[:-1]) if covered else picture
    try:
        picture = to_srgb(picture, info)
    except ValueError as error:
        warnings.warn(f"{name}: {brief(error)}; its colours are taken as they are", stacklevel=2)
        picture = picture.convert("RGB")
    if covered or alpha:
        picture.putalpha(covered or 255)
        picture = picture if alpha else _on_white(picture)
    picture = picture if turn is None else picture.transpose(turn)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def read_size(path: str | Path) -> tuple[int, int]:
    """(H, W) of a picture, px, as :func:`read_image` reads it: turned. It is decoded, since EXIF may lie at its end.

    Raises:
        ValueError: As of :func:`read_image`.
    """
    with opened(_existing(path), str(path)) as image:
        size = image.size
        small = image.draft(None, (1, 1))  # a JPEG is decoded as an eighth of it
        turn = _turn(image)
        width, height = size if small else image.size
        return (width, height) if turn in _SIDEWAYS else (height, width)


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if path.is_file():
        return path
    reason = (
        "it is a folder" if path.is_dir() else "it is no regular file" if path.exists() else "there is no such file"
    )
    raise ValueError(f"no picture {path}: {reason}")


def _turn(image: ImageFile.ImageFile) -> Image.Transpose | None:
    """How EXIF says that a picture is to be turned; nothing else in there is looked at. Most formats are decoded."""
    if in_rows(image):
        find_exif(image)
    elif not in_bands(image):
        image.load()  # what comes behind the pixels, too
    try:
        return _TURNS.get(image.getexif()[ExifTags.Base.Orientation])
    except Exception:  # the block is damaged, in whichever way; the pixels are not
        return None


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


def _on_white(picture: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


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
        picture = _on_white(picture)
    with replacing(path) as temporary:
        picture.save(temporary, **OPTIONS.get(Path(path).suffix.lower(), {}))


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
