"""Every example runs, with few steps."""

import runpy
import sys
from pathlib import Path

import pytest

import diffpaint

ROOT = Path(__file__).parents[1]
PHOTO = str(ROOT / "tests" / "data" / "chelsea.jpg")
RUNS = {
    "cppn": ([], "a.png"),
    "ensembles": (["--classes", "daisy", "--seeds", "1"], "a"),
    "greyscale": ([PHOTO], "a.png"),
    "intrinsic_style_transfer": ([PHOTO], "a"),
    "paint_photo": ([PHOTO], "a.png"),
    "render_vis": ([], "a.png"),
    "render_vis --grid": (["--grid"], "a.png"),
    "visualize_class": (["daisy"], "a.png"),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("ignore")  # kornia's and lucent's own, with the torch of today
def test_an_example_runs(name, tmp_path, monkeypatch):
    arguments, output = RUNS[name]
    monkeypatch.setattr(sys, "argv", [name, *arguments, "--steps", "2", "-o", str(tmp_path / output)])
    runpy.run_path(str(ROOT / "examples" / f"{name.partition(' ')[0]}.py"), run_name="__main__")
    pictures = list(tmp_path.rglob("*.png"))
    assert pictures
    for picture in pictures:
        assert diffpaint.read_image(picture).std() > 0.01


def test_every_example_is_run():
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == {name.partition(" ")[0] for name in RUNS}
