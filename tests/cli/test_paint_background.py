"""``--background`` and ``--size original``, and what is said of photos."""

import json
import warnings

import pytest
import torch
from painted import PHOTO, assert_refused, files, paint, run
from PIL import Image

from diffpaint import Painting, read_image
from diffpaint.cli.background import Ground
from diffpaint.io.images import write_image

FEW = ["--objective", "pixel", "--size", "48"]


@pytest.fixture
def logo(tmp_path):
    """White on nothing: the left half, of 48 x 32 px."""
    picture = torch.ones(4, 32, 48)
    picture[3, :, 24:] = 0
    write_image(tmp_path / "logo.png", picture)
    return tmp_path / "logo.png"


def test_strokes_cover_what_the_photo_covers_white_too(tmp_path, logo):
    options = ["--background", "transparent", "--steps", "60", "--strokes", "3"]
    result = paint(tmp_path / "a.png", *FEW, *options, photo=logo)
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "RGBA"
    painted = read_image(tmp_path / "a.png", alpha=True)
    assert painted[0, 3, :, 4:20].mean() > 0.7
    assert painted[0, 3, :, 28:].mean() < 0.2
    assert json.loads((tmp_path / "a.json").read_text())["background"] == "transparent"
    exported = run("export", tmp_path / "a.json", "-o", tmp_path / "b.png")
    assert exported.exit_code == 0, exported.output
    assert (read_image(tmp_path / "b.png", alpha=True) - painted).abs().max() < 2.5 / 255


def test_a_transparent_painting_is_gone_on_with(tmp_path, logo):
    options = ["--background", "transparent", "--steps", "3"]
    interrupted = paint(tmp_path / "a.png", *FEW, *options, "--objective", "painted:Interrupting", photo=logo)
    assert interrupted.exit_code == 130
    resumed = paint(tmp_path / "a.png", *FEW, *options, "--objective", "painted:Interrupting", "--resume", photo=logo)
    assert resumed.exit_code == 0, resumed.output
    assert paint(tmp_path / "b.png", *FEW, *options, photo=logo).exit_code == 0
    assert torch.equal(*(read_image(tmp_path / f"{name}.png", alpha=True) for name in "ab"))


@pytest.mark.parametrize(("color", "wanted"), [("navy", (0, 0, 128)), ("#204060", (32, 64, 96)), ("#fff", (255,) * 3)])
def test_a_colour_is_the_ground_of_painting_and_photo(tmp_path, logo, color, wanted):
    result = paint(tmp_path / "a.png", *FEW, "--background", color, "--fix", "size=0", photo=logo)
    assert result.exit_code == 0, result.output
    ground = json.loads((tmp_path / "a.json").read_text())["background"]
    assert [round(255 * channel) for channel in ground] == list(wanted)
    corner = read_image(tmp_path / "a.png")[0, :, :, 40:].flatten(1).median(1).values
    assert (255 * corner).tolist() == pytest.approx(wanted, abs=12)


def test_a_picture_is_the_ground_at_the_size_of_the_painting(tmp_path):
    stripes = torch.zeros(3, 200, 300)
    stripes[:, :, ::4] = 1
    write_image(tmp_path / "ground.png", stripes)
    options = ["--objective", "pixel", "--size", "600", "--background", tmp_path / "ground.png", "--fix", "size=0"]
    result = paint(tmp_path / "a.png", *options)
    assert result.exit_code == 0, result.output
    painting = Painting.load(tmp_path / "a.json")
    assert painting.background.shape == (1, 3, 398, 600)
    assert painting.background[0, 0, 200].std() > 0.3  # not blurred from the canvas that was optimised
    assert (read_image(tmp_path / "a.png") - painting.canvas).abs().max() < 1.5 / 255


@pytest.mark.parametrize("background", ["blurple", "gone.png", "", "#12", "#11223344"])
def test_what_is_no_background_is_refused_before_work_starts(tmp_path, background):
    assert_refused(paint(tmp_path / "a.png", "--background", background), f"--background {background}")
    assert files(tmp_path) == []


def test_the_background_is_not_written_over(tmp_path):
    write_image(tmp_path / "a.png", torch.zeros(3, 8, 8))
    assert_refused(paint(tmp_path / "a.png", "--background", tmp_path / "a.png"), "is what is read")


def test_under_a_transparent_painting_is_noise_while_it_is_optimised():
    ground = Ground("transparent")
    assert ground.painted_on((8, 9)).std() > 0.2
    assert torch.equal(ground.painted_on((8, 9)), ground.painted_on((8, 9)))
    assert ground.shown((8, 9)).min() == 1


@pytest.mark.parametrize("size", [(128, 85), (768, 512), (450, 301)])
def test_the_size_of_the_photo(tmp_path, size):
    with Image.open(PHOTO) as photo:
        photo.resize(size).save(tmp_path / "photo.png")
    result = paint(tmp_path / "a.png", "--objective", "pixel", "--size", "original", photo=tmp_path / "photo.png")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "a.png") as picture:
        width, height = picture.size
    assert max(abs(width - size[0]), abs(height - size[1])) <= 1
    if size != (450, 301):  # sides that share a divisor
        assert (width, height) == size


def test_a_turned_photo_is_as_large_as_it_is_shown(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (96, 48), "red").save(tmp_path / "photo.jpg", exif=turned)
    result = paint(tmp_path / "a.png", "--objective", "pixel", "--size", "original", photo=tmp_path / "photo.jpg")
    assert f"({48} x {96} px)" in result.stderr, result.output


def test_sizes_that_cannot_be_are_refused(tmp_path):
    Image.new("L", (9000, 10)).save(tmp_path / "photo.png")
    photo = tmp_path / "photo.png"
    assert_refused(
        paint(tmp_path / "a.png", "--size", "original", photo=photo), "--size must be from 1 to 8192 px, got 9000"
    )
    assert_refused(
        paint(tmp_path / "a.png", "--size", "original", photo=tmp_path / "gone.png"), "there is no such file"
    )
    assert paint(tmp_path / "a.png", "--size", "huge").exit_code == 2
    assert run("visualize", "flamingo", "-o", tmp_path / "a.png", "--size", "original").exit_code == 2


def test_a_damaged_profile_is_one_line(tmp_path):
    Image.new("RGB", (48, 32), "red").save(tmp_path / "photo.png", icc_profile=b"x" * 300)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = paint(tmp_path / "a.png", *FEW, photo=tmp_path / "photo.png")
    assert result.exit_code == 0, result.output
    notes = [line for line in result.stderr.splitlines() if "colour profile" in line]
    assert len(notes) == 1
    assert notes[0].startswith(f"note: {tmp_path / 'photo.png'}: its colour profile cannot be used")


@pytest.mark.parametrize("objective", ["pixel", "content", "style", "pixel + 0.1*style", "0.5*content - 0.1*pixel"])
def test_objectives_read_their_pictures(tmp_path, objective):
    with Image.open(PHOTO) as photo:
        photo.rotate(90, expand=True).convert("LA").save(tmp_path / "other.png")
    name = "style" if "style" in objective else objective.rpartition("*")[2]
    text = objective.replace(name, f"{name}(target={tmp_path / 'other.png'})")
    result = paint(tmp_path / "a.png", "--size", "48", "--objective", text)
    assert result.exit_code == 0, result.output
    missing = text.replace("other.png", "gone.png")
    assert_refused(paint(tmp_path / "b.png", "--size", "48", "--objective", missing), "no picture", "gone.png")
