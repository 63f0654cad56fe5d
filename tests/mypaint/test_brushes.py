"""Brush files: found, read, and refused."""

import json

import numpy as np
import pytest

from diffpaint_mypaint import Brush, EngineMissing, alpha_masks, brush_names, read_brush, remarks
from diffpaint_mypaint.dataset import plan

STROKE = np.float32([[1, 1, 0.5, 0, 0, 0, 0.1, 0.5, 0.5, 0.5, 0.9, 0.5]])


@pytest.fixture
def brush_file(tmp_path):
    """``brush_file(setting={...}, ...)``: the path of a round brush with more settings."""

    def write(**settings):
        plain = {name: {"base_value": value, "inputs": {}} for name, value in (("opaque", 1), ("hardness", 0.8))}
        path = tmp_path / "round.myb"
        path.write_text(json.dumps({"version": 3, "settings": plain | settings}))
        return str(path)

    return write


@pytest.mark.usefixtures("engine")
def test_a_brush_is_the_same_by_name_and_by_path():
    named = read_brush("classic/dry_brush")
    by_path = read_brush(str(named.path))
    assert by_path.settings == named.settings
    assert by_path.sha256 == named.sha256
    assert (named.name, by_path.name) == ("classic/dry_brush", "dry_brush.myb")


@pytest.mark.usefixtures("engine")
def test_every_installed_brush_can_be_read():
    names = brush_names()
    assert "classic/dry_brush" in names
    assert names == sorted(set(names))
    assert all(read_brush(name).settings for name in names)


@pytest.mark.usefixtures("engine")
def test_an_unknown_brush_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"no brush named 'classic/dry-brush'; did you mean classic/dry_brush"):
        read_brush("classic/dry-brush")


@pytest.mark.usefixtures("engine")
def test_a_brush_that_is_near_none_is_answered_with_the_folder():
    with pytest.raises(ValueError, match=r"no brush named '@@@'; brushes are in .+"):
        read_brush("@@@")


def test_a_missing_brush_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no brush file .*mine\.myb"):
        read_brush(str(tmp_path / "mine.myb"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"version 2\nopaque",
        b"version 3\nopaque 1.0",
        b"opaque much",
        b"opaque 1.0 | pressure",
        b"opaque 1.0 | pressure 1 2 3",
        b"version 2\nopaque 1.0 | pressure (0 1 2), (3 4)",
        b"# nothing but a comment",
        b"[]",
        b"[" * 100_000,
        b'{"settings": {"opaque": {"base_value": 1, "inputs": {}}}}',
        b'{"version": 4, "settings": {"opaque": {"base_value": 1, "inputs": {}}}}',
        b'{"version": 3, "settings": {}}',
        b'{"version": 3}',
        b'{"settings": []}',
        b'{"settings": {"opaque": 1}}',
        b'{"version": 3, "settings": {"opaque": {"inputs": {}}}}',
        b'{"version": 3, "settings": {"opaque": {"base_value": "much", "inputs": {}}}}',
        b'{"version": 3, "settings": {"opaque": {"base_value": NaN, "inputs": {}}}}',
        b'{"version": 3, "settings": {"opaque": {"base_value": 1' + b"0" * 400 + b', "inputs": {}}}}',
        b'{"version": 3, "settings": {"opaque": {"base_value": 1, "inputs": {"pressure": [[0, 0], [1, 1e999]]}}}}',
        b" " * (1 << 20) + b'{"version": 3, "settings": {"opaque": {"base_value": 1, "inputs": {}}}}',
        b"\x00" * 3_000,
    ],
)
def test_a_damaged_brush_file_is_refused(tmp_path, content):
    path = tmp_path / "damaged.myb"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.myb is not a MyPaint brush") as error:
        read_brush(str(path))
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "curve",
    [
        3,
        "straight",
        [3],
        [[0, 0]],
        [[1, 0], [0, 1]],
        [[0, 0], [1]],
        [[0, 0], ["a", 1]],
        [[0, 0], [1, float("nan")]],
        [[i, 0] for i in range(65)],
    ],
)
def test_a_curve_that_would_abort_the_engine_is_refused(brush_file, curve):
    path = brush_file(radius_logarithmic={"base_value": 1, "inputs": {"pressure": curve}})
    with pytest.raises(ValueError, match=r"round\.myb is not a MyPaint brush"):
        read_brush(path)


@pytest.mark.usefixtures("engine")
def test_what_the_engine_does_not_know_is_left_out_and_named(brush_file):
    """As other programs do. A newer MyPaint has inputs of its own, such as surfacemap_x."""
    plain = read_brush(brush_file())
    mood = {"base_value": 1, "inputs": {"mood": [[0, 0], [1, 1]]}}
    odd = read_brush(brush_file(opaque=mood, sparkle={"base_value": 1, "inputs": {}}))
    assert Brush(odd).unknown == ("mood", "sparkle")
    assert remarks(Brush(odd)) == ["this libmypaint does not know, and leaves out, mood, sparkle"]
    assert Brush(plain).unknown == ()
    assert (alpha_masks(STROKE, Brush(odd)) == alpha_masks(STROKE, Brush(plain))).all()


@pytest.mark.parametrize(
    ("brush", "reason"),
    [
        ("classic/smudge", "it smudges"),
        ("deevad/thin_watercolor", "it smudges"),
        ("classic/ink_eraser", "it erases"),
        ("classic/short_grass", "its hue changes"),
        ("experimental/bubble", "its value changes"),
        ("ramon/Beamlight", "its lightness changes"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_a_data_set_of_a_brush_that_compositing_cannot_model_is_refused(tmp_path, brush, reason):
    with pytest.raises(ValueError, match=f"brush {brush} cannot be learned as alpha times colour: {reason}"):
        plan(tmp_path / "strokes", brush, 10)
    assert not (tmp_path / "strokes").exists()


@pytest.mark.parametrize("setting", ["lock_alpha", "colorize", "posterize", "change_color_hsv_s"])
@pytest.mark.parametrize("value", [(0.5, {}), (0.0, {"pressure": [[0, 0], [1, 1]]})], ids=["always", "by pressure"])
def test_settings_beyond_compositing_are_found(brush_file, setting, value):
    base, inputs = value
    assert read_brush(brush_file(**{setting: {"base_value": base, "inputs": inputs}})).beyond_compositing()


@pytest.mark.usefixtures("engine")
def test_settings_that_are_there_but_off_are_not_held_against_a_brush(brush_file):
    off = {"base_value": 0.0, "inputs": {"pressure": []}}
    assert read_brush(brush_file(smudge=off, eraser=off)).beyond_compositing() == ""
    assert read_brush("classic/dry_brush").beyond_compositing() == ""


def test_MYPAINT_BRUSHES_names_the_only_folder(brush_file, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    content = read_brush(brush_file())
    content.path.rename(tmp_path / "mine" / "round.myb")
    monkeypatch.setenv("MYPAINT_BRUSHES", str(tmp_path))
    assert brush_names() == ["mine/round"]
    assert read_brush("mine/round").sha256 == content.sha256
    with pytest.raises(ValueError, match="no brush named 'classic/dry_brush'"):
        read_brush("classic/dry_brush")


def test_without_brushes_it_is_said_how_to_install_them(tmp_path, monkeypatch):
    monkeypatch.setattr("diffpaint_mypaint.brushes._FOLDERS", (tmp_path / "none",))
    monkeypatch.delenv("MYPAINT_BRUSHES", raising=False)
    with pytest.raises(EngineMissing, match="apt install mypaint-brushes"):
        read_brush("classic/dry_brush")
