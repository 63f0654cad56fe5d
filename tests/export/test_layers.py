"""``.ora`` and ``.psd``: layers that the engine drew, in the programs that open them."""

import io
import subprocess
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn import painted, program, run
from PIL import Image

import diffpaint
from diffpaint_export import OraWriter, PsdWriter
from diffpaint_export.engine import check_engine, drawn, merged
from diffpaint_mypaint import Brush, replay

pytestmark = pytest.mark.usefixtures("engine")

# Opens an .ora in MyPaint, without a window, and saves what it shows. Its window reads what light it was made in, too.
MYPAINT = """
import sys
sys.path.insert(0, "/usr/lib/mypaint")
from lib import document, eotf
opened = document.Document()
opened.load(sys.argv[1], compat_handler=lambda light, _: eotf.set_eotf(float(light)))
print(*[layer.name for _, layer in opened.layer_stack.walk()], sep="\\n")
opened.save(sys.argv[2])
"""
GIMP = """
(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{0}" "{0}"))))
  (gimp-message (string-append "layers: " (number->string (car (gimp-image-get-layers image)))))
  (file-png-save RUN-NONINTERACTIVE image (car (gimp-image-flatten image)) "{1}" "{1}" 0 9 0 0 0 0 0))
"""


def replayed(painting):
    return replay(painting.document(), Brush(check_engine(painting.renderer))).astype(float)


def pixels(file):
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGBA")).astype(float)


@pytest.fixture(scope="module")
def pictured(scattered):
    """A painting in three layers, and an .ora of it."""
    return drawn(scattered, 3)


def test_layers_are_the_replay_together(scattered, pictured):
    assert [layer.name for layer in pictured] == ["ground", "strokes 1 to 20", "strokes 21 to 40", "strokes 41 to 60"]
    off = np.abs(merged(pictured)[..., :3] - replayed(scattered))
    assert off.mean() < 0.6
    assert off.max() <= 12  # where strokes cross between pixels, which are averaged of smaller ones
    assert all((layer.pixels[..., 3] > 0).any() for layer in pictured)


def test_without_a_ground_they_have_alpha(scattered):
    painting = replace(scattered, transparent=True)
    layers = drawn(painting, None)
    assert [layer.name.split(",")[0] for layer in layers] == ["level 1", "level 2"]
    wanted, whole = replayed(painting), merged(layers).astype(float)
    assert np.abs(whole[..., 3] - wanted[..., 3]).mean() < 0.6
    premultiplied = (part[..., :3] * part[..., 3:] / 255 for part in (whole, wanted))
    assert np.abs(np.subtract(*premultiplied)).mean() < 0.6


def test_an_ora_is_as_its_specification_says(scattered, tmp_path):
    OraWriter(layers=2).write(scattered, tmp_path / "a.ora")
    with zipfile.ZipFile(tmp_path / "a.ora") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        image = ElementTree.fromstring(archive.read("stack.xml"))
        assert (image.get("w"), image.get("h")) == ("130", "90")
        layers = image.find("stack").findall("layer")
        assert [layer.get("name") for layer in layers] == ["strokes 31 to 60", "strokes 1 to 30", "ground"]
        assert {layer.get("composite-op") for layer in layers} == {"svg:src-over"}
        shown = [pixels(io.BytesIO(archive.read(layer.get("src")))) for layer in reversed(layers)]
        whole = pixels(io.BytesIO(archive.read("mergedimage.png")))
        thumbnail = pixels(io.BytesIO(archive.read("Thumbnails/thumbnail.png")))
    canvas = shown[0][..., :3]
    for layer in shown[1:]:
        canvas = canvas + (layer[..., :3] - canvas) * layer[..., 3:] / 255
    assert np.abs(whole[..., :3] - canvas).max() < 0.6
    assert max(thumbnail.shape) <= 256


def test_mypaint_opens_an_ora(scattered, tmp_path):
    program("mypaint")
    OraWriter(layers=3).write(scattered, tmp_path / "a.ora")
    (tmp_path / "open.py").write_text(MYPAINT)
    try:  # MyPaint is a package of the system's own Python
        names = run("/usr/bin/python3", tmp_path / "open.py", tmp_path / "a.ora", tmp_path / "a.png")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"MyPaint's library cannot be used here ({error})")
    assert names.splitlines()[::-1] == ["ground", "strokes 1 to 20", "strokes 21 to 40", "strokes 41 to 60"]
    assert np.abs(pixels(tmp_path / "a.png")[..., :3] - replayed(scattered)).mean() < 1


def test_gimp_opens_a_psd(scattered, tmp_path):
    pytest.importorskip("psd_tools")
    gimp = program("gimp")
    PsdWriter(layers=3).write(scattered, tmp_path / "a.psd")
    script = GIMP.format(tmp_path / "a.psd", tmp_path / "a.png").replace("\n", " ")
    done = subprocess.run(
        [gimp, "-i", "-d", "-f", "-b", script, "-b", "(gimp-quit 0)"], capture_output=True, text=True, timeout=120
    )
    assert "layers: 4" in done.stdout + done.stderr
    assert np.abs(pixels(tmp_path / "a.png")[..., :3] - replayed(scattered)).mean() < 0.6


@pytest.mark.parametrize("transparent", [False, True])
def test_a_psd_has_layers_and_the_whole(scattered, transparent, tmp_path):
    psd_tools = pytest.importorskip("psd_tools")
    painting = replace(scattered, transparent=transparent)
    PsdWriter(layers=2).write(painting, tmp_path / "a.psd")
    opened, layers = psd_tools.PSDImage.open(tmp_path / "a.psd"), drawn(painting, 2)
    assert [layer.name for layer in opened] == [layer.name for layer in layers]
    assert opened.size == (130, 90)
    for layer, wanted in zip(opened, layers, strict=True):
        got = np.asarray(layer.topil().convert("RGBA"))
        assert np.array_equal(got[wanted.pixels[..., 3] > 0], wanted.pixels[wanted.pixels[..., 3] > 0])
    assert not any(layer.has_mask() for layer in opened)


@pytest.mark.parametrize("kind", [OraWriter, PsdWriter])
def test_what_the_engine_cannot_draw_is_refused(kind, dots):
    with pytest.raises(ValueError, match="strokes of Dots have no start_pressure"):
        kind().check_renderer(dots((8, 8)))
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        kind(layers=0)
    renderer = diffpaint.load_renderer("neural-splat")
    renderer.brush, renderer.brush_file = "deevad/watercolor_expressive", None
    with pytest.raises(ValueError, match="cannot be drawn in layers: "):
        kind().check_renderer(renderer)


def test_more_layers_than_strokes_are_as_many_as_strokes():
    assert len(drawn(painted("neural-splat", 2, size=(32, 32)), 5)) == 3
