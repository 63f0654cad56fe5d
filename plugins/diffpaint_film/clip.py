"""Reading films, frame by frame, and writing them with the sound of another: by PyAV, which is FFmpeg's libraries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffpaint.io.bounds import MOST_PIXELS
from diffpaint.io.brief import brief
from diffpaint.io.files import replacing

#: What films are written with, by ending: codecs of picture and sound, and options of the first.
WRITTEN: dict[str, tuple[str, str, dict[str, str]]] = {
    ".mp4": ("libx264", "aac", {"crf": "15"}),
    ".mkv": ("libx264", "aac", {"crf": "15"}),
    ".webm": ("libvpx-vp9", "libopus", {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4"}),
}
RATE = 48_000  # samples a second, of sound that is encoded anew
AFTER = Fraction(1, 10)  # s, for which a last frame is shown, about
TICKS = 90_000  # a second, in which a film that is written counts time


class Frame(NamedTuple):
    """A picture of a film: (1, 3, H, W) in [0, 1], sRGB, and its time, s."""

    picture: Tensor
    time: Fraction


class Clip:
    """A film that is read one frame at a time, upright.

    Args:
        path: Of the film.

    Attributes:
        size: (H, W), px, as it is shown: turned, and with square pixels.

    Raises:
        ValueError: PyAV is not installed, there is no such file, or no film that can be read.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            first = next(self._pictures(), None)
        except library().error.FFmpegError as error:
            raise ValueError(f"cannot read film {path}: {brief(error.strerror or error)}") from error
        if first is None:
            raise ValueError(f"{path} holds no picture")
        self.size = first[0].shape[:2]

    def frames(self, longest: int) -> Iterator[Frame]:
        """All frames, their longest side ``longest`` px.

        Raises:
            ValueError: What is behind a frame is damaged.
        """
        height, width = self.size
        factor = longest / max(self.size)
        size = max(1, round(height * factor)), max(1, round(width * factor))
        try:
            for picture, time in self._pictures():
                found = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255
                if found.shape[2:] != size:
                    found = interpolate(found, size, mode="bilinear", antialias=True).clamp(0, 1)
                yield Frame(found, time)
        except library().error.FFmpegError as error:
            raise ValueError(f"film {self.path} is damaged: {brief(error.strerror or error)}") from error

    def _pictures(self) -> Iterator[tuple[np.ndarray, Fraction]]:
        """(H, W, 3) each, and its time, s, from 0, later than that of the frame before."""
        with library().open(str(self.path)) as container:
            if not container.streams.video:
                raise ValueError(f"{self.path} holds no picture")
            stream = container.streams.video[0]
            if stream.width * stream.height > MOST_PIXELS:
                raise ValueError(f"{self.path} is {stream.width} x {stream.height} px; at most {MOST_PIXELS} are read")
            stream.thread_type = "AUTO"
            rate, start, last = stream.average_rate or Fraction(25), None, None
            for number, frame in enumerate(container.decode(stream)):
                time = frame.pts * frame.time_base if frame.pts is not None else number / rate
                start = time if start is None else start
                if last is not None and time - start <= last:
                    continue
                last = time - start
                aspect = stream.sample_aspect_ratio or Fraction(1)
                picture = frame.to_ndarray(format="rgb24", width=max(1, round(frame.width * aspect)))
                yield np.rot90(picture, round(frame.rotation / 90) % 4), last


def library() -> Any:
    """PyAV; ValueError if it is not installed."""
    try:
        import av
    except ImportError:
        raise ValueError("films need PyAV: pip install 'diffpaint[film]'") from None
    return av


def check_film(path: Path) -> None:
    """Check that a film can be written by its ending; ValueError if not."""
    if path.suffix.lower() not in WRITTEN:
        raise ValueError(f"{path}: a film is painted as {', '.join(WRITTEN)}, not {path.suffix or 'without an ending'}")
    library()


def write_clip(path: Path, frames: Iterable[tuple[np.ndarray, Fraction]], sound: Path) -> None:
    """Write a film, whole or not at all, with the sound of another for as long as it lasts.

    Args:
        path: Its ending is one of :data:`WRITTEN`.
        frames: uint8 (H, W, 3), all of one size, and the time of each, s.
        sound: The other film.

    Raises:
        OSError: It cannot be written.
    """
    av = library()
    codec, audio_codec, options = WRITTEN[path.suffix.lower()]
    try:
        with replacing(path) as temporary, av.open(str(temporary), "w") as out, av.open(str(sound)) as source:
            stream, base = out.add_stream(codec, options=options), Fraction(1, TICKS)
            stream.pix_fmt, stream.codec_context.time_base = "yuv420p", base
            heard = _Sound(out, source, audio_codec) if source.streams.audio else None
            last = Fraction(0)
            for number, (picture, time) in enumerate(frames):
                even = np.pad(picture, [(0, side % 2) for side in picture.shape[:2]] + [(0, 0)], mode="edge")
                if not number:
                    stream.height, stream.width = even.shape[:2]
                frame = av.VideoFrame.from_ndarray(even, format="rgb24")
                frame.pts, frame.time_base, last = round(time * TICKS), base, time
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
            if heard is not None:
                heard.copy(last)
    except av.error.FFmpegError as error:
        raise OSError(f"cannot write film {path}: {brief(error.strerror or error)}") from error


class _Sound:
    """The sound of one film, for another: as it is where the other's container can hold it, else encoded anew."""

    def __init__(self, out: Any, source: Any, codec: str):
        self.out, self.source, self.stream = out, source, source.streams.audio[0]
        self.whole = self.stream.codec_context.name in out.supported_codecs
        self.written = out.add_stream_from_template(self.stream) if self.whole else out.add_stream(codec, rate=RATE)

    def copy(self, end: Fraction) -> None:
        """Write it, up to a time, s."""
        for packet in self.source.demux(self.stream):
            if packet.pts is None or packet.pts * packet.time_base > end + AFTER:
                continue
            if self.whole:
                packet.stream = self.written
                self.out.mux(packet)
            else:
                for frame in packet.decode():
                    self.out.mux(self.written.encode(frame))
        if not self.whole:
            self.out.mux(self.written.encode())
