"""Films to test with, written by PyAV: a still room through which a square goes, and a tone."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

SIZE, RATE, SOUND = (48, 64), 10, 48_000


def pictures(count, size=SIZE, noise=1.0, seed=0):
    """uint8 (H, W, 3) each: a ramp with some noise, as a camera's, and a red square that goes from left to right."""
    chance = np.random.default_rng(seed)
    down, across = np.mgrid[: size[0], : size[1]] / max(size)
    room = 255 * np.stack([across, down, 0.5 + 0.5 * np.sin(9 * across)], 2)
    for number in range(count):
        picture = room + chance.normal(0, noise, room.shape)
        left = round((size[1] - 16) * number / max(1, count - 1))
        picture[size[0] - 16 :, left : left + 14] = 220, 30, 30
        yield picture.clip(0, 255).astype(np.uint8)


def write(path, shown, *, times=None, sound=None, turned=0):
    """Write a film of pictures by PyAV; ``sound`` is the name of a codec, ``times`` are in s."""
    import av

    with av.open(str(path), "w") as out:
        shown = list(shown)
        stream = out.add_stream("libvpx-vp9" if path.suffix == ".webm" else "libx264", rate=RATE, options={"crf": "5"})
        stream.height, stream.width = shown[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turned:
            stream.set_display_rotation(turned)
        heard = out.add_stream(sound, rate=SOUND) if sound else None
        for number, picture in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(1000 * times[number]), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        if heard is not None:
            wave = 0.2 * np.sin(2 * np.pi * 440 * np.arange(SOUND * len(shown) // RATE) / SOUND)
            for start in range(0, len(wave) - 1023, 1024):
                part = wave[None, start : start + 1024].astype(np.float32)
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = SOUND, start, Fraction(1, SOUND)
                out.mux(heard.encode(frame))
            out.mux(heard.encode())
    return path


def read(path):
    """All pictures of a film, float32 (H, W, 3) in [0, 255], and their times, s."""
    import av

    with av.open(str(path)) as film:
        frames = list(film.decode(video=0))
        return [frame.to_ndarray(format="rgb24").astype(np.float32) for frame in frames], [
            float(frame.time) for frame in frames
        ]


def flicker(shown, still):
    """Mean difference of successive pictures, of 255, where ``still`` (H, W) is true."""
    return float(np.mean([np.abs(after - before)[still].mean() for before, after in pairwise(shown)]))
