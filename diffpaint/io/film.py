"""Films: frames as an animated .gif or an .mp4."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from .files import replacing
from .images import to_pil


def write_film(path: str | Path, frames: Iterable[Tensor], seconds: float = 8.0) -> None:
    """Write frames as an animated ``.gif`` or an ``.mp4`` film; the last frame stays for a while.

    Args:
        path: Written whole or not at all.
        frames: (3, H, W) or (1, 3, H, W) each, in [0, 1], all of one size.
        seconds: Length without the last frame's stay.

    Raises:
        ValueError: Another ending, or ``.mp4`` without the extra ``video``.
        OSError: The file cannot be written.
    """
    check_film(path)
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds, the length of a time-lapse, must be above 0 and finite, got {seconds}")
    pictures = [to_pil(frame) for frame in frames]
    if not pictures:
        raise ValueError("a film needs at least one frame, got none")
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


def check_film(path: str | Path) -> None:
    """Check, before long work starts, that :func:`write_film` knows the ending and has what it needs.

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
