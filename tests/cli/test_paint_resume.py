"""``diffpaint paint`` that is interrupted, or breaks, and goes on."""

import shutil
import signal

import pytest
from painted import BROKEN, INTERRUPTING, PHOTO, assert_refused, errors, files, paint, run

import diffpaint
from diffpaint.io.checkpoint import save_checkpoint
from diffpaint.io.document import read_document
from diffpaint.io.images import write_image
from diffpaint_grid import Draft


def test_ctrl_c_keeps_the_painting_and_resume_goes_on_with_it(tmp_path):
    objective = ["--objective", INTERRUPTING, "--steps", "4"]
    result = paint(tmp_path / "a.png", *objective)
    assert result.exit_code == 130, result.output
    assert f"interrupted after 2 of 4 steps; to go on: diffpaint paint --resume {tmp_path / 'a.png'}" in result.stderr
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]
    half = read_document(tmp_path / "a.json")
    assert half["interrupted"]
    assert len(half["losses"]) == 2

    result = paint(tmp_path / "a.png", *objective, "--resume")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png"]
    whole = read_document(tmp_path / "a.json")
    assert not whole["interrupted"]
    assert whole["losses"][:2] == half["losses"]
    assert paint(tmp_path / "b.png", *objective).exit_code == 0  # nobody interrupts any more
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_a_draft_that_was_interrupted_is_kept_and_gone_on_with(tmp_path, monkeypatch):
    arguments = ["--pyramid", "2", "--grid", "2x3", "--strokes", "1", "--size", "48", "--steps", "3", "--device", "cpu"]
    arguments += ["--objective", "pixel"]
    assert run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments).exit_code == 0
    draft = Draft.__call__

    def interrupted(*given, **named):
        signal.raise_signal(signal.SIGINT)
        return draft(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Draft, "__call__", interrupted)
        stopped = run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments)
    assert stopped.exit_code == 130
    assert "interrupted before the first step; to go on: " in stopped.output
    assert read_document(tmp_path / "b.json")["interrupted"]
    assert run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments, "--resume").exit_code == 0
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_a_painting_on_levels_goes_on_as_if_it_had_not_been_interrupted(tmp_path):
    arguments = ["--size", "64", "--grid", "6x9", "--strokes", "1", "--steps", "4", "--device", "cpu"]
    whole = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments, "--objective", "pixel")
    assert whole.exit_code == 0, whole.output
    assert run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments, "--objective", INTERRUPTING).exit_code == 130
    again = run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments, "--objective", INTERRUPTING, "--resume")
    assert again.exit_code == 0, again.output
    first, second = (read_document(tmp_path / f"{name}.json") for name in "ab")
    assert first["strokes"] == second["strokes"]
    assert first["losses"] == second["losses"]


def test_an_interrupted_painting_is_not_started_anew_nor_gone_on_with_as_another(tmp_path):
    interrupting = ("--objective", INTERRUPTING, "--steps", "4")
    assert paint(tmp_path / "a.png", *interrupting).exit_code == 130
    kept = (tmp_path / "a.png.ckpt").read_bytes()
    assert_refused(paint(tmp_path / "a.png", *interrupting), "--resume goes on with it")
    changed = paint(tmp_path / "a.png", "--objective", "pixel", "--resume")
    assert_refused(changed, f"--objective was {INTERRUPTING}, now pixel; leave them out to go on")
    other = tmp_path / "other.png"
    write_image(other, 1 - diffpaint.read_image(PHOTO))
    assert_refused(paint(tmp_path / "a.png", *interrupting, "--resume", photo=other), "its photo is another")
    assert (tmp_path / "a.png.ckpt").read_bytes() == kept


def test_an_objective_that_breaks_keeps_the_painting_and_the_checkpoint(tmp_path):
    result = paint(tmp_path / "a.png", "--objective", BROKEN, "--steps", "4")
    assert result.exit_code == 1
    (error,) = errors(result)
    assert "the loss is not finite at step 1" in error
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]
    assert len(read_document(tmp_path / "a.json")["losses"]) == 1


def test_a_damaged_checkpoint_is_explained_and_stays(tmp_path):
    (tmp_path / "a.png.ckpt").write_text("damaged")
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel", "--resume"), "is damaged; delete it")
    assert files(tmp_path) == ["a.png.ckpt"]


def test_resume_refuses_other_settings(tmp_path):
    assert paint(tmp_path / "a.png", "--objective", INTERRUPTING, "--steps", "4").exit_code == 130
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel", "--resume", "--seed", "3"), "seed was 0, now 3")
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]


def test_resume_needs_nothing_but_the_painting(tmp_path, monkeypatch):
    shutil.copy(PHOTO, tmp_path / "cat.jpg")
    monkeypatch.chdir(tmp_path)
    arguments = ("--steps", "4", "--palette", "black,white", "--limit", "size=0:0.5", "--seed", "3")
    film = ("--timelapse", "film.gif", "--frames", "2")
    for name, objective in (("a", INTERRUPTING), ("b", "pixel")):
        paint(f"{name}.png", *arguments, *(film if name == "a" else ()), "--objective", objective, photo="cat.jpg")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert_refused(run("paint", "--resume", tmp_path / "a.png"), "not among what you trust")  # it is no plugin
    again = run("paint", "--resume", tmp_path / "a.png", "--objective", INTERRUPTING)
    assert again.exit_code == 0, again.output
    assert files(tmp_path) == ["a.json", "a.png", "b.json", "b.png", "cat.jpg", "elsewhere", "film.gif"]
    for ending in ("png", "json"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert_refused(run("paint", "--resume", tmp_path / "a.png"), "nothing to resume: there is no checkpoint")


def test_what_is_given_again_must_agree_but_for_what_a_run_does_not_depend_on(tmp_path):
    assert paint(tmp_path / "a.png", "--objective", INTERRUPTING, "--steps", "4").exit_code == 130
    for options, said in (
        (("--seed", "3"), "--seed was 0, now 3"),
        (("--grid", "3x3"), "--grid was 2x3, now 3x3"),
        (("--strokes", "2", "--size", "65"), "--size was 64, now 65; --strokes was 1, now 2"),
        (("--greyscale",), "--greyscale was not given, now given"),
        (("--palette", "red"), "--palette was not given, now red"),
        (("--limit", "size=0:1"), "--limit was not given, now size=0:1"),
        (("--steps", "0"), "--steps must be at least 1, got 0"),
    ):
        for words in (("--resume", tmp_path / "a.png"), (tmp_path / "a.png", "--resume")):
            assert_refused(run("paint", *words, *options), said)
    options = ("--objective", INTERRUPTING, "--steps", "3", "--grid", "2x3", "--timelapse", tmp_path / "a.gif")
    more = run("paint", tmp_path / "a.png", "--resume", *options)
    assert more.exit_code == 0, more.output
    assert len(read_document(tmp_path / "a.json")["losses"]) == 3
    assert files(tmp_path) == ["a.gif", "a.json", "a.png"]


def test_the_photo_may_have_moved(tmp_path):
    photo = tmp_path / "cat.jpg"
    shutil.copy(PHOTO, photo)
    assert paint(tmp_path / "a.png", "--objective", INTERRUPTING, "--steps", "4", photo=photo).exit_code == 130
    photo.rename(tmp_path / "moved.jpg")
    resumed = ("--resume", "--objective", INTERRUPTING)
    assert_refused(run("paint", tmp_path / "a.png", *resumed), "no picture", "cat.jpg")
    moved = run("paint", tmp_path / "moved.jpg", "-o", tmp_path / "a.png", *resumed)
    assert moved.exit_code == 0, moved.output


def test_an_interrupted_painting_may_be_begun_anew(tmp_path):
    assert paint(tmp_path / "a.png", "--objective", INTERRUPTING, "--steps", "4").exit_code == 130
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel"), "--overwrite begins anew")
    assert paint(tmp_path / "a.png", "--objective", "pixel", "--overwrite").exit_code == 0
    assert files(tmp_path) == ["a.json", "a.png"]


@pytest.mark.parametrize("command", ["3", "[]", "{", '{"size": {}}', '{"grid": [2]}', "{}", '{"photo": 3}', 7])
def test_a_command_line_that_somebody_sends_is_checked(tmp_path, command):
    save_checkpoint(tmp_path / "a.png.ckpt", {"command": command})
    refused = run("paint", "--resume", tmp_path / "a.png")
    assert refused.exit_code == 2, refused.output
    assert "Traceback" not in refused.output
    assert isinstance(refused.exception, SystemExit)
    assert files(tmp_path) == ["a.png.ckpt"]
