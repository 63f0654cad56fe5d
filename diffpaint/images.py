"""Reading and writing pictures."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .files import replacing

LARGEST = 8192  # px, longest side of a painting
WRITTEN = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")  # what every Pillow writes in RGB
MOST_PIXELS = 20_000 * 20_000  # of a photo; beyond, it is taken for a decompression bomb


def read_image(
    path: str | Path | BinaryIO, size: tuple[int, int] | int | None = None, name: str = "the picture"
) -> Tensor:
    """Read a picture of any kind that Pillow reads.

    EXIF rotation is applied, transparency is laid on white, 16-bit, palette, CMYK and grey pictures become RGB.

    Args:
        path: The file, or one that is open.
        size: (H, W), or the longer side with the shape kept, px; None keeps the size. Resized by Lanczos.
        name: Of an open file, for errors.

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
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if size is not None:
                    longest = size if isinstance(size, int) else max(size)
                    image.draft("RGB", (2 * longest, 2 * longest))  # JPEG: decode no finer than needed
                image.load()
                picture = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise ValueError(f"{name} has more than {MOST_PIXELS // 10**6} megapixels; shrink it first") from None
    except (OSError, RuntimeError, SyntaxError, ValueError) as error:  # Pillow's decoders raise all of them
        reason = "no picture format that can be read" if "cannot identify" in str(error) else str(error)
        raise ValueError(f"cannot read {name}: {reason}") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    try:
        picture = _to_rgb(picture)
    except ValueError as error:
        raise ValueError(f"cannot read {name}: {error}") from error
    if size is not None:
        height, width = fit(picture.height, picture.width, size) if isinstance(size, int) else size
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
        canvas: (3, H, W) or (1, 3, H, W) in [0, 1], or uint8 (H, W, 3).

    Raises:
        ValueError: An ending that Pillow does not write.
        OSError: The file cannot be written.
    """
    check_picture(path)
    with replacing(path) as temporary:
        to_pil(canvas).save(temporary)


def write_animation(path: str | Path, frames: Iterable[Tensor], seconds: float = 8.0) -> None:
    """Write frames as an animated ``.gif`` or an ``.mp4`` film; the last frame stays for a while.

    Args:
        path: Written whole or not at all.
        frames: (3, H, W) or (1, 3, H, W) each, in [0, 1], all of one size.
        seconds: Length without the last frame's stay.

    Raises:
        ValueError: Another ending, or ``.mp4`` without the extra ``video``.
        OSError: The file cannot be written.
    """
    check_animation(path)
    if not seconds > 0:
        raise ValueError(f"seconds, the length of a time-lapse, must be above 0, got {seconds}")
    pictures = [to_pil(frame) for frame in frames]
    rate = len(pictures) / seconds
    with replacing(path) as temporary:
        if temporary.suffix.lower() == ".gif":
            shown = max(20, round(1000 / rate))  # ms; many viewers know nothing shorter
            durations = [shown] * (len(pictures) - 1) + [2000]
            pictures[0].save(temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0)
        else:
            import imageio_ffmpeg

            width, height = (side + side % 2 for side in pictures[0].size)  # H.264 wants even sides
            film = imageio_ffmpeg.write_frames(
                str(temporary),
                (width, height),
                fps=rate,  # pyright: ignore[reportArgumentType], any number will do
                macro_block_size=1,
                quality=8,
            )
            film.send(None)
            for picture in pictures + pictures[-1:] * math.ceil(2 * rate):
                film.send(picture.resize((width, height)).tobytes())
            film.close()


def check_picture(path: str | Path) -> None:
    """Check, before long work starts, that :func:`write_image` knows the ending.

    Raises:
        ValueError: It does not.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN:
        raise ValueError(f"{path}: no picture format {suffix!r} to write; .png and .jpg are two that are known")


def check_size(size: int) -> None:
    """Check, before long work starts, that a painting's longest side is one for which memory is sure to do.

    Args:
        size: In px.

    Raises:
        ValueError: It is not.
    """
    if not 1 <= size <= LARGEST:
        raise ValueError(f"--size must be from 1 to {LARGEST} px, got {size}; 'diffpaint replay' draws larger ones")


def check_animation(path: str | Path) -> None:
    """Check, before long work starts, that :func:`write_animation` knows the ending and has what it needs.

    Raises:
        ValueError: It does not.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".mp4"):
        raise ValueError(f"{path}: a time-lapse is a .gif or an .mp4, not {suffix or 'a name without an ending'}")
    if suffix == ".mp4":
        try:
            import imageio_ffmpeg  # noqa: F401
        except ImportError:
            raise ValueError("an .mp4 needs imageio-ffmpeg: pip install 'diffpaint[video]'; a .gif does not") from None


def to_pil(canvas: Tensor | np.ndarray) -> Image.Image:
    """A Pillow picture of (3, H, W) or (1, 3, H, W) in [0, 1], or of uint8 (H, W, 3).

    Raises:
        ValueError: Another shape.
    """
    if isinstance(canvas, np.ndarray):
        return Image.fromarray(canvas)
    if canvas.ndim == 4 and len(canvas) == 1:
        canvas = canvas[0]
    if canvas.ndim != 3 or canvas.shape[0] != 3:
        raise ValueError(f"a picture is (3, height, width) or (1, 3, height, width), got {tuple(canvas.shape)}")
    pixels = (canvas.detach().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())
