"""What commands write over, and what not."""

import shutil

import pytest
from painted import PHOTO, assert_refused, files, paint, run
from PIL import Image

from diffpaint.cli.options import paths_in
from diffpaint.io.document import read_document
from diffpaint.io.files import beside
from diffpaint.io.lock import locked

PIXEL = ("--objective", "pixel")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def painted(tmp_path):
    """A folder with a painting, a.png and a.json, and the photo of another, b.jpg."""
    assert paint(tmp_path / "a.png", *PIXEL).exit_code == 0
    shutil.copy(PHOTO, tmp_path / "b.jpg")
    return tmp_path


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("b.jpg", "b.jpg exists already"),  # as -o *.jpg with two photos
        ("a.jpg", "a.json holds the strokes of a.png"),
        ("a.json", "a.json holds the strokes of a.png"),
    ],
)
def test_what_is_no_painting_or_another_one_is_written_over_if_asked_for_alone(painted, monkeypatch, output, said):
    monkeypatch.chdir(painted)
    before = contents(painted)
    assert_refused(paint(output, *PIXEL), said, "--overwrite")
    assert contents(painted) == before
    assert paint(output, *PIXEL, "--seed", "1", "--overwrite").exit_code == 0
    assert contents(painted)[output] != before.get(output)


def test_a_picture_of_another_size_is_not_of_the_document_beside_it(painted):
    Image.new("RGB", (30, 20)).save(painted / "a.png")
    before = contents(painted)
    assert_refused(paint(painted / "a.png", *PIXEL), "a.png is no painting of diffpaint's")
    assert contents(painted) == before


def test_a_photo_of_the_name_of_its_painting_is_no_other_painting(tmp_path):
    shutil.copy(PHOTO, tmp_path / "a.jpg")
    for seed in (1, 2):
        arguments = ("--size", "128", "--seed", str(seed), *PIXEL)  # the photo's own size
        assert paint(tmp_path / "a.png", *arguments, photo=tmp_path / "a.jpg").exit_code == 0
    assert read_document(tmp_path / "a.json")["seed"] == 2


def test_a_film_that_is_there_is_written_over_if_asked_for_alone(tmp_path):
    film = tmp_path / "holiday.gif"
    film.write_bytes(b"holiday")
    arguments = (tmp_path / "a.png", *PIXEL, "--timelapse", film, "--frames", 2)
    assert_refused(paint(*arguments), "holiday.gif exists already")
    assert film.read_bytes() == b"holiday"
    assert paint(*arguments, "--overwrite").exit_code == 0
    assert film.read_bytes() != b"holiday"


def test_replay_and_export_write_over_nothing(painted):
    before = contents(painted)
    for command in ("export", "replay"):
        for name in ("a.png", "b.jpg"):
            assert_refused(run(command, painted / "a.json", "-o", painted / name), f"{name} exists already")
    assert contents(painted) == before
    assert run("export", painted / "a.json", "-o", painted / "b.jpg", "--overwrite").exit_code == 0
    assert {name for name, data in contents(painted).items() if data != before[name]} == {"b.jpg"}


@pytest.mark.parametrize("size", [16384, None])
def test_the_limits_of_a_format_are_known_before_it_is_drawn(painted, size):
    if size is None:
        text = (painted / "a.json").read_text()
        (painted / "a.json").write_text(text.replace('"width": 64', '"width": 16384'))
    options = () if size is None else ("--size", size)
    refused = run("replay", painted / "a.json", "-o", painted / "c.webp", *options)
    assert_refused(refused, "a .webp has at most 16383 px a side, not 16384")
    assert not (painted / "c.webp").exists()


def test_whatever_an_expression_reads_is_an_input(painted):
    sea = painted / "sea.png"
    shutil.copy(painted / "a.png", sea)
    before = sea.read_bytes()
    for options in (
        ("--objective", f"pixel + 0.1*pixel(target={sea})"),
        ("--objective", f"pixel - pixel(target='{sea}')"),
        ("--init", f"random(a=[1, '{sea}'])", *PIXEL),
        ("--renderer", f"neural-splat(brush={sea})", *PIXEL),
        ("--brush", str(sea), *PIXEL),
    ):
        assert_refused(paint(sea, "--overwrite", *options), "sea.png is")
        assert sea.read_bytes() == before


def test_paths_are_found_wherever_they_stand():
    found = {str(path) for path in paths_in("a(x=b(y='c d.png'), z=[1, 'e.png']) - 2*f(g=h.png)")}
    assert {"c d.png", "e.png", "h.png"} <= found
    assert [str(path) for path in paths_in("not an (expression")] == ["not an (expression"]


def test_a_long_name_is_painted(tmp_path):
    name = "n" * 246 + ".png"  # its document is of 251 bytes, and its checkpoint would be of 255
    assert paint(tmp_path / name, *PIXEL).exit_code == 0
    longest = "m" * 251 + ".png"
    assert_refused(paint(tmp_path / longest, *PIXEL), ".json: its name is too long")
    assert files(tmp_path) == sorted([name, "n" * 246 + ".json"])


def test_a_second_run_on_the_same_painting_is_refused(tmp_path):
    with locked(beside(tmp_path / "a.json", ".lock"), "a.png"):
        for output in ("a.png", "a.jpg"):
            assert_refused(paint(tmp_path / output, *PIXEL), f"another run is at work on {tmp_path / output}")
    assert paint(tmp_path / "a.png", *PIXEL).exit_code == 0
    assert files(tmp_path) == ["a.json", "a.png"]
