"""Films: frames as an animated .gif or an .mp4."""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from PIL import Image
from torch import Tensor

from .files import replacing
from .images import check_side, to_pil


def write_film(path: str | Path, frames: Iterable[Tensor], seconds: float = 8.0) -> None:
    """Write frames as an animated ``.gif`` or an ``.mp4`` film; the last frame stays for a while.

    Args:
        path: Written whole or not at all.
        frames: (3, H, W) or (1, 3, H, W) each, in [0, 1], all of one size.
        seconds: Length without the last frame's stay.

    Raises:
        ValueError: Another ending, ``.mp4`` without the extra ``video``, or more pixels than the format has.
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
    """Write an ``.mp4`` by ffmpeg."""
    width, height = (side + side % 2 for side in pictures[0].size)  # H.264 wants even sides
    command = [_ffmpeg(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", str(rate), "-i", "-", "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10", str(path)]
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


def _ffmpeg() -> str:
    """Where ffmpeg is.

    Raises:
        ValueError: It is not there, cannot be run, or writes no H.264.
    """
    try:
        import imageio_ffmpeg

        found = imageio_ffmpeg.get_ffmpeg_exe()
        listed = subprocess.run([found, "-v", "error", "-encoders"], capture_output=True, text=True, check=True).stdout
    except ImportError:
        raise ValueError("an .mp4 needs imageio-ffmpeg: pip install 'diffpaint[video]'; a .gif does not") from None
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        raise ValueError(f"an .mp4 needs ffmpeg, which cannot be run here ({error}); a .gif does not") from None
    if "libx264" not in listed:
        raise ValueError(f"an .mp4 needs an ffmpeg with libx264, which {found} lacks; a .gif does not")
    return found


def check_film(path: str | Path) -> None:
    """Check, before long work starts, that :func:`write_film` knows the ending and has what it needs.

    Raises:
        ValueError: It does not.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".mp4"):
        raise ValueError(f"{path}: a time-lapse is a .gif or an .mp4, not {suffix or 'a name without an ending'}")
    if suffix == ".mp4":
        _ffmpeg()
