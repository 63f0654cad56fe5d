"""What the page does, without a browser."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from diffpaint import Painting
from diffpaint.cli import paint as command
from diffpaint.cli.main import cli
from diffpaint_serve import work
from diffpaint_serve.work import Wish, exported, painted

PHOTO = Path(__file__).parents[1] / "data" / "chelsea.jpg"


def wish(**changed):
    return Wish(**{"photo": PHOTO, "brush": "classic/dry_brush", "strokes": 10, "steps": 10, "size": 340} | changed)


def test_a_photo_is_painted_and_shown_as_it_grows(tmp_path):
    seen = list(painted(wish(), tmp_path))
    assert [progress.step for progress in seen] == [5, 10, 10]
    assert [progress.document for progress in seen] == [None, None, tmp_path / "painting.json"]
    with Image.open(tmp_path / "painting.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), seen[-1].picture)
    assert Painting.load(tmp_path / "painting.json").actions.shape[1] == 10
    for kind in ("svg", "html", "csv", "jpg"):
        assert exported(tmp_path / "painting.json", kind).stat().st_size > 500
    with pytest.raises(ValueError, match=r"no format '\.doc'"):
        exported(tmp_path / "painting.json", "doc")


def test_whoever_stops_looking_ends_the_work(tmp_path):
    before = threading.active_count()
    work = painted(wish(steps=500), tmp_path)
    next(work)
    began = time.monotonic()
    work.close()
    assert threading.active_count() == before
    assert time.monotonic() - began < 30  # of some minutes
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_photo_is_said(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"bad.png: no picture format that can be read"):
        next(painted(wish(photo=tmp_path / "bad.png"), tmp_path))


@pytest.mark.parametrize(("name", "value"), [("strokes", 5), ("strokes", 10**6), ("steps", 10**4), ("size", 10**5)])
def test_limits(name, value):
    with pytest.raises(ValueError, match=f"{name} must be at"):
        wish(**{name: value})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "0"], "--port must be at least 1, got 0"),
        (["--port", "70000"], "--port must be at most 65535, got 70000"),
        (["--jobs", "0"], "--jobs must be at least 1, got 0"),
        (["--upload", "0"], "--upload must be at least 1, got 0"),
    ],
)
def test_what_is_wrong_is_said(options, said):
    done = CliRunner().invoke(cli, ["serve", *options])
    assert done.exit_code == 2
    assert done.stderr == f"Error: {said}\n"


def test_a_missing_gradio_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    done = CliRunner().invoke(cli, ["serve"])
    assert done.exit_code == 2
    assert "Error: the page needs Gradio: pip install 'diffpaint[serve]'" in done.stderr


def test_the_page_paints_what_the_command_paints():
    assert work.MATCHED == command.MATCHED
