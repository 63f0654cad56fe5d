import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import diffpaint
from diffpaint import Painting, Pixel
from diffpaint.cli import cli
from diffpaint.paint_command import CELLS
from diffpaint.registry import GROUPS
from diffpaint_grid import Pyramid

PHOTO = Path(__file__).parent / "data" / "chelsea.jpg"  # 128 x 85 px
SMALL = ["--size", "64", "--grid", "2x3", "--strokes", "1", "--steps", "2", "--device", "cpu", "--pyramid", "1"]


class Interrupting(Pixel):
    """Pixel; somebody presses Ctrl-C while the second canvas is scored."""

    calls = 0

    def forward(self, canvas):
        Interrupting.calls += 1
        if Interrupting.calls == 2:
            signal.raise_signal(signal.SIGINT)
        return super().forward(canvas)


class Broken(Pixel):
    """Pixel; the second canvas has no score."""

    calls = 0

    def forward(self, canvas):
        Broken.calls += 1
        return super().forward(canvas) * (float("nan") if Broken.calls == 2 else 1)


@pytest.fixture(autouse=True)
def fresh():
    Interrupting.calls = Broken.calls = 0


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def paint(output, *arguments, photo=PHOTO):
    return run("paint", photo, "-o", output, *SMALL, *arguments)


def errors(result):
    return [line for line in result.stderr.splitlines() if line.startswith("Error:")]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("objective", ["pixel", "content", "content + 20*pixel"])
def test_a_photo_becomes_a_painting_and_a_document(tmp_path, objective):
    result = paint(tmp_path / "a.png", "--objective", objective)
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png"]
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (64, 42)
    document = diffpaint.read_document(tmp_path / "a.json")
    assert (document["width"], document["height"]) == (64, 42)
    assert len(document["strokes"]) == len(document["actions"]) == 6
    assert document["brush"] == "classic/dry_brush"
    assert document["stroke_columns"][2] == "radius"
    assert len(document["losses"]) == 2
    assert document["losses"][1] < document["losses"][0] or "content" in objective  # content is shaken
    assert not document["interrupted"]
    assert document["renderer"]["name"] == "grid"
    painted = diffpaint.read_image(tmp_path / "a.png")
    assert painted.std() > 0.01  # no blank paper
    torch.testing.assert_close(Painting.load(tmp_path / "a.json").canvas, painted, atol=0.5 / 255 + 1e-5, rtol=0)


def test_says_what_it_wrote(tmp_path):
    result = paint(tmp_path / "a.png", "--objective", "pixel")
    assert "2 x 3 cells, 1 strokes in each, on 64 x 42 px" in result.stderr
    assert f"wrote {tmp_path / 'a.png'} (64 x 42 px) and {tmp_path / 'a.json'}" in result.stderr
    assert result.stdout == ""


def test_the_same_seed_paints_the_same_picture(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert paint(tmp_path / f"{name}.png", "--objective", "pixel", "--seed", seed).exit_code == 0
    first, again, other = ((tmp_path / f"{name}.json").read_text() for name in "abc")
    assert first == again
    assert first != other


def test_a_large_painting_has_the_strokes_of_a_small_one(tmp_path):
    result = paint(tmp_path / "a.png", "--objective", "pixel", "--size", "600")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (600, 398)  # twice 300 x 199
    document = json.loads((tmp_path / "a.json").read_text())
    assert (document["width"], document["height"]) == (600, 398)
    columns = document["stroke_columns"]
    x = [row[columns.index("start_x")] for row in document["strokes"]]
    assert max(x) > 300


def test_without_a_grid_the_cells_are_nearly_square(tmp_path):
    arguments = ["--size", "64", "--strokes", "1", "--steps", "1", "--device", "cpu", "--objective", "pixel"]
    result = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments)
    assert result.exit_code == 0, result.output
    rows, cols = map(int, re.match(r"(\d+) x (\d+) cells", result.stderr).groups())
    assert rows * cols == pytest.approx(CELLS, rel=0.1)
    assert (42 / rows) / (64 / cols) == pytest.approx(1, abs=0.15)


def test_by_default_large_strokes_are_drafted_and_small_ones_lie_on_top(tmp_path):
    arguments = ["--size", "64", "--grid", "6x9", "--strokes", "2", "--steps", "1", "--device", "cpu"]
    result = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments, "--objective", "pixel")
    assert "6 x 9 cells above 1 level of larger ones, 2 strokes in each, on 64 x 42 px" in result.stderr
    document = diffpaint.read_document(tmp_path / "a.json")
    assert document["renderer"]["name"] == "pyramid"
    assert len(document["strokes"]) == 2 * (3 * 4 + 6 * 9)
    photo = diffpaint.read_image(PHOTO, 64)
    error = (diffpaint.read_image(tmp_path / "a.png") - photo).square().mean()
    assert error < 0.2 * (photo - photo.mean()).square().mean()  # after one step: it is the draft that is so close


def test_a_draft_that_was_interrupted_is_kept_and_gone_on_with(tmp_path, monkeypatch):
    arguments = ["--pyramid", "2", "--grid", "2x3", "--strokes", "1", "--size", "48", "--steps", "3", "--device", "cpu"]
    arguments += ["--objective", "pixel"]
    assert run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments).exit_code == 0
    draft = Pyramid.draft

    def interrupted(*given, **named):
        signal.raise_signal(signal.SIGINT)
        return draft(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Pyramid, "draft", interrupted)
        stopped = run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments)
    assert stopped.exit_code == 130
    assert "interrupted after 0 of 3 steps; --resume goes on" in stopped.output
    assert diffpaint.read_document(tmp_path / "b.json")["interrupted"]
    assert run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments, "--resume").exit_code == 0
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_a_painting_on_levels_goes_on_as_if_it_had_not_been_interrupted(tmp_path):
    arguments = ["--size", "64", "--grid", "6x9", "--strokes", "1", "--steps", "4", "--device", "cpu"]
    whole = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments, "--objective", "pixel")
    assert whole.exit_code == 0, whole.output
    interrupting = f"{__name__}:Interrupting"
    Interrupting.calls = 0
    assert run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments, "--objective", interrupting).exit_code == 130
    again = run("paint", PHOTO, "-o", tmp_path / "b.png", *arguments, "--objective", interrupting, "--resume")
    assert again.exit_code == 0, again.output
    first, second = (diffpaint.read_document(tmp_path / f"{name}.json") for name in "ab")
    assert first["strokes"] == second["strokes"]
    assert first["losses"] == second["losses"]


def test_many_cells_get_a_larger_canvas(tmp_path):
    arguments = ["--size", "600", "--grid", "30x43", "--strokes", "1", "--steps", "1", "--device", "cpu"]
    result = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments, "--objective", "pixel", "--pyramid", "1")
    assert "on 600 x 398 px" in result.stderr


def test_a_painting_that_was_there_is_replaced(tmp_path):
    assert paint(tmp_path / "a.png", "--objective", "pixel", "--seed", "1").exit_code == 0
    (tmp_path / "a.png").write_text("old")
    assert paint(tmp_path / "a.png", "--objective", "pixel").exit_code == 0
    assert diffpaint.read_document(tmp_path / "a.json")["seed"] == 0
    assert diffpaint.read_image(tmp_path / "a.png").shape == (1, 3, 42, 64)
    assert diffpaint.read_document(tmp_path / "a.json")


def test_a_document_that_is_no_painting_is_left_alone(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel"), "a.json is no painting")
    assert (tmp_path / "a.json").read_text() == "{}"
    assert files(tmp_path) == ["a.json"]


def test_an_interrupted_painting_is_not_started_anew_nor_gone_on_with_as_another(tmp_path):
    interrupting = ("--objective", f"{__name__}:Interrupting", "--steps", "4")
    assert paint(tmp_path / "a.png", *interrupting).exit_code == 130
    kept = (tmp_path / "a.png.ckpt").read_bytes()
    assert_refused(paint(tmp_path / "a.png", *interrupting), "--resume goes on with it")
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel", "--resume"), "objective was ")
    other = tmp_path / "other.png"
    diffpaint.write_image(other, 1 - diffpaint.read_image(PHOTO))
    assert_refused(paint(tmp_path / "a.png", *interrupting, "--resume", photo=other), "photo was ")
    assert (tmp_path / "a.png.ckpt").read_bytes() == kept


def test_a_time_lapse_over_the_photo_is_refused(tmp_path):
    photo = tmp_path / "photo.gif"
    diffpaint.write_image(photo, diffpaint.read_image(PHOTO))
    kept = photo.read_bytes()
    assert_refused(paint(tmp_path / "a.png", "--timelapse", photo, photo=photo), "is what is read")
    assert photo.read_bytes() == kept


def test_a_time_lapse_is_filmed(tmp_path):
    result = paint(tmp_path / "a.png", "--objective", "pixel", "--timelapse", tmp_path / "film.gif", "--frames", "4")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png", "film.gif"]
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 4
        assert film.size == (64, 42)


def test_ctrl_c_keeps_the_painting_and_resume_goes_on_with_it(tmp_path):
    objective = ["--objective", f"{__name__}:Interrupting", "--steps", "4"]
    result = paint(tmp_path / "a.png", *objective)
    assert result.exit_code == 130, result.output
    assert "interrupted after 2 of 4 steps; --resume goes on" in result.stderr
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]
    half = diffpaint.read_document(tmp_path / "a.json")
    assert half["interrupted"]
    assert len(half["losses"]) == 2

    result = paint(tmp_path / "a.png", *objective, "--resume")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png"]
    whole = diffpaint.read_document(tmp_path / "a.json")
    assert not whole["interrupted"]
    assert whole["losses"][:2] == half["losses"]
    assert paint(tmp_path / "b.png", *objective).exit_code == 0  # nobody interrupts any more
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_an_objective_that_breaks_keeps_the_painting_and_the_checkpoint(tmp_path):
    result = paint(tmp_path / "a.png", "--objective", f"{__name__}:Broken", "--steps", "4")
    assert result.exit_code == 1
    (error,) = errors(result)
    assert "the loss is not finite at step 1" in error
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]
    assert len(diffpaint.read_document(tmp_path / "a.json")["losses"]) == 1


def assert_refused(result, said):
    """Exit code 2, one line that begins with Error, and no traceback."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert len(errors(result)) == 1, result.output
    assert result.stderr.splitlines()[-1] == errors(result)[0]
    assert "Traceback" not in result.output
    assert said in errors(result)[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--strokes", "0"], "--strokes must be at least 1, got 0"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--size", "0"], "--size must be from 1 to 8192 px, got 0"),
        (["--frames", "0"], "--frames must be at least 1, got 0"),
        (["--seed", "-1"], "seed"),
        (["--overlap", "1.0"], "overlap"),
        (["--overlap", "nan"], "overlap"),
        (["--renderer", "neural-splash"], "did you mean 'neural-splat'?"),
        (["--renderer", "grid"], "--renderer names what paints the cells of the grid"),
        (["--objective", "pixle"], "did you mean 'pixel'?"),
        (["--objective", "pixel +"], "objective 'pixel +': '' is no name"),
        (["--objective", "pixel - content"], "'pixel - content' is no name"),
        (["--objective", "1.2.3*pixel"], "'1.2.3*pixel' is no name"),
        (["--objective", "20 pixel"], "'20 pixel' is no name"),
        (["--objective", ""], "objective '': '' is no name"),
        (["--objective", "pixel(norm=l3)"], "norm is 'l1' or 'l2', got 'l3'"),
        (["--objective", "pixel(norm)"], "'norm' is no option=value"),
        (["--objective", "content(layers=_blocks_99)"], "did you mean _blocks_9"),
        (["--objective", "activation"], "missing a required argument: 'goal'"),
        (["--limit", "speed=0:1"], "speed"),
        (["--palette", "mauvish"], "mauvish"),
        (
            ["--renderer", "cppn", "--strokes", "3"],
            "cppn has no strokes in cells: --grid, --strokes, --pyramid mean nothing to it",
        ),
        (["--brush", "classic/broom"], "classic/broom"),
        (["--device", "abacus"], "no device 'abacus'; available here:"),
        (["--timelapse", "film.txt"], "a time-lapse is a .gif or an .mp4, not .txt"),
        (["--timelapse", "gone/film.gif"], "there is no folder gone"),
        (["--resume"], "nothing to resume"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_explained_in_one_line_and_leave_no_file(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    options = ["--objective", "pixel", *arguments]
    assert_refused(paint("a.png", *options), said)
    assert files(tmp_path) == []


@pytest.mark.parametrize("grid", ["3", "0x3", "3x", "axb", "2x3x4", "-1x3"])
def test_a_grid_that_is_none_is_explained(tmp_path, grid):
    assert_refused(paint(tmp_path / "a.png", f"--grid={grid}"), "is not rows x columns, such as 8x12")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("gone/a.png", "there is no folder gone; make it first"),
        ("a.xyz", "no picture format '.xyz'"),
        ("a", "no picture format ''"),
        ("a.json", "no picture format '.json'"),
        (".", "it is a folder"),
    ],
)
def test_an_output_that_cannot_be_written_is_explained(tmp_path, monkeypatch, output, said):
    monkeypatch.chdir(tmp_path)
    assert_refused(paint(output), said)
    assert files(tmp_path) == []


def test_a_photo_that_is_none_is_explained(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(PHOTO.read_bytes()[:1000])
    Image.new("RGB", (2000, 1)).save(tmp_path / "line.png")
    before = files(tmp_path)
    for name, said in (
        ("gone.jpg", "there is no such file"),
        ("", "it is a folder"),
        ("notes.txt", "no picture format that can be read"),
        ("cut.jpg", "cannot read"),
        ("line.png", "too narrow"),
    ):
        assert_refused(paint(tmp_path / "a.png", photo=tmp_path / name), said)
    assert files(tmp_path) == before


def test_the_photo_is_not_painted_over(tmp_path):
    Image.new("RGB", (64, 48), "red").save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel", photo=tmp_path / "a.png"), "photo")
    assert files(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


def test_a_damaged_checkpoint_is_explained_and_stays(tmp_path):
    (tmp_path / "a.png.ckpt").write_text("damaged")
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel", "--resume"), "is damaged; delete it")
    assert files(tmp_path) == ["a.png.ckpt"]


def test_resume_refuses_other_settings(tmp_path):
    assert paint(tmp_path / "a.png", "--objective", f"{__name__}:Interrupting", "--steps", "4").exit_code == 130
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel", "--resume", "--seed", "3"), "seed was 0, now 3")
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]


def test_list_shows_every_plugin():
    result = run("list")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    for group in GROUPS:
        plugins = diffpaint.describe(group)
        listed = lines[lines.index(f"{group}:") + 1 :][: len(plugins)]
        for plugin in plugins:
            (line,) = [line for line in listed if line.startswith(f"  {plugin.name} ")]
            assert f"[{plugin.package}]" in line
            assert plugin.summary
            assert plugin.summary in line
    assert "broken" not in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["paint", "--help"], ["list", "-h"]])
def test_help_shows_an_example(arguments):
    result = run(*arguments)
    assert result.exit_code == 0
    assert "diffpaint " in result.output
    assert "Usage:" in result.output


def test_the_version_is_the_packages():
    assert run("--version").output == f"diffpaint, version {diffpaint.__version__}\n"


def test_an_unknown_command_is_explained():
    result = run("pant")
    assert result.exit_code == 2
    assert "No such command 'pant'" in result.output


def test_the_program_itself_runs_and_shows_no_traceback(tmp_path):
    command = [sys.executable, "-m", "diffpaint", "paint", "gone.jpg", "-o", "a.png"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: no picture gone.jpg: there is no such file\n"
    assert done.stdout == ""
    assert files(tmp_path) == []


def test_a_painting_too_large_to_render_is_refused_before_work_begins(tmp_path):
    assert_refused(paint(tmp_path / "a.png", "--size", "8193"), "--size must be from 1 to 8192 px, got 8193")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--overlap", "0.99"), "--overlap must be at most 0.9, got 0.99"),
        (("--grid", "999x999"), "at most 100000 can be painted"),
        (("--strokes", "1000000000"), "at most 100000 can be painted"),
    ],
)
def test_what_could_never_be_painted_is_refused(tmp_path, arguments, said):
    assert_refused(paint(tmp_path / "a.png", *arguments), said)
    assert files(tmp_path) == []
