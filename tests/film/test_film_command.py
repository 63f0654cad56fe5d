"""``diffpaint paint clip.mp4 -o painted.mp4``."""

import json
import re

import pytest
import torch
from click.testing import CliRunner

from diffpaint.cli.main import cli

pytest.importorskip("av", reason="needs the extra film")
pytest.importorskip("cv2", reason="needs the extra film")

import clips

from diffpaint_film import read_film

FEW = ("--strokes", 20, "--steps", 4, "--more", 2, "--size", 64, "--objective", "pixel")


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="diffpaint")


def refused(done, *said):
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert all(part in done.stderr for part in said), done.stderr


@pytest.fixture
def clip(tmp_path):
    return clips.write(tmp_path / "clip.mp4", clips.pictures(3), sound="aac")


@pytest.mark.parametrize("command", ["paint", "film"])
def test_a_film_is_painted(clip, tmp_path, command):
    output, document = tmp_path / "painted.mp4", tmp_path / "painted.json"
    done = run(command, clip, "-o", output, *FEW, "--greyscale")
    assert done.exit_code == 0, done.output
    assert sorted(tmp_path.iterdir()) == sorted([clip, output, document])
    shown, times = clips.read(output)
    assert times == pytest.approx([0, 0.1, 0.2])
    assert all(picture.shape == (48, 64, 3) for picture in shown)
    assert all(abs(picture[..., 0] - picture[..., 2]).max() < 12 for picture in shown)  # grey
    film, renderer = read_film(document)
    assert film.times == pytest.approx([0, 0.1, 0.2])
    assert [len(frame) for frame in film.frames] == [20, 20, 20]
    assert 20 <= len(film.strokes) <= 60
    for number, picture in enumerate(shown):
        with torch.no_grad():
            canvas = renderer(film.actions(number), film.ground(renderer))
        assert abs(255 * canvas[0].permute(1, 2, 0).numpy() - picture).mean() < 4


def test_an_interrupted_film_goes_on_to_the_same_bytes(clip, tmp_path, monkeypatch):
    whole, output = tmp_path / "whole.mp4", tmp_path / "painted.mp4"
    assert run("paint", clip, "-o", whole, *FEW).exit_code == 0
    from diffpaint.io import interrupt
    from diffpaint_film import commands

    save, saved = commands.save_checkpoint, []

    def interrupted(path, settings, **state):
        save(path, settings, **state)
        saved.append(path)
        if len(saved) == 3:  # the beginning, and two frames
            interrupt.interrupt()

    with monkeypatch.context() as patch:
        patch.setattr(commands, "save_checkpoint", interrupted)
        done = run("paint", clip, "-o", output, *FEW)
    assert done.exit_code == 130
    again = re.search("to go on: diffpaint (.*)", done.stderr)
    assert again is not None
    assert "after 2 frames" in done.stderr
    assert len(clips.read(output)[0]) == len(json.loads(output.with_suffix(".json").read_text())["frames"]) == 2
    done = run(*again[1].split())
    assert done.exit_code == 0, done.output
    assert output.read_bytes() == whole.read_bytes()
    assert output.with_suffix(".json").read_bytes() == whole.with_suffix(".json").read_bytes()
    assert not list(tmp_path.glob("*.frames"))


def test_a_film_that_was_interrupted_is_neither_lost_nor_mixed_with_another(clip, tmp_path, monkeypatch):
    from diffpaint_film import commands

    output = tmp_path / "painted.mp4"
    with monkeypatch.context() as patch:
        patch.setattr(commands, "_paint", lambda *parts: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            CliRunner().invoke(cli, ["film", str(clip), "-o", str(output), *map(str, FEW)], catch_exceptions=False)
    refused(run("film", clip, "-o", output, *FEW), "holds a film that was interrupted; --resume goes on with it")
    content = clip.read_bytes()
    clips.write(clip, clips.pictures(2))
    refused(run("film", "--resume", output), "holds the frames of another film")
    clip.write_bytes(content)
    assert run("film", "--resume", output).exit_code == 0
    mine = tmp_path / "other.mp4.frames"
    mine.mkdir()
    (mine / "letter.txt").write_text("mine")
    refused(run("film", clip, "-o", tmp_path / "other.mp4", *FEW, "--overwrite"), "holds something else")
    assert (mine / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "a.png"], ["a.png: a film is painted as .mp4, .mkv, .webm, not .png"]),
        (["-o", "clip.mp4"], ["clip.mp4 is what is read"]),
        (["-o", "there.mp4"], ["there.mp4 exists already", "--overwrite"]),
        (["-o", "gone/a.mp4"], ["there is no folder gone"]),
        (["-o", "a.mp4", "--strokes", "0"], ["--strokes must be at least 1, got 0"]),
        (["-o", "a.mp4", "--more", "0"], ["--more must be at least 1, got 0"]),
        (["-o", "a.mp4", "--size", "9000"], ["--size must be from 1 to 8192 px, got 9000"]),
        (["-o", "a.mp4", "--background", "transparent"], ["--background transparent: a film is painted on a colour"]),
        (["-o", "a.mp4", "--background", "mauveish"], ["mauveish is no colour"]),
        (["-o", "a.mp4", "--objective", "nothing"], ["'nothing'"]),
        (["-o", "a.mp4", "--brush", "nothing"], ["nothing"]),
        (["-o", "a.mp4", "--device", "abacus"], ["abacus"]),
        (["-o", "a.mp4", "--resume"], ["nothing to resume"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_before_the_work(clip, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.mp4").write_bytes(b"old")
    before = sorted(tmp_path.iterdir())
    refused(run("paint", "clip.mp4", *options), *said)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.mp4").read_bytes() == b"old"


def test_what_is_missing_is_said(clip, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    refused(run("paint", clip, "-o", tmp_path / "a.mp4"), "films need PyAV: pip install 'diffpaint[film]'")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "diffpaint-painting"}, "it lacks"),
        ({"frames": [[0], [99999], [0]]}, "frame 1 names strokes that are not there"),
        ({"frames": [[0], [-1], [0]]}, "frames"),
        ({"times": [0.0]}, "3 frames and 1 times"),
        ({"strokes": [[0.5]]}, "strokes should hold"),
        ({"strokes": [[2.0] * 15]}, "strokes"),
        ({"width": 10**9}, "width"),
        ({"renderer": {"name": "os:system", "options": {}}}, "os:system"),
        ({"renderer": {"name": "scatter", "options": {"renderer": "os:system"}}}, "os:system"),
    ],
    ids=str,
)
def test_a_document_is_checked_at_the_door(clip, tmp_path, change, said):
    output = tmp_path / "painted.mp4"
    assert run("film", clip, "-o", output, *FEW).exit_code == 0
    path = output.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=re.escape(said)):
        read_film(path)
