"""Films: frames as an animated .gif, an .mp4 or a .webm."""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from .files import replacing
from .images import check_side, to_pil

# What ffmpeg encodes each kind with, and how; a tenth of the largest quality loss that it knows, or about that
CODECS = {
    ".mp4": ("libx264", ("-crf", "10")),
    ".webm": ("libvpx-vp9", ("-crf", "15", "-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-fflags", "+bitexact")),
}
FILMS = (".gif", *CODECS)
KINDS = "a .gif, an .mp4 or a .webm"


def check_frames(frames: int, seconds: float) -> None:
    """Check how many pictures a film has, and how long it is; ValueError for none."""
    if frames < 1:
        raise ValueError(f"frames: a film needs at least 1, got {frames}")
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds, the length of a film, must be above 0, got {seconds}")


def spread(strokes: int, frames: int) -> set[int]:
    """After how many strokes a film of so many frames looks at the canvas: evenly, and at the last."""
    return {math.ceil((index + 1) * strokes / frames) for index in range(frames)}


def write_film(path: str | Path, frames: Iterable[Tensor | np.ndarray], seconds: float = 8.0) -> None:
    """Write frames as an animated ``.gif``, an ``.mp4`` or a ``.webm``; the last frame stays for a while.

    Args:
        path: Written whole or not at all.
        frames: (3, H, W) or (1, 3, H, W) each, in [0, 1], or uint8 (H, W, 3), all of one size.
        seconds: Length without the last frame's stay.

    Raises:
        ValueError: Another ending, a film of ffmpeg without the extra ``video``, or more pixels than the format has.
        OSError: The file cannot be written.
    """
    check_film(path)
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds, the length of a time-lapse, must be above 0 and finite, got {seconds}")
    pictures = [to_pil(frame) for frame in frames]
    if not pictures:
        raise ValueError("a film needs at least one frame, got none")
    check_side(path, max(pictures[0].size))
    rate = len(pictures) / seconds
    with replacing(path) as temporary:
        if temporary.suffix.lower() == ".gif":
            shown = max(20, round(1000 / rate))  # ms; many viewers know nothing shorter
            durations = [shown] * (len(pictures) - 1) + [2000]
            pictures[0].save(temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0)
        else:
            _encode(temporary, pictures + pictures[-1:] * math.ceil(2 * rate), rate)


def _encode(path: Path, pictures: list[Image.Image], rate: float) -> None:
    """Write an ``.mp4`` or a ``.webm`` by ffmpeg."""
    codec, options = CODECS[path.suffix.lower()]
    width, height = (side + side % 2 for side in pictures[0].size)  # H.264 wants even sides
    command = [
        _ffmpeg(path.suffix.lower()),
        "-y",
        "-v",
        "error",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{width}x{height}",
    ]
    command += ["-r", str(rate), "-i", "-", "-an", "-c:v", codec, "-pix_fmt", "yuv420p", *options, str(path)]
    alone = os.name == "posix"  # Ctrl-C is for us to hear
    with tempfile.TemporaryFile() as said:
        streams = {"stdin": subprocess.PIPE, "stdout": said, "stderr": said}
        with subprocess.Popen(command, **streams, start_new_session=alone) as ffmpeg:
            assert ffmpeg.stdin is not None
            try:
                for picture in pictures:
                    ffmpeg.stdin.write(picture.resize((width, height)).tobytes())
                ffmpeg.stdin.close()
            except BrokenPipeError:
                pass  # it has ended, and its status says why
            except BaseException:
                ffmpeg.kill()
                raise
            finally:
                with suppress(BrokenPipeError):
                    ffmpeg.stdin.close()
        if ffmpeg.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise OSError(f"ffmpeg cannot write the film: {lines[-1] if lines else f'status {ffmpeg.returncode}'}")


def _ffmpeg(suffix: str) -> str:
    """Where ffmpeg is, for films of this ending.

    Raises:
        ValueError: It is not there, cannot be run, or lacks what encodes them.
    """
    kind = f"a{'n' * (suffix == '.mp4')} {suffix}"
    try:
        import imageio_ffmpeg

        found = imageio_ffmpeg.get_ffmpeg_exe()
        listed = subprocess.run([found, "-v", "error", "-encoders"], capture_output=True, text=True, check=True).stdout
    except ImportError:
        raise ValueError(f"{kind} needs imageio-ffmpeg: pip install 'diffpaint[video]'; a .gif does not") from None
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        raise ValueError(f"{kind} needs ffmpeg, which cannot be run here ({error}); a .gif does not") from None
    if (codec := CODECS[suffix][0]) not in listed:
        raise ValueError(f"{kind} needs an ffmpeg with {codec}, which {found} lacks; a .gif does not")
    return found


def check_film(path: str | Path) -> None:
    """Check, before long work starts, that :func:`write_film` knows the ending and has what it needs.

    Raises:
        ValueError: It does not.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FILMS:
        raise ValueError(f"{path}: a time-lapse is {KINDS}, not {suffix or 'a name without an ending'}")
    if suffix in CODECS:
        _ffmpeg(suffix)
