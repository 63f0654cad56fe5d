import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from diffpaint import read_image
from diffpaint.io.images import check_picture, write_image

WHITE, RED = (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)


def pixel(picture, y, x):
    return pytest.approx(picture[0, :, y, x].tolist(), abs=1e-6)


def bands(mode, size=(8, 6)):
    """Red above, blue below."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, size[1] // 2, *size))
    return picture.convert(mode)


@pytest.fixture
def save(tmp_path):
    """Save a Pillow picture and give its path."""

    def saved(picture, name, **options):
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return saved


def test_reads_as_a_batch_of_one_in_0_to_1(save):
    picture = read_image(save(bands("RGB"), "a.png"))
    assert picture.shape == (1, 3, 6, 8)
    assert picture.dtype == torch.float32
    assert pixel(picture, 0, 0) == RED
    assert pixel(picture, 5, 7) == (0.0, 0.0, 1.0)


def test_a_path_may_be_a_string(save):
    assert read_image(str(save(bands("RGB"), "a.png"))).shape == (1, 3, 6, 8)


def test_transparency_is_laid_on_white(save):
    picture = Image.new("RGBA", (3, 1))
    for x, alpha in enumerate((0, 51, 255)):
        picture.putpixel((x, 0), (255, 0, 0, alpha))
    read = read_image(save(picture, "a.png"))
    assert pixel(read, 0, 0) == WHITE
    assert pixel(read, 0, 1) == (1.0, 0.8, 0.8)
    assert pixel(read, 0, 2) == RED


def test_transparent_grey_is_laid_on_white(save):
    picture = Image.new("LA", (2, 1))
    picture.putpixel((0, 0), (0, 0))
    picture.putpixel((1, 0), (0, 255))
    read = read_image(save(picture, "a.png"))
    assert pixel(read, 0, 0) == WHITE
    assert pixel(read, 0, 1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_a_transparent_colour_of_a_palette_is_laid_on_white(save, ending):
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 0])
    picture.putpixel((1, 0), 1)
    read = read_image(save(picture, f"a.{ending}", transparency=1))
    assert pixel(read, 0, 0) == RED
    assert pixel(read, 0, 1) == WHITE


def test_16_bit_grey_keeps_its_range(save):
    levels = np.array([[0, 16384, 65535]], np.uint16)
    read = read_image(save(Image.fromarray(levels), "a.png"))
    assert read[0, 0, 0].tolist() == pytest.approx([0, 0.25, 1], abs=1 / 255)
    assert torch.equal(read[:, 0], read[:, 2])


def test_pixels_that_are_no_numbers_are_refused(save):
    path = save(Image.fromarray(np.array([[0.5, np.nan]], np.float32)), "a.tiff")
    with pytest.raises(ValueError, match=r"cannot read .*a\.tiff: some of its pixels are NaN or infinite"):
        read_image(path)


def test_floating_point_grey_is_clipped_to_its_range(save):
    levels = np.array([[-1.0, 0.25, 2.0]], np.float32)
    read = read_image(save(Image.fromarray(levels), "a.tiff"))
    assert read[0, 0, 0].tolist() == pytest.approx([0, 0.25, 1], abs=1 / 255)


@pytest.mark.parametrize(("mode", "level"), [("L", 76 / 255), ("1", None)])
def test_grey_and_black_and_white_become_rgb(save, mode, level):
    read = read_image(save(bands(mode), "a.png"))
    assert read.shape == (1, 3, 6, 8)
    assert torch.equal(read[:, 0], read[:, 1])
    if level is None:
        assert set(read.flatten().tolist()) <= {0.0, 1.0}
    else:
        assert pixel(read, 0, 0) == (level,) * 3


@pytest.mark.parametrize("size", [None, 8])
def test_cmyk_jpeg_becomes_rgb(save, size):
    read = read_image(save(bands("CMYK", (64, 64)), "a.jpg", quality=95), size)
    side = size or 64
    assert read.shape == (1, 3, side, side)
    assert read[0, :, 0, 0].tolist() == pytest.approx(RED, abs=0.05)
    assert read[0, :, -1, -1].tolist() == pytest.approx((0, 0, 1), abs=0.05)


@pytest.mark.parametrize("size", [None, 8])
def test_grey_jpeg_becomes_rgb(save, size):
    read = read_image(save(Image.new("L", (64, 32), 128), "a.jpg"), size)
    assert read.shape == ((1, 3, 32, 64) if size is None else (1, 3, 4, 8))
    torch.testing.assert_close(read, torch.full_like(read, 128 / 255), atol=0.01, rtol=0)


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_exif_rotation_is_applied(save, ending):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    read = read_image(save(bands("RGB", (64, 32)), f"a.{ending}", exif=exif))
    assert read.shape == (1, 3, 64, 32)
    assert read[0, :, 5, 30].tolist() == pytest.approx(RED, abs=0.05)  # what was above is on the right
    assert read[0, :, 60, 2].tolist() == pytest.approx((0, 0, 1), abs=0.05)


def test_an_exif_rotation_is_applied_before_the_size(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(bands("RGB", (64, 32)), "a.jpg", exif=exif)
    assert read_image(path, 16).shape == (1, 3, 16, 8)
    assert read_image(path, (10, 12)).shape == (1, 3, 10, 12)


def test_one_pixel_is_a_picture(save):
    path = save(Image.new("RGB", (1, 1), "red"), "a.png")
    assert pixel(read_image(path), 0, 0) == RED
    assert read_image(path, 5).shape == (1, 3, 5, 5)


@pytest.mark.parametrize(
    ("size", "wanted"), [(20, (10, 20)), (40, (20, 40)), (200, (100, 200)), ((7, 9), (7, 9)), (3, (2, 3))]
)
def test_resizes_to_the_longer_side_or_to_a_size(save, size, wanted):
    assert read_image(save(bands("RGB", (40, 20)), "a.png"), size).shape == (1, 3, *wanted)


def test_shrinking_averages(save):
    noise = np.random.default_rng(0).integers(0, 2, (64, 64), np.uint8) * 255
    read = read_image(save(Image.fromarray(noise), "a.png"), 4)
    torch.testing.assert_close(read, torch.full_like(read, 0.5), atol=0.15, rtol=0)


def test_long_and_narrow_pictures_are_refused_where_nothing_would_be_left(save):
    path = save(Image.new("RGB", (2000, 1)), "a.png")
    assert read_image(path).shape == (1, 3, 1, 2000)
    with pytest.raises(ValueError, match="2000 x 1 px is too narrow to be fitted into 100 px"):
        read_image(path, 100)


@pytest.mark.parametrize("ending", ["png", "jpg"])
@pytest.mark.parametrize("size", [0, -1, (0, 4)])
def test_a_size_below_one_pixel_is_refused(save, ending, size):
    with pytest.raises(ValueError, match="at least 1 px"):
        read_image(save(bands("RGB"), f"a.{ending}"), size)


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp", "tiff", "bmp"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_files_that_were_cut_short_are_refused(save, ending, part):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    path = save(noise, f"a.{ending}")
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(ValueError, match=rf"cannot read .*a\.{ending}"):
        read_image(path)


@pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="Pillow without AVIF")
def test_a_damaged_avif_is_refused(save):
    path = save(bands("RGB", (64, 64)), "a.avif")
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + bytes(len(data) - start))
    with pytest.raises(ValueError, match="cannot read"):
        read_image(path)


def test_a_png_with_a_wrong_checksum_is_refused(save):
    path = save(bands("RGB"), "a.png")
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 8] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="cannot read"):
        read_image(path)


@pytest.mark.parametrize("content", [b"", b"some text", bytes(1000)])
def test_what_is_no_picture_is_refused(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read .*a\.png: no picture format"):
        read_image(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"no picture .*gone\.png: there is no such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(ValueError, match="it is a folder"):
        read_image(tmp_path)


def huge_png(path, width, height):
    """A PNG of a few bytes whose header promises more."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize("size", [None, 100])
def test_more_than_400_megapixels_are_refused_by_the_header(tmp_path, monkeypatch, size):
    huge_png(tmp_path / "a.png", 20_001, 20_000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_345)
    with pytest.raises(ValueError, match="more than 400 megapixels"):
        read_image(tmp_path / "a.png", size)
    assert Image.MAX_IMAGE_PIXELS == 12_345  # the program's own limit is kept


def test_a_huge_jpeg_is_read_at_a_size(save):
    path = save(Image.new("L", (10_000, 9_500), 200), "a.jpg")  # more than Pillow would warn of
    read = read_image(path, 50)
    assert read.shape == (1, 3, 48, 50)
    torch.testing.assert_close(read, torch.full_like(read, 200 / 255), atol=0.01, rtol=0)


def test_what_is_written_is_read_again(tmp_path, rand):
    picture = (rand(1, 3, 7, 9) * 255).round() / 255
    write_image(tmp_path / "a.png", picture)
    torch.testing.assert_close(read_image(tmp_path / "a.png"), picture, atol=1e-6, rtol=0)
    write_image(tmp_path / "b.png", picture[0].requires_grad_())
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_values_are_rounded_and_clipped(tmp_path):
    write_image(tmp_path / "a.png", torch.tensor([-1.0, 0.4999, 2.0])[:, None, None])
    assert np.array(Image.open(tmp_path / "a.png")).tolist() == [[[0, 127, 255]]]


def test_bytes_are_written_as_they_are(tmp_path):
    picture = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    write_image(tmp_path / "a.png", picture)
    assert np.array_equal(np.array(Image.open(tmp_path / "a.png")), picture)


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "webp", "tif", "bmp"])
def test_the_ending_chooses_the_format(tmp_path, ending):
    write_image(tmp_path / f"a.{ending}", torch.full((3, 16, 16), 0.5))
    read = read_image(tmp_path / f"a.{ending}")
    torch.testing.assert_close(read, torch.full_like(read, 0.5), atol=0.02, rtol=0)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.txt", "a.mp4", ".png"])
def test_unknown_endings_are_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(ValueError, match=r"no picture format .* to write"):
        write_image(tmp_path / name, torch.zeros(3, 4, 4))
    assert list(tmp_path.iterdir()) == []


def test_every_ending_that_passes_the_check_can_be_written(tmp_path):
    Image.init()
    refused = []
    for ending in sorted(Image.registered_extensions()):
        path = tmp_path / f"a{ending}"
        try:
            check_picture(path)
        except ValueError:
            continue
        try:
            write_image(path, torch.zeros(3, 16, 16))
        except Exception as error:  # whatever Pillow says, a deprecation too
            refused.append(f"{ending}: {error}")
    assert not refused


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (4, 4), (1, 4, 4), (5, 4, 3), (2, 4, 4, 4)])
def test_only_single_pictures_are_written(tmp_path, shape):
    with pytest.raises(ValueError, match="a picture is"):
        write_image(tmp_path / "a.png", torch.zeros(shape))
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    write_image(tmp_path / "a.png", torch.zeros(3, 4, 4))
    before = (tmp_path / "a.png").read_bytes()

    def fail(self, path, **options):
        path.write_bytes(b"half a picture")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write_image(tmp_path / "a.png", torch.ones(3, 4, 4))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(OSError, match="gone"):
        write_image(tmp_path / "gone" / "a.png", torch.zeros(3, 4, 4))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def faded(rand):
    """Four channels: any colours, nothing at the top and all at the bottom."""
    colors = (255 * rand(3, 5, 6)).round() / 255
    return torch.cat([colors, torch.linspace(0, 1, 5)[:, None].expand(1, 5, 6)])


@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
def test_alpha_is_kept_where_the_format_has_it(tmp_path, faded, ending):
    options = {"atol": 0.02} if ending == "webp" else {"atol": 1e-6}
    write_image(tmp_path / f"a.{ending}", faded)
    with Image.open(tmp_path / f"a.{ending}") as picture:
        assert picture.mode == "RGBA"
        alpha = torch.from_numpy(np.array(picture))[..., 3] / 255
    torch.testing.assert_close(alpha, (255 * faded[3]).round() / 255, rtol=0, **options)


@pytest.mark.parametrize("ending", ["jpg", "bmp", "gif"])
def test_alpha_is_laid_on_white_where_the_format_has_none(tmp_path, faded, ending):
    write_image(tmp_path / f"a.{ending}", faded)
    with Image.open(tmp_path / f"a.{ending}") as picture:
        top = np.array(picture.convert("RGB"))[0]
    assert top.min() > 225  # a JPEG bleeds
    assert read_image(tmp_path / f"a.{ending}")[0, :, -1].mean() < 0.8
