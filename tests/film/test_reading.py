"""Films are read upright, frame by frame, and written with the sound of another."""

from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av", reason="needs the extra film")

import clips  # noqa: E402

from diffpaint_film import Clip  # noqa: E402
from diffpaint_film.clip import check_film, write_clip  # noqa: E402


def shown(clip, longest=64):
    return [(255 * frame.picture[0].permute(1, 2, 0)).round().byte().numpy() for frame in clip.frames(longest)]


def test_frames_are_those_that_were_written(tmp_path):
    wanted = list(clips.pictures(4))
    clip = Clip(clips.write(tmp_path / "a.mp4", wanted))
    assert clip.size == clips.SIZE
    for got, picture in zip(shown(clip), wanted, strict=True):
        assert np.abs(got.astype(float) - picture).mean() < 8
    assert [frame.time for frame in clip.frames(8)] == [Fraction(number, clips.RATE) for number in range(4)]
    assert {frame.picture.shape for frame in clip.frames(32)} == {(1, 3, 24, 32)}


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_film_that_is_turned_is_read_upright(tmp_path, turned):
    """As a telephone writes it; players turn it by so many degrees, against the clock."""
    (picture,) = clips.pictures(1)
    clip = Clip(clips.write(tmp_path / "a.mp4", [picture], turned=turned))
    upright = np.rot90(picture, turned // 90)
    assert clip.size == upright.shape[:2]
    assert np.abs(shown(clip)[0].astype(float) - upright).mean() < 8


def test_times_between_frames_may_differ(tmp_path):
    times = [0.0, 0.05, 0.4, 0.45]
    path = clips.write(tmp_path / "a.mp4", clips.pictures(4), times=times)
    assert [float(frame.time) for frame in Clip(path).frames(16)] == pytest.approx(times, abs=1e-3)
    frames = list(zip(clips.pictures(4), [frame.time for frame in Clip(path).frames(16)], strict=True))
    write_clip(tmp_path / "b.mp4", frames, path)
    assert clips.read(tmp_path / "b.mp4")[1] == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize(
    ("source", "sound", "output", "kept"),
    [
        ("a.mp4", "aac", "b.mp4", "aac"),
        ("a.mp4", "aac", "b.webm", "opus"),  # a webm holds no aac
        ("a.webm", "libopus", "b.mkv", "opus"),
        ("a.mp4", None, "b.mp4", None),
    ],
)
def test_the_sound_is_kept(tmp_path, source, sound, output, kept):
    path, output = clips.write(tmp_path / source, clips.pictures(8), sound=sound), tmp_path / output
    write_clip(output, ((picture, Fraction(number, 10)) for number, picture in enumerate(clips.pictures(8))), path)
    assert sorted(tmp_path.iterdir()) == sorted([path, output])
    with av.open(str(output)) as film:
        heard = [stream.codec_context.name for stream in film.streams.audio]
        assert heard == ([kept] if kept else [])
        if kept:
            wave = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
            assert 0.6 * clips.SOUND < len(wave) < 1.0 * clips.SOUND
            pitch = np.abs(np.fft.rfft(wave)).argmax() * clips.SOUND / len(wave)
            assert pitch == pytest.approx(440, abs=5)
    assert len(clips.read(output)[0]) == 8


def test_odd_sides_are_written(tmp_path):
    path = clips.write(tmp_path / "a.mp4", clips.pictures(2))
    write_clip(tmp_path / "b.mp4", [(np.zeros((33, 47, 3), np.uint8), Fraction(0))], path)
    assert clips.read(tmp_path / "b.mp4")[0][0].shape == (34, 48, 3)


def test_what_is_no_film_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read film .*gone.mp4: No such file"):
        Clip(tmp_path / "gone.mp4")
    (tmp_path / "text.mp4").write_text("a film, honestly")
    with pytest.raises(ValueError, match=r"cannot read film .*text.mp4: Invalid data"):
        Clip(tmp_path / "text.mp4")
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        stream = out.add_stream("aac", rate=clips.SOUND)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = clips.SOUND
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(ValueError, match="holds no picture"):
        Clip(tmp_path / "sound.mp4")
    with pytest.raises(ValueError, match=r"painted as \.mp4, \.mkv, \.webm, not \.png"):
        check_film(tmp_path / "a.png")


def test_a_film_that_ends_early_is_painted_as_far_as_it_goes(tmp_path):
    path = clips.write(tmp_path / "a.webm", clips.pictures(8))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert 1 <= len(shown(Clip(path))) < 8


def test_a_film_whose_pictures_fail_leaves_the_older_one(tmp_path):
    path = clips.write(tmp_path / "a.mp4", clips.pictures(2))
    output = tmp_path / "b.mp4"
    output.write_bytes(b"old")

    def pictures():
        yield np.zeros((32, 32, 3), np.uint8), Fraction(0)
        raise RuntimeError("no second picture")

    with pytest.raises(RuntimeError, match="no second picture"):
        write_clip(output, pictures(), path)
    assert output.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [path, output]
