"""Every example runs, with few steps."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import diffpaint

ROOT = Path(__file__).parents[2]
PHOTO = str(ROOT / "tests" / "data" / "chelsea.jpg")
SEVEN = str(ROOT / "examples" / "digits" / "7.png")
FEW = ["--count", "64", "--painter-steps", "2"]  # strokes, and steps of the painter
RUNS = {
    "agent_start": ([SEVEN], "a.png"),
    "classes": (["--classes", "daisy", "--seeds", "1", "--size", "128"], "a"),
    "cppn": ([], "a.png"),
    "discrete_actions": ([str(ROOT / "tests" / "data" / "mnist"), *FEW], "a"),
    "ensembles": (["--classes", "daisy", "--seeds", "1"], "a"),
    "every_brush": ([PHOTO, "--size", "96", "--brushes", "classic/charcoal"], "a.png"),
    "figure": (["section-4"], "a"),
    "greyscale": ([PHOTO], "a.png"),
    "human_strokes": ([SEVEN, "--agents", "mnist"], "a.gif"),
    "intrinsic_style_transfer": ([PHOTO], "a"),
    "paint_photo": ([PHOTO], "a.png"),
    "plot_losses": ([str(ROOT / "tests" / "data" / "run")], "a.png"),
    "render_vis": ([], "a.png"),
    "render_vis --grid": (["--grid"], "a.png"),
    "variations": (["daisy", "--size", "96"], "a"),
    "visualize_class": (["daisy"], "a.png"),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("ignore")  # kornia's and lucent's own, with the torch of today
@pytest.mark.usefixtures("engine")
def test_an_example_runs(name, tmp_path, monkeypatch):
    arguments, output = RUNS[name]
    steps = [] if name in ("figure", "human_strokes", "plot_losses") else ["--steps", "2"]
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    monkeypatch.setattr(sys, "argv", [name, *arguments, *steps, "-o", str(tmp_path / output)])
    runpy.run_path(str(ROOT / "examples" / f"{name.partition(' ')[0]}.py"), run_name="__main__")
    blank = {"figure8.png"}  # what a painter shows that learned for two steps
    pictures = [path for ending in ("png", "gif") for path in tmp_path.rglob(f"*.{ending}") if path.name not in blank]
    assert pictures
    for picture in pictures:
        assert diffpaint.read_image(picture).std() > 0.01


def test_every_example_is_run():
    examples = {path.stem for path in (ROOT / "examples").glob("*.py")} - {"shell"}
    assert examples == {name.partition(" ")[0] for name in RUNS}


def run(name, *arguments):
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.jpg", "-o", "{}/a.png"], "no picture nothing.jpg"),
        ([PHOTO, "-o", "{}/missing/a.png"], "there is no folder"),
        ([PHOTO, "-o", "{}/a.xyz"], "no format '.xyz' to write"),
        ([PHOTO, "-o", "{}/a.png", "--steps", "-1"], "steps must be at least 0"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_painted(tmp_path, arguments, said):
    done = run("greyscale", *(argument.format(tmp_path) for argument in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "0"], "--seeds must be at least 1, got 0"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
    ],
)
def test_a_mistake_in_a_command_of_an_example_is_one_line(tmp_path, arguments, said):
    done = run("classes", "--classes", "daisy", "-o", str(tmp_path / "a"), *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def ran(name, monkeypatch, *arguments):
    """Run an example in this process, with the model-free ones fast enough for that; returns its exit code."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    try:
        runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.mark.parametrize(
    ("name", "arguments", "there", "output"),
    [
        ("human_strokes", [SEVEN, "--agents", "mnist"], "a.gif", "a.gif"),
        ("plot_losses", [ROOT / "tests" / "data" / "run"], "a.png", "a.png"),
        ("paint_photo", [PHOTO, "--steps", "1"], "a-replay.png", "a.png"),
        ("intrinsic_style_transfer", [PHOTO], "media/colour.png", "media"),
        ("ensembles", ["--classes", "daisy"], "media/985-1-0.json", "media"),
    ],
)
def test_nothing_is_written_over_unless_one_says_so(name, arguments, there, output, tmp_path, monkeypatch, capsys):
    file = tmp_path / there
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    assert ran(name, monkeypatch, *arguments, "-o", tmp_path / output) == 2
    said = capsys.readouterr().err
    assert "already" in said
    assert "--overwrite" in said
    assert said.count("\n") == 1
    assert file.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]
    if name in ("human_strokes", "plot_losses"):
        assert ran(name, monkeypatch, *arguments, "-o", file, "--overwrite") == 0
        assert diffpaint.read_image(file).std() > 0.01


def test_what_is_read_is_never_written_over(tmp_path, monkeypatch, capsys):
    photo = tmp_path / "seven.png"
    photo.write_bytes(Path(SEVEN).read_bytes())
    assert ran("agent_start", monkeypatch, SEVEN, photo, "-o", photo, "--overwrite") == 2
    assert "seven.png is what is read" in capsys.readouterr().err
    assert photo.read_bytes() == Path(SEVEN).read_bytes()


def test_help_says_what_is_written_and_the_defaults():
    shown = run("greyscale", "--help").stdout
    assert "a .png" in shown
    assert "(default: 250)" in shown
