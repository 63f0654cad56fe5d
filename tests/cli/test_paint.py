"""``diffpaint paint``: what is painted and written."""

import json
import re

import pytest
import torch
from painted import PHOTO, files, paint, run
from PIL import Image

import diffpaint
from diffpaint import Painting
from diffpaint.cli.paint import CELLS
from diffpaint.io.document import read_document
from diffpaint.io.images import write_image


@pytest.mark.parametrize("objective", ["pixel", "content", "content + 20*pixel"])
def test_a_photo_becomes_a_painting_and_a_document(tmp_path, objective):
    result = paint(tmp_path / "a.png", "--objective", objective)
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png"]
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (64, 42)
    document = read_document(tmp_path / "a.json")
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


def test_cells_are_nearly_square_unless_a_grid_says_otherwise(tmp_path):
    arguments = ["--size", "64", "--strokes", "1", "--steps", "1", "--device", "cpu", "--objective", "pixel"]
    arguments += ["--pyramid", "1"]
    result = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments)
    assert result.exit_code == 0, result.output
    rows, cols = map(int, re.match(r"(\d+) x (\d+) cells", result.stderr).groups())
    assert rows * cols == pytest.approx(CELLS, rel=0.1)
    assert (42 / rows) / (64 / cols) == pytest.approx(1, abs=0.15)


def test_by_default_large_strokes_are_drafted_and_small_ones_lie_on_top(tmp_path):
    arguments = ["--size", "64", "--grid", "6x9", "--strokes", "2", "--steps", "1", "--device", "cpu"]
    result = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments, "--objective", "pixel")
    assert "6 x 9 cells above 1 level of larger ones, 2 strokes in each, on 64 x 42 px" in result.stderr
    document = read_document(tmp_path / "a.json")
    assert document["renderer"]["name"] == "pyramid"
    assert len(document["strokes"]) == 2 * (3 * 4 + 6 * 9)
    photo = diffpaint.read_image(PHOTO, 64)
    error = (diffpaint.read_image(tmp_path / "a.png") - photo).square().mean()
    assert error < 0.2 * (photo - photo.mean()).square().mean()  # after one step: it is the draft that is so close


def test_many_cells_get_a_larger_canvas(tmp_path):
    arguments = ["--size", "600", "--grid", "30x43", "--strokes", "1", "--steps", "1", "--device", "cpu"]
    result = run("paint", PHOTO, "-o", tmp_path / "a.png", *arguments, "--objective", "pixel", "--pyramid", "1")
    assert "on 600 x 398 px" in result.stderr


def test_a_painting_that_was_there_is_replaced(tmp_path):
    assert paint(tmp_path / "a.png", "--objective", "pixel", "--seed", "1").exit_code == 0
    before = (tmp_path / "a.png").read_bytes()
    assert paint(tmp_path / "a.png", "--objective", "pixel").exit_code == 0
    assert read_document(tmp_path / "a.json")["seed"] == 0
    assert (tmp_path / "a.png").read_bytes() != before
    assert files(tmp_path) == ["a.json", "a.png"]


def test_a_time_lapse_is_filmed(tmp_path):
    result = paint(tmp_path / "a.png", "--objective", "pixel", "--timelapse", tmp_path / "film.gif", "--frames", "4")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png", "film.gif"]
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 4
        assert film.size == (64, 42)


def test_it_may_begin_at_random(tmp_path):
    arguments = ["--objective", "pixel", "--steps", "1", "--pyramid", "2", "--strokes", "2"]
    for name, options in (("a", []), ("b", ["--init", "random"]), ("c", ["--init", "draft"])):
        assert paint(tmp_path / f"{name}.png", *arguments, *options).exit_code == 0
    default, random, draft = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert default == draft
    photo = diffpaint.read_image(PHOTO, 64)
    drafted, chance = ((diffpaint.read_image(tmp_path / f"{one}.png") - photo).square().mean() for one in "ab")
    assert drafted < 0.5 * chance
    assert random != draft


def test_a_painter_may_be_named_with_options(tmp_path):
    arguments = ["--objective", "pixel", "--renderer", "neural-splat(brush=classic/charcoal)"]
    result = paint(tmp_path / "a.png", *arguments)
    assert result.exit_code == 0, result.output
    assert read_document(tmp_path / "a.json")["brush"] == "classic/charcoal"


def test_constraints_are_obeyed(tmp_path):
    rules = ["--greyscale", "--constraint", "limit(name=size, low=0, high=.2)"]
    result = paint(tmp_path / "a.png", "--objective", "pixel", *rules)
    assert result.exit_code == 0, result.output
    document = read_document(tmp_path / "a.json")
    columns = dict(zip(document["action_names"], zip(*document["actions"], strict=True), strict=True))
    assert columns["red"] == columns["green"] == columns["blue"]
    assert max(columns["size"]) <= 0.2


@pytest.mark.parametrize("ending", ["jpg", "webp", "gif", "json"])
def test_the_ending_chooses_what_is_written(tmp_path, ending):
    result = paint(tmp_path / f"a.{ending}", "--objective", "pixel")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == sorted({"a.json", f"a.{ending}"})
    if ending != "json":
        with Image.open(tmp_path / f"a.{ending}") as picture:
            assert picture.size == (64, 42)
            assert getattr(picture, "n_frames", 1) == (6 if ending == "gif" else 1)


def test_two_paintings_of_one_photo_may_differ_in_their_objective(tmp_path):
    """A sum with a minus, and a picture of another name."""
    other = tmp_path / "other, or not.png"
    write_image(other, 1 - diffpaint.read_image(PHOTO))
    for name, objective in (("a", "pixel"), ("b", f"pixel - 0.5*pixel(target='{other}')")):
        result = paint(tmp_path / f"{name}.png", "--objective", objective, "--steps", "4")
        assert result.exit_code == 0, result.output
    first, second = (read_document(tmp_path / f"{name}.json")["losses"] for name in "ab")
    assert second[0] < first[0]
    assert second[-1] < second[0]
