"""``diffpaint paint`` without cells: strokes where the picture needs them."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from diffpaint.cli import job
from diffpaint.cli.main import cli

PHOTO = "tests/data/chelsea.jpg"
QUICK = ["--size", "64", "--steps", "20", "--objective", "pixel"]


def painted(folder, *options, photo=PHOTO, name="a.png"):
    """The document of a painting, and the program's result."""
    done = CliRunner().invoke(cli, ["paint", str(photo), "-o", str(folder / name), *QUICK, *options])
    document = folder / name.replace(".png", ".json")
    return json.loads(document.read_text()) if document.exists() else None, done


def test_strokes_are_so_many_in_all(tmp_path):
    document, done = painted(tmp_path, "--strokes", "37")
    assert done.exit_code == 0, done.output
    assert "37 strokes where the picture needs them" in done.output
    assert len(document["strokes"]) == 37
    assert document["renderer"]["name"] == "scatter"
    mean = np.asarray(Image.open(PHOTO), float).mean((0, 1)) / 255
    assert document["background"] == pytest.approx(mean.tolist(), abs=0.02)


@pytest.mark.parametrize(
    "asked", [["--grid", "2x3"], ["--overlap", "0.4", "--grid", "2x2"], ["--grid", "2x2", "--pyramid", "1"]]
)
def test_cells_are_painted_when_they_are_asked_for(tmp_path, asked):
    document, done = painted(tmp_path, *asked, "--strokes", "1")
    assert done.exit_code == 0, done.output
    assert document["renderer"]["name"] in ("grid", "pyramid")
    assert document["background"] == [1, 1, 1]


def test_an_agent_paints_in_cells(tmp_path):
    document, done = painted(tmp_path, "--init", "agent(name=mnist)", "--grid", "1x1", "--pyramid", "1")
    assert done.exit_code == 0, done.output
    assert document["renderer"]["name"] == "grid"


def test_a_focus_draws_strokes_to_it(tmp_path):
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 40:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    counts = []
    for options in ([], ["--focus", str(tmp_path / "mask.png")]):
        document, done = painted(tmp_path, "--strokes", "60", "--seed", "1", *options, name=f"{len(counts)}.png")
        assert done.exit_code == 0, done.output
        column = document["action_names"].index("across")
        counts.append(sum(row[column] > 40 / 64 for row in document["actions"]))
    assert counts[1] > 1.3 * counts[0]


def test_nothing_is_painted_outside_of_a_mask_on_a_transparent_ground(tmp_path):
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    options = ["--strokes", "60", "--focus", str(tmp_path / "mask.png"), "--background", "transparent", "--steps", "60"]
    document, done = painted(tmp_path, *options)
    assert done.exit_code == 0, done.output
    assert document["background"] == "transparent"
    alpha = np.asarray(Image.open(tmp_path / "a.png"))[..., 3] / 255
    middle = alpha.shape[1] // 2
    assert alpha[:, : middle - 8].mean() < 0.1
    assert alpha[:, middle + 8 :].mean() > 0.8


def test_a_painting_goes_on_with_nothing_but_its_name(tmp_path, monkeypatch):
    whole, _ = painted(tmp_path, "--strokes", "30", name="whole.png")
    photo = tmp_path / "photo.jpg"
    shutil.copy(PHOTO, photo)
    before = job.paint
    with monkeypatch.context() as patched:
        patched.setattr(job, "paint", lambda *args, **more: before(*args, **more | {"callback": _stop}))
        _, cut = painted(tmp_path, "--strokes", "30", photo=photo)
    assert cut.exit_code == 130, cut.output
    done = CliRunner().invoke(cli, ["paint", "--resume", str(tmp_path / "a.png")])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "a.json").read_text())["actions"] == whole["actions"]


def _stop(step, canvas, loss):
    if step == 7:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--strokes", "0"], "--strokes must be at least 1, got 0"),
        (["--strokes", "200000"], "--strokes is at most 100000, got 200000"),
        (["--strategy", "nothing"], "no strategy named 'nothing'"),
        (["--strategy", "rounds(strokes=-3)"], "strokes must be at least 1, got -3"),
        (["--strategy", "rounds(speed=3)"], "its options are strokes, target, focus, seed"),
        (["--focus", "missing.png"], "no picture missing.png"),
        (["--focus", PHOTO, "--grid", "2x2"], "--focus means nothing where strokes lie in cells"),
        (["--renderer", "scatter"], "--renderer names what paints the strokes, such as neural-splat, not the scatter"),
        (
            ["--strategy", "rounds", "--grid", "2x2", "--pyramid", "1"],
            "rounds place strokes of scatter; Grid is another",
        ),
    ],
)
def test_mistakes_are_one_line(tmp_path, options, said):
    document, done = painted(tmp_path, *options)
    assert done.exit_code == 2
    assert said in done.output
    assert document is None
