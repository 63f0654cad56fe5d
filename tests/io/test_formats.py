"""Formats, metadata and depths of pictures that phones, cameras and programs write."""

import builtins
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin, TiffImagePlugin, features

from diffpaint import read_image
from diffpaint.io import formats
from diffpaint.io.images import read_size


def exif(*entries):
    """A little-endian block of entries (tag, type, count, value as 4 bytes)."""
    table = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + bytes(4)


def oriented(number):
    return ExifTags.Base.Orientation, 3, 1, struct.pack("<HH", number, 0)


TEXT = (ExifTags.Base.XResolution, 2, 4, b"72\0\0")  # where a ratio belongs


def cornered(size=(40, 20)):
    """Red, but for a blue quarter at the top left."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0] // 2, size[1] // 2))
    return picture


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tiff"])
@pytest.mark.parametrize("number", range(10))
def test_all_orientations_with_an_odd_field_beside(tmp_path, ending, number):
    block = exif(oriented(number), TEXT)
    if ending == "tiff":  # its own tags are the block
        block = Image.Exif()
        block[ExifTags.Base.Orientation] = number
    options = {"quality": 100} if ending in ("jpg", "webp") else {}
    cornered().save(tmp_path / f"a.{ending}", exif=block, **options)
    read = read_image(tmp_path / f"a.{ending}", 20)[0]
    height, width = (20, 10) if number in (5, 6, 7, 8) else (10, 20)
    assert read.shape == (3, height, width)
    assert read_size(tmp_path / f"a.{ending}") == (2 * height, 2 * width)
    blue = {2: (0, 1), 7: (1, 1), 3: (1, 1), 4: (1, 0), 6: (0, 1), 8: (1, 0)}.get(number, (0, 0))
    corners = {(y, x): read[2, -y, -x] - read[0, -y, -x] for y in (0, 1) for x in (0, 1)}
    assert [corner for corner, difference in corners.items() if difference > 0.8] == [blue]


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0" + bytes(range(200)),
        exif(oriented(6))[:24],
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        exif((ExifTags.Base.Orientation, 2, 2, b"6\0\0\0")),
        b"",
    ],
)
def test_a_damaged_exif_block_does_not_matter(tmp_path, block):
    for ending in ("jpg", "png"):
        cornered().save(tmp_path / f"a.{ending}", exif=block)
        assert sorted(read_image(tmp_path / f"a.{ending}").shape[2:]) == [20, 40]


@pytest.mark.parametrize("compressed", [False, True])
def test_much_text_in_a_png_does_not_matter(tmp_path, compressed):
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "x" * (3 << 20), zip=compressed)
    text.add_itxt("XML:com.adobe.xmp", "x" * (3 << 20), zip=compressed)
    kept = PngImagePlugin.MAX_TEXT_CHUNK
    cornered().save(tmp_path / "a.png", pnginfo=text)
    assert read_image(tmp_path / "a.png").shape == (1, 3, 20, 40)
    assert kept == PngImagePlugin.MAX_TEXT_CHUNK


def test_heic_is_read_where_its_package_is_there(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(cornered((64, 64))).save(tmp_path / "a.heic", quality=95)
    for name in ("a.heic", "b.jpg"):  # phones and messengers rename what they like
        read = read_image((tmp_path / "a.heic").rename(tmp_path / name))
        assert read[0, :, 5, 5].tolist() == pytest.approx([0, 0, 1], abs=0.05)
        (tmp_path / name).rename(tmp_path / "a.heic")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", r"HEIC needs another package: pip install 'diffpaint\[heic\]'"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", r"HEIC needs another package"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL needs another package: pip install 'pillow-jxl-plugin'"),
        (b"\xff\x0a", "JPEG XL needs another package"),
    ],
)
def test_packages_that_are_not_there_are_named(tmp_path, monkeypatch, start, said):
    def missing(name, *arguments, **options):
        if name in ("pillow_heif", "pillow_jxl"):
            raise ImportError(name)
        return imported(name, *arguments, **options)

    imported = builtins.__import__
    monkeypatch.setattr("importlib.import_module", missing)
    (tmp_path / "a.jpg").write_bytes(start + bytes(100))
    with pytest.raises(ValueError, match=rf"cannot read .*a\.jpg: {said}"):
        read_image(tmp_path / "a.jpg")


def test_a_damaged_avif_or_one_too_new_says_which(tmp_path, monkeypatch):
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(100))
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(ValueError, match="AVIF needs a newer Pillow"):
        read_image(tmp_path / "a.avif")
    monkeypatch.setattr(features, "check", lambda name: True)
    with pytest.raises(ValueError, match="this AVIF is damaged"):
        read_image(tmp_path / "a.avif")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"II*\0\x10\0\0\0CR\2\0"),
        ("a.jpg", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"),
        ("a.jpg", b"FUJIFILMCCD-RAW 0201"),
        ("a.NEF", b"something new"),
        ("a.arw", b"II*\0\x08\0\0\0"),
    ],
)
def test_camera_raw_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content + bytes(100))
    with pytest.raises(
        ValueError, match="camera raw, of which only a small preview could be read; export it as a JPEG"
    ):
        read_image(tmp_path / name)


def test_the_preview_of_a_raw_file_is_not_taken_for_the_photo(tmp_path):
    cornered().save(tmp_path / "a.tiff")
    (tmp_path / "a.tiff").rename(tmp_path / "a.dng")
    dng = TiffImagePlugin.ImageFileDirectory_v2()
    dng[50706] = bytes([1, 4, 0, 0])
    cornered().save(tmp_path / "b.tif", tiffinfo=dng)
    for name in ("a.dng", "b.tif"):
        with pytest.raises(ValueError, match="camera raw"):
            read_image(tmp_path / name)
    cornered().save(tmp_path / "c.jpg")
    assert read_image((tmp_path / "c.jpg").rename(tmp_path / "c.dng")).shape == (1, 3, 20, 40)  # a JPEG all the same


def png(width, bits, kind, row, key):
    """A PNG of one row with a transparent colour, given in the samples of the file."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header, rows = struct.pack(">IIBBBBB", width, 1, bits, kind, 0, 0, 0), zlib.compress(b"\0" + row)
    parts = [(b"IHDR", header), (b"tRNS", key), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    ("bits", "kind", "row", "key"),
    [
        (1, 0, b"\x40", b"\0\0"),
        (2, 0, b"\x10", b"\0\0"),
        (2, 0, b"\x90", b"\0\2"),
        (4, 0, b"\x13", b"\0\1"),
        (8, 0, b"\x07\x30", b"\0\7"),
        (16, 0, b"\x12\x34\x30\x00", b"\x12\x34"),
        (8, 2, bytes([1, 2, 3, 48, 48, 48]), b"\0\1\0\2\0\3"),
        (16, 2, b"\x12\x34\x12\x34\x12\x34\x30\0\x30\0\x30\0", b"\x12\x34\x12\x34\x12\x34"),
    ],
)
def test_a_transparent_colour_of_every_depth_is_laid_on_white(tmp_path, bits, kind, row, key):
    (tmp_path / "a.png").write_bytes(png(2, bits, kind, row, key))
    read = read_image(tmp_path / "a.png", alpha=True)[0, 3, 0].tolist()
    assert read == [0, 1]
    assert read_image(tmp_path / "a.png")[0, :, 0, 0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize(
    ("kind", "full"),
    [
        *(("uint16", 65535), (">u2", 65535), ("int32", 65535), ("int32", 2**31 - 1)),
        *(("float32", 1), ("float32", 255), ("float32", 65535)),
    ],
)
def test_deep_pictures_keep_their_range(tmp_path, kind, full, size):
    levels = np.repeat(np.repeat(np.array([[0, full // 4 if full > 1 else 0.25], [full, full]]), 40, 0), 40, 1)
    Image.fromarray(levels.astype(kind)).save(tmp_path / "a.tiff")
    read = read_image(tmp_path / "a.tiff", size)[0, 0]
    assert read[[0, 0, -1], [0, -1, 0]].tolist() == pytest.approx([0, 0.25, 1], abs=0.02)


def test_floats_that_are_no_picture_are_refused(tmp_path):
    Image.fromarray(np.array([[0, 1e6]], np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(
        ValueError, match=r"its pixels go up to 1e\+06; floats are read as 0 to 1, 0 to 255, or 0 to 65535"
    ):
        read_image(tmp_path / "a.tiff")


def test_lab_and_other_modes_become_rgb(tmp_path):
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    in_lab = ImageCms.profileToProfile(cornered(), srgb, lab, outputMode="LAB")
    assert in_lab is not None
    for picture in (in_lab, cornered().convert("CMYK")):
        picture.save(tmp_path / "a.tiff")
        assert read_image(tmp_path / "a.tiff", 10)[0, :, 0, 0].tolist() == pytest.approx([0, 0, 1], abs=0.12)


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "mpo"])
def test_of_several_pictures_it_is_the_first(tmp_path, ending):
    cornered().save(tmp_path / f"a.{ending}", save_all=True, append_images=[Image.new("RGB", (40, 20), "lime")])
    assert read_image(tmp_path / f"a.{ending}")[0, :, -1, -1].tolist() == pytest.approx([1, 0, 0], abs=0.03)


@pytest.mark.parametrize("name", ["a.eps", "a.png", "a.jpg"])
def test_an_eps_is_refused_under_any_name_and_no_program_is_run(tmp_path, monkeypatch, name):
    def refused(*arguments, **options):
        raise AssertionError(f"a program was run: {arguments}")

    cornered().save(tmp_path / name, format="EPS")
    with Image.open(tmp_path / name) as picture:  # Pillow alone would take it
        assert picture.format == "EPS"
    monkeypatch.setattr("subprocess.Popen.__init__", refused)
    for read in (read_image, read_size):
        with pytest.raises(
            ValueError, match=rf"cannot read .*{name}: EPS, PDF, SVG .* export it as a PNG first$"
        ) as said:
            read(tmp_path / name)
        assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    "start", [b"%PDF-1.7", b'<svg xmlns="">', b'\xef\xbb\xbf<?xml version="1.0"?>', b"%!PS-Adobe-3.0"]
)
def test_drawings_are_refused_by_name(tmp_path, start):
    (tmp_path / "a.png").write_bytes(start + bytes(100))
    with pytest.raises(ValueError, match="are drawings, not photos"):
        read_image(tmp_path / "a.png")


def test_endings_are_those_of_the_formats_that_are_read():
    assert {".png", ".jpg", ".tif", ".webp", ".gif", ".bmp"} <= formats.endings()
    assert not {".eps", ".ps", ".wmf", ".pcx", ".hdf"} & formats.endings()


def test_a_format_that_is_not_of_photos_is_refused(tmp_path):
    cornered().convert("RGB").save(tmp_path / "a.png", format="PCX")
    with pytest.raises(
        ValueError, match="no picture format that can be read; PNG, JPEG, TIFF and WebP are some that can"
    ):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    "ending", ["png", "jpg", "webp", "tiff", "gif", "bmp", "dib", "ppm", "qoi", "tga", "jp2", "avif"]
)
def test_formats_of_photos_are_read(tmp_path, ending):
    if ending == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    if ending == "jp2" and not features.check("jpg_2000"):
        pytest.skip("this Pillow has no JPEG 2000")
    Image.init()
    if f".{ending}" not in Image.EXTENSION or Image.EXTENSION[f".{ending}"] not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {ending}")
    cornered((64, 64)).save(tmp_path / f"a.{ending}")
    assert read_image(tmp_path / f"a.{ending}")[0, :, 2, 2].tolist() == pytest.approx([0, 0, 1], abs=0.1)
