"""Films: a painting as it grows, and frames of any other origin."""

import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

import diffpaint
from diffpaint import Painting, read_image
from diffpaint.io.film import write_film


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


@pytest.mark.parametrize("size", [(20, 30), (21, 31)])  # films want even sides
def test_an_mp4_ends_with_the_canvas(tmp_path, size):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    grid = diffpaint.load_renderer("grid", rows=2, cols=2, size=size)
    actions = grid.initial(1, 2, torch.Generator().manual_seed(0))
    ground = torch.ones(1, 3, *size)
    painting = Painting(grid(actions), actions, grid, 0, ground)
    painting.save(tmp_path / "a.mp4", seconds=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", tmp_path / "a.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
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

    with pytest.raises(ValueError, match=r"is a \.gif or an \.mp4"):
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
