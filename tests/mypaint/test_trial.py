"""What is found out about a brush before its strokes are drawn in numbers."""

from dataclasses import replace

import pytest

from diffpaint_mypaint import Brush, read_brush, remarks, slowness
from diffpaint_mypaint.dataset import plan
from diffpaint_mypaint.trial import check_paint

pytestmark = pytest.mark.usefixtures("engine")

USUAL = (1.0, 8.0)


def with_settings(**settings):
    plain = read_brush("classic/knife")
    more = {name: {"base_value": value, "inputs": {}} for name, value in settings.items()}
    return Brush(replace(plain, settings={**plain.settings, **more}))


def test_a_brush_whose_strokes_are_blank_is_refused_with_the_share(tmp_path):
    with pytest.raises(ValueError, match="100% of the strokes of classic/knife are blank"):
        check_paint(with_settings(opaque=0.0), USUAL)
    with pytest.raises(ValueError, match="100% of the strokes of Dieterle/8B_Pencil#1 are blank"):
        plan(tmp_path / "strokes", "Dieterle/8B_Pencil#1", 10)
    assert not (tmp_path / "strokes").exists()


def test_a_brush_that_covers_everything_is_refused_with_the_share():
    check_paint(with_settings(), USUAL)
    with pytest.raises(ValueError, match=r"\d+% of the strokes of classic/knife cover the whole canvas"):
        check_paint(with_settings(opaque=2.0, opaque_multiply=2.0, elliptical_dab_ratio=1.0), (60.0, 64.0))


@pytest.mark.parametrize(
    "name", ["classic/marker_small", "experimental/soft", "tanda/splatter-02", "classic/pointy_ink"]
)
def test_faint_and_wide_brushes_are_not_refused(name):
    check_paint(Brush(read_brush(name)), USUAL)


def test_slow_data_are_announced_and_quick_ones_not(monkeypatch):
    clock = iter([0.0, 8.0, 0.0, 0.8])  # seconds before and after eight strokes
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    brush = with_settings()
    assert slowness(brush, 3_600, USUAL, 1, 2) == ["3,600 strokes of this brush take about 30 minutes"]
    assert slowness(brush, 600, USUAL, 1, 1) == []


def test_a_brush_that_depends_on_its_place_is_remarked_on():
    plain = read_brush("classic/knife")
    assert remarks(Brush(plain)) == []
    grain = {"base_value": 1.0, "inputs": {"gridmap_x": [[0, 0], [256, -1]]}}
    brush = Brush(replace(plain, settings={**plain.settings, "opaque": grain}))
    assert remarks(brush) == [
        "strokes of classic/knife depend on where they lie on the canvas, which no painter learns"
    ]
