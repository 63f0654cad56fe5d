"""Brush files as people have them: the text of old MyPaint, and JSON that other programs read."""

import json

import numpy as np
import pytest

from diffpaint_mypaint import Brush, alpha_masks, brush_names, read_brush

VERSION_2 = """\
# mypaint brush file
# you can edit this file and then select the brush in mypaint (again) to reload
version 2
opaque 0.8 | pressure (0.000000 0.000000), (0.500000 -0.100000), (1.000000 0.200000)
radius_logarithmic 2.2
color_hue 0.36 | random (0.000000 0.000000), (1.000000 -0.720000)
stroke_treshold 0.1
adapt_color_from_image 0.0
parent_brush_name classic%2Fblend
group Set%232
"""
VERSION_1 = """\
opaque 0.8 | pressure 0.5 -0.1 1.0 0.2 0.0 0.0
radius_logarithmic 2.2 | speed 4.0 0.5 0.0 0.0 0.0 0.0
color 255 0 0
change_radius 0.0
painting_time 12.5
"""
JSON = {"version": 3, "settings": {"opaque": {"base_value": 0.8, "inputs": {"pressure": [[0, 0], [1, 0.2]]}}}}


@pytest.fixture
def read(tmp_path):
    """``read(content)``: the settings of a file of that content."""

    def written(content, name="old.myb"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_brush(str(path)).settings

    return written


def test_version_2_is_read_with_its_renamed_settings(read):
    assert read(VERSION_2) == {
        "opaque": {"base_value": 0.8, "inputs": {"pressure": [[0, 0], [0.5, -0.1], [1, 0.2]]}},
        "radius_logarithmic": {"base_value": 2.2, "inputs": {}},
        "change_color_h": {
            "base_value": pytest.approx(0.36 * 64 / 360),
            "inputs": {"random": [[0, 0], [1, pytest.approx(-0.72 * 64 / 360)]]},
        },
        "stroke_threshold": {"base_value": 0.1, "inputs": {}},
    }


def test_version_1_is_read_with_curves_that_begin_at_0_and_end_there(read):
    assert read(VERSION_1) == {
        "opaque": {"base_value": 0.8, "inputs": {"pressure": [[0, 0], [0.5, -0.1], [1, 0.2]]}},
        "radius_logarithmic": {"base_value": 2.2, "inputs": {"speed1": [[0, 0], [4, 0.5]]}},
        "color_h": {"base_value": 0, "inputs": {}},
        "color_s": {"base_value": 1, "inputs": {}},
        "color_v": {"base_value": 1, "inputs": {}},
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.usefixtures("engine")
def test_an_old_brush_draws_what_the_new_one_does(read, tmp_path, ending):
    old = read(VERSION_2.replace("color_hue", "#").replace("\n", ending))
    new = {"opaque": old["opaque"], "radius_logarithmic": old["radius_logarithmic"]}
    read(json.dumps({"version": 3, "settings": new}), "new.myb")
    action = np.float32([[1, 0.2, 0.5, 0, 0, 0, 0.1, 0.2, 0.5, 0.9, 0.9, 0.2]])
    drawn = [alpha_masks(action, Brush(read_brush(str(tmp_path / name)))) for name in ("old.myb", "new.myb")]
    assert drawn[0].max() > 50
    assert (drawn[0] == drawn[1]).all()


def test_what_json_c_reads_is_read(read):
    plain, notes = read(json.dumps(JSON)), {"comment": "a, }, b, ]", "notes": chr(34) + " , }"}
    spread = json.dumps(JSON | notes, indent=1)
    commas = spread.replace("\n ]", ",\n ]").replace("\n }", ",\n }").replace("\n}", ",\n}")
    assert commas != spread
    assert read(commas) == plain
    assert read(b"\xef\xbb\xbf" + json.dumps(JSON).encode()) == plain
    assert read(json.dumps(JSON | {"notes": "Kreide, gr\xfcn"}, ensure_ascii=False).encode("latin-1")) == plain


def test_a_setting_without_curves_needs_no_inputs(read):
    assert read('{"version": 3, "settings": {"opaque": {"base_value": 1}}}') == {
        "opaque": {"base_value": 1, "inputs": {}}
    }


@pytest.mark.parametrize("version", [None, 0, 4, "three"])
def test_another_version_is_refused(read, version):
    with pytest.raises(ValueError, match="this program reads versions 1 to 3"):
        read(json.dumps(JSON | {"version": version}))


@pytest.mark.parametrize("name", ["UPPER.MYB", "Mixed.Myb"])
def test_capital_endings_are_found_by_path_and_by_name(read, tmp_path, monkeypatch, name):
    settings = read(json.dumps(JSON), name)
    monkeypatch.setenv("MYPAINT_BRUSHES", str(tmp_path))
    assert brush_names() == [name.split(".")[0]]
    assert read_brush(name.split(".")[0]).settings == settings
