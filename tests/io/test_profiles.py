"""Colour profiles: what is read is sRGB."""

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from diffpaint import read_image
from diffpaint.io import png

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
P3 = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.1571, 0.06657, 0.78407)}


def tags(profile):
    """Of each tag where its entry in the table and its data begin."""
    count = struct.unpack(">I", profile[128:132])[0]
    entries = [(at, *struct.unpack(">4sI", profile[at : at + 8])) for at in range(132, 132 + 12 * count, 12)]
    return {name: (at, data) for at, name, data in entries}


def with_primaries(primaries):
    profile = bytearray(SRGB)
    for name, values in primaries.items():
        start = tags(SRGB)[name][1] + 8
        profile[start : start + 12] = struct.pack(">3i", *[round(65536 * value) for value in values])
    return bytes(profile)


def swapped():
    """sRGB, red and blue for one another."""
    profile, (red, _), (blue, _) = bytearray(SRGB), tags(SRGB)[b"rXYZ"], tags(SRGB)[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = SRGB[blue : blue + 4], SRGB[red : red + 4]
    return bytes(profile)


def of_space(space):
    """A profile of grey or ink with a curve of its own: values are light to the power 1 / 1.0."""
    header = bytearray(SRGB[:128])
    header[16:20] = space
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    linear = b"curv" + bytes(4) + struct.pack(">I", 0)
    body = struct.pack(">I", 2) + struct.pack(">4sII", b"wtpt", 156, 20) + struct.pack(">4sII", b"kTRC", 176, 12)
    whole = bytes(header) + body + white + linear
    return struct.pack(">I", len(whole)) + whole[4:]


@pytest.fixture
def read(tmp_path):
    """Save a picture with options, read it, and give its first pixel as three numbers from 0 to 255."""

    def first_pixel(picture, ending="png", size=None, **options):
        picture.save(tmp_path / f"a.{ending}", **options)
        return (255 * read_image(tmp_path / f"a.{ending}", size)[0, :, 0, 0]).tolist()

    return first_pixel


@pytest.mark.parametrize("size", [None, 8])
@pytest.mark.parametrize("ending", ["png", "jpg", "tiff", "webp"])
def test_a_profile_is_applied_in_every_format(read, ending, size):
    options = {"quality": 100} if ending in ("jpg", "webp") else {}
    pixel = read(Image.new("RGB", (32, 32), "red"), ending, size, icc_profile=swapped(), **options)
    assert pixel == pytest.approx([0, 0, 255], abs=2)


@pytest.mark.parametrize(("mode", "wanted"), [("P", (0, 0, 255)), ("RGBA", (0, 0, 255)), ("L", (76, 76, 76))])
def test_a_profile_is_applied_in_every_mode(read, mode, wanted):
    assert read(Image.new("RGB", (4, 4), "red").convert(mode), icc_profile=swapped()) == pytest.approx(wanted, abs=1)


def test_display_p3_is_brighter_than_its_numbers(read):
    pixel = read(Image.new("RGB", (4, 4), (200, 60, 60)), icc_profile=with_primaries(P3))
    assert pixel == pytest.approx([217, 42, 52], abs=2)


def test_a_profile_of_grey_is_applied(read):
    for mode in ("L", "LA"):
        assert read(Image.new("L", (4, 4), 128).convert(mode), icc_profile=of_space(b"GRAY"))[0] == pytest.approx(
            188, 1
        )


def test_transparency_is_kept_beside_a_profile(tmp_path):
    Image.new("RGBA", (4, 4), (255, 0, 0, 51)).save(tmp_path / "a.png", icc_profile=swapped())
    assert read_image(tmp_path / "a.png", alpha=True)[0, :, 0, 0].tolist() == pytest.approx([0, 0, 1, 0.2], abs=1e-6)
    assert read_image(tmp_path / "a.png")[0, :, 0, 0].tolist() == pytest.approx([0.8, 0.8, 1], abs=1e-6)


def test_srgb_itself_changes_no_pixel(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(colors).save(tmp_path / "a.png", icc_profile=SRGB)
    assert torch.equal(
        (255 * read_image(tmp_path / "a.png")).round().byte(), torch.tensor(colors).permute(2, 0, 1)[None]
    )


@pytest.mark.parametrize(
    ("profile", "mode"),
    [
        (b"x" * 300, "RGB"),
        (SRGB[:300], "RGB"),
        (SRGB[:128] + bytes(400), "RGB"),
        (SRGB[:16] + b"CMYK" + SRGB[20:], "RGB"),
        (of_space(b"GRAY"), "RGB"),
        (SRGB, "CMYK"),
        (ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), "RGB"),
    ],
)
def test_a_profile_that_is_damaged_or_of_other_pictures_is_noted_and_ignored(read, profile, mode):
    with pytest.warns(UserWarning, match=r"a\.tiff: its colour profile .*; its colours are taken as they are"):
        pixel = read(Image.new("RGB", (4, 4), "red").convert(mode), "tiff", icc_profile=profile)
    assert pixel == pytest.approx([255, 0, 0], abs=1)


def chunks(*extra):
    """Of a PNG of one pixel, (200, 60, 60), with further chunks."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" + bytes([200, 60, 60]))
    parts = [(b"IHDR", header), *extra, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


GAMMA = (b"gAMA", struct.pack(">I", 45455))
LINEAR = (b"gAMA", struct.pack(">I", 100000))
P3_CHROMATICITIES = (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ([GAMMA], (200, 60, 60)),
        ([GAMMA, P3_CHROMATICITIES], (217, 42, 52)),
        ([LINEAR], (229, 133, 133)),
        ([(b"sRGB", b"\0"), LINEAR], (200, 60, 60)),
        ([(b"gAMA", bytes(4))], (200, 60, 60)),
        ([P3_CHROMATICITIES], (200, 60, 60)),
    ],
)
def test_gamma_and_chromaticities_of_a_png_stand_for_a_profile(tmp_path, extra, wanted):
    (tmp_path / "a.png").write_bytes(chunks(*extra))
    assert (255 * read_image(tmp_path / "a.png")[0, :, 0, 0]).tolist() == pytest.approx(wanted, abs=1)


def test_chromaticities_that_cannot_be_are_noted(tmp_path):
    (tmp_path / "a.png").write_bytes(chunks(LINEAR, (b"cHRM", bytes(32))))
    with pytest.warns(UserWarning, match="its chromaticities cannot be"):
        assert read_image(tmp_path / "a.png")[0, 0, 0, 0] == pytest.approx(200 / 255)


def with_cicp(path, picture, primaries, transfer, **options):
    picture.save(path, **options)
    data, numbers = path.read_bytes(), bytes([primaries, transfer, 0, 1])
    chunk = struct.pack(">I", 4) + b"cICP" + numbers + struct.pack(">I", zlib.crc32(b"cICP" + numbers))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((1, 13), (200, 100, 50)),
        ((2, 2), (200, 100, 50)),
        ((1, 1), (200, 100, 50)),
        ((12, 13), (215, 93, 31)),
        ((9, 1), (241, 76, 29)),
        ((1, 8), (229, 168, 124)),
    ],
)
@pytest.mark.parametrize("large", [False, True])
def test_numbers_of_a_colour_space_in_a_png_are_heeded(tmp_path, monkeypatch, numbers, shown, large):
    monkeypatch.setattr(png, "LARGE", 0 if large else 2**40)
    path = with_cicp(tmp_path / "a.png", Image.new("RGB", (8, 8), (200, 100, 50)), *numbers)
    assert (255 * read_image(path)[0, :, 0, 0]).tolist() == pytest.approx(shown, abs=3)


def test_they_come_before_a_profile_and_it_counts_where_they_say_nothing(tmp_path):
    red = Image.new("RGB", (8, 8), "red")
    for numbers, shown in (((1, 13), [1, 0, 0]), ((2, 2), [0, 0, 1])):
        path = with_cicp(tmp_path / "a.png", red, *numbers, icc_profile=swapped())
        assert read_image(path)[0, :, 0, 0].tolist() == pytest.approx(shown, abs=0.02)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((9, 16), r"it is HDR \(PQ\), which is not tone-mapped here; its colours are taken as they are"),
        ((9, 18), r"it is HDR \(HLG\)"),
        ((22, 13), "its colour space, of primaries 22 and transfer 13, is not known here; its colours are taken"),
    ],
)
def test_hdr_and_what_is_not_known_are_taken_as_they_are_with_a_note(tmp_path, numbers, said):
    path = with_cicp(tmp_path / "a.png", Image.new("RGB", (8, 8), (200, 100, 50)), *numbers)
    with pytest.warns(UserWarning, match=said):
        read = read_image(path)
    assert (255 * read[0, :, 0, 0]).round().tolist() == [200, 100, 50]


@pytest.mark.parametrize(("numbers", "shown"), [((1, 13), (200, 100, 50)), ((12, 13), (215, 93, 31))])
def test_numbers_of_a_colour_space_in_heic_are_heeded(tmp_path, numbers, shown):
    heif = pytest.importorskip("pillow_heif")
    coded = dict(zip(("color_primaries", "transfer_characteristics"), numbers, strict=True))
    heif.from_pillow(Image.new("RGB", (64, 64), (200, 100, 50))).save(tmp_path / "a.heic", quality=95, **coded)
    assert (255 * read_image(tmp_path / "a.heic")[0, :, 5, 5]).tolist() == pytest.approx(shown, abs=4)
