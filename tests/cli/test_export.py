"""``diffpaint export``: a saved painting drawn again by its painter, in any format and at any size."""

import json

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import diffpaint
from diffpaint import Painting, Pixel, paint, read_image
from diffpaint.cli.main import cli


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """Of a painting on a grid of 2 x 3 cells, 31 x 20 px."""
    path = tmp_path_factory.mktemp("painting") / "a.json"
    grid = diffpaint.load_renderer("grid", rows=2, cols=3, size=(20, 31))
    goal = Pixel(torch.zeros(1, 3, 20, 31))
    paint(grid, goal, strokes=1, steps=2, device="cpu", progress=False).save(path)
    return path


def export(*arguments):
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


def test_the_canvas_is_drawn_again(document, tmp_path):
    done = export(document, "-o", tmp_path / "b.png")
    assert done.exit_code == 0, done.output
    assert "(31 x 20 px)" in done.output
    assert (read_image(tmp_path / "b.png") - Painting.load(document).canvas).abs().max() < 0.51 / 255


@pytest.mark.parametrize(("size", "wanted"), [(62, (62, 40)), (93, (93, 60)), (70, (62, 40))])
def test_a_grid_is_drawn_at_the_nearest_multiple(document, tmp_path, size, wanted):
    done = export(document, "-o", tmp_path / "b.png", "--size", size)
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "b.png") as picture:
        assert picture.size == wanted
    small = torch.nn.functional.interpolate(read_image(tmp_path / "b.png"), (20, 31), mode="area")
    assert (small - Painting.load(document).canvas).abs().mean() < 6 / 255


def test_any_other_renderer_is_drawn_at_that_size(tmp_path):
    renderer = diffpaint.load_renderer("neural-splat(size=(20, 30))")
    goal = Pixel(torch.zeros(1, 3, 20, 30))
    paint(renderer, goal, strokes=2, steps=1, device="cpu", progress=False).save(tmp_path / "a.json")
    done = export(tmp_path / "a.json", "-o", tmp_path / "b.png", "--size", 75)
    assert done.exit_code == 0, done.output
    assert read_image(tmp_path / "b.png").shape == (1, 3, 50, 75)


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif", "bmp", "gif", "json"])
def test_every_ending_has_a_writer(document, tmp_path, ending):
    output = tmp_path / f"b.{ending}"
    done = export(document, "-o", output)
    assert done.exit_code == 0, done.output
    if ending == "json":
        assert json.loads(output.read_text())["strokes"] == json.loads(document.read_text())["strokes"]
    else:
        assert read_image(output).shape == (1, 3, 20, 31)


def test_a_writer_has_options(document, tmp_path):
    done = export(document, "-o", tmp_path / "b.gif", "--writer", "gif(frames=3, seconds=1)")
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "b.gif") as film:
        assert film.n_frames == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "b.xyz"], "no format '.xyz' to write; there are .bmp"),
        (["-o", "b"], "no format ''"),
        (["-o", "missing/b.png"], "there is no folder"),
        (["-o", "b.png", "--size", "0"], "--size must be from 1"),
        (["-o", "b.png", "--writer", "gif(frames=3)"], "--writer gif writes files that end in .gif"),
        (["-o", "b.png", "--writer", "png(frames=3)"], "its options are none"),
        (["-o", "b.gif", "--writer", "gif(frames=0)"], "at least 1"),
        (["-o", "b.gif", "--writer", "gif(frames=3"], "closing parenthesis is missing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(document, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = export(document, *arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_painting_is_not_written_over_itself(document):
    before = document.read_bytes()
    done = export(document, "-o", document)
    assert done.exit_code == 2
    assert document.read_bytes() == before


def test_a_file_that_is_no_painting_is_not_written_over(document, tmp_path):
    (tmp_path / "notes.json").write_text("{}")
    done = export(document, "-o", tmp_path / "notes.json")
    assert done.exit_code == 2
    assert (tmp_path / "notes.json").read_text() == "{}"


def test_a_painting_without_a_renderer_says_so(document, tmp_path):
    nameless = json.loads(document.read_text()) | {"renderer": None}
    (tmp_path / "a.json").write_text(json.dumps(nameless))
    done = export(tmp_path / "a.json", "-o", tmp_path / "b.png", "--size", 62)
    assert done.exit_code == 2
    assert "does not say how its renderer was made" in done.output


def test_a_renderer_that_is_not_installed_says_where_it_came_from(document, tmp_path):
    given = json.loads(document.read_text())
    origin = {"name": "watercolour", "distribution": "diffpaint-water", "version": "2.1"}
    (tmp_path / "a.json").write_text(json.dumps(given | {"renderer": given["renderer"] | origin}))
    done = export(tmp_path / "a.json", "-o", tmp_path / "b.png")
    assert done.exit_code == 2
    assert "no renderer named 'watercolour'" in done.output
    assert "painted with diffpaint-water 2.1" in done.output
