"""``diffpaint paint`` of many photos into a folder: as each alone, whatever becomes of the others."""

import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from painted import PHOTO, assert_refused, errors, files, run
from PIL import Image

from diffpaint import Pixel
from diffpaint.cli.many import RECORD
from diffpaint.io.checkpoint import save_checkpoint
from diffpaint.io.document import read_document
from diffpaint.io.lock import locked_folder

FAST = ["--size", "40", "--renderer", "cppn", "--steps", "3", "--device", "cpu", "--objective", "pixel"]
NAMES = ("a", "b", "c")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of three photos and a text, in the folder where the program runs."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "notes.txt").write_text("no picture")
    for index, name in enumerate(NAMES):
        with Image.open(PHOTO) as photo:
            photo.rotate(90 * index).save(folder / f"{name}.jpg")
    return folder


def paint(*arguments):
    return run("paint", *FAST, *arguments)


def results(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Marked(Pixel):
    """Pixel; of a dark photo it kills its process, of a bright one it is not finite."""

    def forward(self, canvas):
        if self.target.mean() < 0.1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(canvas) * (float("nan") if self.target.mean() > 0.9 else 1)


class Slow(Pixel):
    """Pixel; slow, where a file says so, which it answers by another."""

    def forward(self, canvas):
        if Path("slow").exists():
            Path(f"begun-{os.getpid()}").touch()
            time.sleep(0.1)
        return super().forward(canvas)


MARKED, SLOW = f"{__name__}:Marked", f"{__name__}:Slow"


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not killed by signals there")
def test_each_is_painted_as_alone_and_those_that_fail_are_told_and_painted_later(photos, tmp_path):
    whole = (photos / "b.jpg").read_bytes()
    (photos / "b.jpg").write_bytes(whole[:500])
    failing = [photos / "b-bright.png", photos / "b-dark.png"]
    for path, color in zip(failing, ("white", "black"), strict=True):
        Image.new("RGB", (40, 30), color).save(path)
    first = paint(photos, "photos/[ac].jpg", "-o", "out/", "--objective", MARKED, "--processes", "1")  # some twice
    assert first.exit_code == 1, first.output
    assert errors(first) == ["Error: 3 of 5 photos could not be painted:"]
    told = first.stderr[first.stderr.index("Error:") :].splitlines()[1:]
    for line, path, reason in zip(
        told,
        [*failing, photos / "b.jpg"],
        ["the loss is not finite at step 0", "one of the processes was ended by SIGKILL", "cannot read "],
        strict=True,
    ):
        assert line.startswith(f"  {path}: {reason}")
    assert re.findall(r"wrote out/(\w).png in [\d.]+ s", first.stderr) == ["a", "c"]
    assert "5/5" in first.stderr
    painted = results(tmp_path / "out")
    assert {name[0] for name in painted if name.endswith(".json")} == {"a", "b", "c"}  # b-bright as far as it came

    (photos / "b.jpg").write_bytes(whole)
    for path in failing:
        path.unlink()
    again = run("paint", "--resume", "out/", "--objective", MARKED)
    assert again.exit_code == 0, again.output
    assert "2 of 3 photos are painted already" in again.stderr
    there = results(tmp_path / "out")
    assert {name for name in painted if "bright" not in name and "dark" not in name} - {RECORD} == {
        name for name in there if name[0] != "b"
    }
    for name in NAMES:
        assert paint(photos / f"{name}.jpg", "-o", f"{name}.png", "--objective", MARKED).exit_code == 0
        for ending in ("png", "json"):
            assert there[f"{name}.{ending}"] == (tmp_path / f"{name}.{ending}").read_bytes()
    nothing = paint(photos, "-o", "out", "--resume")
    assert nothing.exit_code == 0, nothing.output
    assert results(tmp_path / "out") == there
    assert RECORD not in there


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to a process there")
def test_a_signal_ends_all_keeps_what_is_there_and_resume_goes_on(photos, tmp_path):
    arguments = ("--objective", SLOW, "--steps", "30", "--processes", "2")
    assert run("paint", *FAST, photos / "a.jpg", "-o", "a.png", *arguments[:-2]).exit_code == 0
    (tmp_path / "slow").touch()

    def end():
        while len(list(tmp_path.glob("begun-*"))) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end).start()
    stopped = paint(photos, "-o", "out/", *arguments)
    assert stopped.exit_code == 143, stopped.output
    assert stopped.stderr.endswith("interrupted; what was painted is kept; to go on: diffpaint paint --resume out\n")
    assert not multiprocessing.active_children()
    assert sorted(set(files(tmp_path / "out")) - {".paint.ckpt"}) == sorted(
        f"{name}.{ending}" for name in "ab" for ending in ("json", "png", "png.ckpt")
    )
    assert read_document(tmp_path / "out" / "a.json")["interrupted"]

    (tmp_path / "slow").unlink()
    assert_refused(paint(photos, "-o", "out/", *arguments), "a.png.ckpt holds a painting that was interrupted")
    assert_refused(run("paint", "--resume", "out/"), "not among what you trust")
    assert_refused(run("paint", "--resume", "out/", "--seed", "3"), "--seed was 0, now 3; leave them out to go on")
    again = run("paint", "--resume", "out/", "--objective", SLOW, "--processes", "1")
    assert again.exit_code == 0, again.output
    assert files(tmp_path / "out") == [f"{name}.{ending}" for name in NAMES for ending in ("json", "png")]
    assert (tmp_path / "out" / "a.json").read_bytes() == (tmp_path / "a.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["photos", "gone.jpg", "-o", "out/"], "no picture is, or fits, gone.jpg"),
        (["photos/*.tif", "-o", "out/"], "no picture is, or fits, photos/*.tif"),
        (["empty", "-o", "out/"], "no picture in empty"),
        (["photos", "-o", "a.png"], "a.png is no folder, as many photos need one; end it with a "),
        (["photos/a.jpg", "photos/b.jpg", "-o", "out"], "out is no folder"),
        (["photos", "-o", "photos/notes.txt/"], "notes.txt is a file; name a folder"),
        (["photos", "more/A.png", "-o", "out/"], "would both be painted as "),
        (["more", "-o", "more/"], "A.png is what is read; name another folder"),
        (["photos", "-o", "taken/"], "b.png exists already"),
        (["photos", "-o", "taken/", "--resume"], "b.png exists already"),
        (["photos", "-o", "out/", "--timelapse", "a.gif"], "--timelapse films one painting"),
        (["photos", "-o", "out/", "--processes", "0"], "--processes must be at least 1, got 0"),
        (["photos/a.jpg", "-o", "a.png", "--processes", "2"], "--processes is for many photos"),
        (["photos", "-o", "out/", "--objective", "pixle"], "did you mean 'pixel'?"),
        (["photos", "-o", "out/", "--steps", "0"], "--steps must be at least 1, got 0"),
        (["photos", "-o", "out/", "--device", "abacus"], "no device 'abacus'"),
        (["photos", "-o", "out/", "--strokes", "3"], "cppn has no strokes in cells"),
        (["photos", "-o", "out/", "--limit", "speed=0:1"], "speed"),
        (["--resume", "photos/"], "photos does not say how it was begun; give its whole command again"),
        (["photos", "--resume"], "photos does not say how it was begun"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_line_before_anything_is_painted(photos, tmp_path, arguments, said):
    for folder in ("empty", "more", "taken"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "more" / "A.png")
    (tmp_path / "taken" / "b.png").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert_refused(paint(*arguments), said)
    assert sorted(tmp_path.rglob("*")) == before


def test_cores_are_shared_and_only_resume_goes_on(photos, tmp_path, monkeypatch):
    begun, jobs = tmp_path / "out" / "a.png.ckpt", []
    begun.parent.mkdir()
    begun.touch()
    monkeypatch.setattr("diffpaint.cli.many._work_through", lambda given, *rest: jobs.append(given))
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    for options in (["--resume"], ["--overwrite"], ["--overwrite", "--processes", "2"]):
        assert paint(photos, "-o", "out", *options).exit_code == 0
    assert [[job.goes_on for job in some] for some in jobs] == [[True, False, False], [False] * 3, [False] * 3]
    assert [{job.threads for job in some} for some in jobs] == [{2}, {2}, {4}]  # three photos, or two at once
    assert "--resume" in jobs[0][0].arguments
    assert "--resume" not in jobs[1][0].arguments


def test_of_two_runs_on_a_folder_the_second_is_refused(photos, tmp_path):

    with locked_folder(tmp_path / "out"):
        assert_refused(paint(photos, "-o", "out/"), "another run is at work on out")


def test_a_record_that_somebody_sends_is_checked(photos, tmp_path):

    (tmp_path / "out").mkdir()
    for command in ("3", "{}", '{"photo": []}', '{"photo": [3]}', '{"photo": ["photos"], "size": {}}'):
        save_checkpoint(tmp_path / "out" / RECORD, {"command": command})
        assert_refused(run("paint", "--resume", "out/"))
        assert files(tmp_path / "out") == [RECORD]
