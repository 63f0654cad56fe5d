"""Films: a painting as it grows, and frames of any other origin."""

import os
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

import diffpaint
from diffpaint import Painting, read_image
from diffpaint.io.film import check_film, write_film
from diffpaint.io.images import check_side, write_image


def frames_of(path):
    """(1, 3, H, W) in [0, 1] each."""
    with Image.open(path) as film:
        for index in range(film.n_frames):
            film.seek(index)
            yield torch.from_numpy(np.array(film.convert("RGB"))).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize(("frames", "count"), [(1, 1), (3, 3), (8, 8), (60, 8)])
def test_a_gif_ends_with_the_canvas(painting, tmp_path, frames, count):
    painting.save(tmp_path / "a.gif", frames=frames)
    shown = list(frames_of(tmp_path / "a.gif"))
    assert len(shown) == count
    last = shown[-1]
    assert last.shape == painting.canvas.shape
    difference = (last - painting.canvas).abs()
    assert difference.mean() < 0.02  # a palette of 256 colours
    assert difference.max() < 0.15


def test_a_gif_grows(painting, tmp_path):
    painting.save(tmp_path / "a.gif", frames=4)
    wanted = list(painting.frames())[1::2]
    for shown, frame in zip(frames_of(tmp_path / "a.gif"), wanted, strict=True):
        assert (shown - frame).abs().mean() < 0.02


@pytest.mark.parametrize(("size", "ending"), [((20, 30), "mp4"), ((21, 31), "mp4"), ((20, 30), "webm")])  # even sides
def test_a_film_ends_with_the_canvas(tmp_path, size, ending):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    grid = diffpaint.load_renderer("grid", rows=2, cols=2, size=size)
    actions = grid.initial(1, 2, torch.Generator().manual_seed(0))
    ground = torch.ones(1, 3, *size)
    painting = Painting(grid(actions), actions, grid, 0, ground)
    film = tmp_path / f"a.{ending}"
    painting.save(film, seconds=1.0)
    assert list(tmp_path.iterdir()) == [film]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", film, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True).stdout
    even = size[0] + size[0] % 2, size[1] + size[1] % 2
    film = torch.frombuffer(bytearray(decoded), dtype=torch.uint8).view(-1, *even, 3) / 255
    assert len(film) == 8 + 2 * 8  # the last frame stays for two seconds
    wanted = torch.nn.functional.interpolate(painting.canvas, even, mode="bilinear")[0].permute(1, 2, 0)
    assert (film[-1] - wanted).abs().mean() < 0.05  # half as many colours as pixels, and compressed
    assert film[0].mean() > film[-1].mean() + 0.1  # white paper at first


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frames": 0}, "frames.* at least 1, got 0"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
    ],
)
def test_a_film_of_nothing_is_refused(painting, tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        painting.save(tmp_path / "a.gif", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_film_shows_its_frames_and_stays_at_the_last(tmp_path):
    frames = [torch.full((3, 6, 8), level) for level in (0.0, 0.5, 1.0)]
    write_film(tmp_path / "a.gif", frames, seconds=1.5)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3
        seen = []
        for index in range(3):
            film.seek(index)
            seen.append((np.array(film.convert("RGB")).mean() / 255, film.info["duration"]))
        assert film.info["loop"] == 0
    assert [level for level, _ in seen] == pytest.approx([0, 0.5, 1], abs=0.01)
    assert [duration for _, duration in seen] == [500, 500, 2000]


def test_a_film_of_one_frame_is_written(tmp_path):
    write_film(tmp_path / "a.gif", [torch.full((1, 3, 6, 8), 0.25)])
    torch.testing.assert_close(read_image(tmp_path / "a.gif"), torch.full((1, 3, 6, 8), 0.25), atol=0.01, rtol=0)


@pytest.mark.parametrize("name", ["a.png", "a.txt", "a"])
def test_other_films_are_refused_before_a_frame_is_made(tmp_path, name):
    def frames():
        pytest.fail("a frame was asked for")
        yield

    with pytest.raises(ValueError, match=r"is a \.gif, an \.mp4 or a \.webm"):
        write_film(tmp_path / name, frames())
    assert list(tmp_path.iterdir()) == []


def test_a_film_whose_frames_fail_leaves_nothing(tmp_path):
    def frames():
        yield torch.zeros(3, 4, 4)
        raise RuntimeError("no second frame")

    with pytest.raises(RuntimeError, match="no second frame"):
        write_film(tmp_path / "a.gif", frames())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("frames", "seconds"), [(0, 8.0), (1, float("inf"))])
def test_frames_that_make_no_film_are_refused(tmp_path, frames, seconds):
    with pytest.raises(ValueError, match=r"frame|seconds"):
        write_film(tmp_path / "a.gif", [torch.zeros(3, 4, 4)] * frames, seconds=seconds)
    assert list(tmp_path.iterdir()) == []


FFMPEG = """#!/bin/sh
case "$*" in
*-encoders*) echo "{encoders}"; exit {found} ;;
esac
{does}
"""


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """Install another ffmpeg than the one that comes with imageio-ffmpeg."""
    pytest.importorskip("imageio_ffmpeg")
    if os.name != "posix":
        pytest.skip("a script of the shell")

    def install(encoders="libx264", found=0, does="cat > /dev/null; exit 0"):
        path = tmp_path / "ffmpeg"
        path.write_text(FFMPEG.format(encoders=encoders, found=found, does=does))
        path.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))

    return install


@pytest.mark.parametrize(
    "does",
    ["cat > /dev/null; echo No space left on device >&2; exit 228", "echo No space left on device >&2; exit 1"],
    ids=["at the end", "at once"],
)
def test_an_ffmpeg_that_fails_leaves_the_older_film(tmp_path, ffmpeg, does):
    ffmpeg(does=does)
    film = tmp_path / "a.mp4"
    film.write_bytes(b"old")
    with pytest.raises(OSError, match="ffmpeg cannot write the film: No space left on device"):
        write_film(film, [torch.zeros(3, 64, 64)] * 9)
    assert film.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "ffmpeg"]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"encoders": "mpeg4"}, "lacks; a .gif does not"), ({"found": 1}, "cannot be run here")],
)
def test_an_ffmpeg_that_will_not_do_is_found_before_a_frame_is_made(tmp_path, ffmpeg, options, said):
    ffmpeg(**options)
    with pytest.raises(ValueError, match=said):
        check_film(tmp_path / "a.mp4")


def test_a_missing_ffmpeg_is_found_before_a_frame_is_made(tmp_path, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "gone"))
    with pytest.raises(ValueError, match="needs ffmpeg, which cannot be run here"):
        check_film(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("name", "most"), [("a.webp", 16383), ("a.jpg", 65500), ("a.gif", 65535), ("a.mp4", 16384), ("a.webm", 16384)]
)
def test_the_limits_of_formats_are_known(name, most):
    check_side(name, most)
    with pytest.raises(ValueError, match=f"has at most {most} px a side, not {most + 1}"):
        check_side(name, most + 1)
    check_side("a.png", most + 1)


def test_a_picture_beyond_the_limits_is_refused_before_it_is_encoded(tmp_path):
    with pytest.raises(ValueError, match="16383"):
        write_image(tmp_path / "a.webp", np.zeros((1, 16384, 3), np.uint8))
    with pytest.raises(ValueError, match="65535"):
        write_film(tmp_path / "a.gif", [torch.zeros(3, 1, 65536)])
    assert list(tmp_path.iterdir()) == []
