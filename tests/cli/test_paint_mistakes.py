"""``diffpaint paint`` that cannot be: one line, exit code 2, and nothing written or lost."""

import pytest
from painted import PHOTO, assert_refused, files, paint
from PIL import Image

import diffpaint
from diffpaint.io.images import write_image


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--strokes", "0"], "--strokes must be at least 1, got 0"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--size", "0"], "--size must be from 1 to 8192 px, got 0"),
        (["--frames", "0", "--timelapse", "film.gif"], "--frames"),
        (["--seed", "-1"], "seed"),
        (["--overlap", "1.0"], "overlap"),
        (["--overlap", "nan"], "overlap"),
        (["--renderer", "neural-splash"], "did you mean 'neural-splat'?"),
        (["--renderer", "grid"], "--renderer names what paints the strokes, such as neural-splat, not the grid itself"),
        (["--renderer", "pyramid"], "not the pyramid itself"),
        (["--renderer", "neural-splat(bristles=3)"], "'bristles'"),
        (["--renderer", "neural-splat("], "option=value is missing at its end"),
        (["--objective", "pixle"], "did you mean 'pixel'?"),
        (["--objective", "pixel +"], "'pixel +': a name is missing at its end"),
        (["--objective", "pixel * content"], "this cannot be read at character"),
        (["--objective", "1.2.3*pixel"], "lacks its * at character 4"),
        (["--objective", "20 pixel"], "lacks its * at character"),
        (["--objective", ""], "'': a name is missing at its end"),
        (["--objective", "pixel(norm=l3)"], "norm is 'l1' or 'l2', got 'l3'"),
        (["--objective", "pixel(norm)"], "option=value is missing at character 7, 'norm)'"),
        (["--objective", "content(layers=_blocks_99)"], "did you mean _blocks_9"),
        (["--objective", "activation"], "missing a required argument: 'goal'"),
        (["--limit", "speed=0:1"], "speed"),
        (["--palette", "mauvish"], "mauvish"),
        (["--constraint", "limit(name=speed, low=0, high=1)"], "speed"),
        (["--constraint", "gray"], "no constraint named 'gray'"),
        (["--init", "drft"], "no initializer named 'drft'; installed: agent, draft, random; did you mean 'draft'?"),
        (["--init", "draft(steps=3)"], "'steps'"),
        (["--init", "agent"], "missing a required argument: 'name'"),
        (
            ["--renderer", "cppn", "--strokes", "3"],
            "cppn has no strokes in cells: --grid, --pyramid, --strokes mean nothing to it",
        ),
        (["--brush", "classic/broom"], "classic/broom"),
        (["--device", "abacus"], "no device 'abacus'; available here:"),
        (["--timelapse", "film.txt"], "film.txt: a time-lapse is a .gif, an .mp4 or a .webm"),
        (["--timelapse", "film.png"], "film.png: a time-lapse is a .gif, an .mp4 or a .webm"),
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
        ("a.xyz", "no format '.xyz' to write; there are .bmp, .csv, .gif, "),
        ("a", "no format '' to write"),
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
        ("", "a.png is no folder"),
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


def test_a_document_that_is_no_painting_is_left_alone(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    assert_refused(paint(tmp_path / "a.png", "--objective", "pixel"), "a.json is no painting")
    assert (tmp_path / "a.json").read_text() == "{}"
    assert files(tmp_path) == ["a.json"]


def test_a_time_lapse_over_the_photo_is_refused(tmp_path):
    photo = tmp_path / "photo.gif"
    write_image(photo, diffpaint.read_image(PHOTO))
    kept = photo.read_bytes()
    assert_refused(paint(tmp_path / "a.png", "--timelapse", photo, photo=photo), "is what is read")
    assert photo.read_bytes() == kept


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
