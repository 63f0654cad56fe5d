"""What the settings of a brush can reach, and so which brushes are more than alpha times one colour."""

import math
from dataclasses import replace

import numpy as np
import pytest

from diffpaint_mypaint import Brush, alpha_masks, random_actions, read_brush
from diffpaint_mypaint.reach import _INPUTS, _input_range, reach

PLAIN = {"base_value": 0.0, "inputs": {}}


def settings(base=0.0, **inputs):
    return {"smudge": {"base_value": base, "inputs": inputs}}


@pytest.mark.parametrize(
    ("of", "curve", "wanted"),
    [
        ("pressure", [[0, 0], [1, 0]], (0, 0)),
        ("pressure", [[0, 0], [1, 0.3]], (0, 0.3)),
        ("pressure", [[0, 0], [0.5, 0.3], [1, -0.1]], (-0.1, 0.3)),
        ("pressure", [[0, 0], [0.5, 0.1]], (0, 0.2)),  # the last piece goes on
        ("pressure", [[2, 0], [3, 1]], (-2, -1)),  # and the first
        ("random", [[0, 0.2], [0, 0.4]], (0.2, 0.2)),  # upright: the engine takes the first
        ("tilt_ascension", [[-180, -1], [180, 1]], (0, 0)),  # upright pen
        ("tilt_declination", [[0, 1], [90, 0]], (0, 0)),
        ("direction", [[0, -1], [180, 1]], (-1, 1)),
        ("viewzoom", [[math.log(1 / 4), 0.5], [0, 1]], (0.5, 0.5)),
        ("mood", [[0, 0], [1, 1]], (0, 0)),  # no input of this engine
        ("custom", [[-1, -1], [1, 1]], (0, 0)),  # nobody sets it
        ("pressure", [], (0, 0)),
    ],
)
def test_a_setting_reaches_what_its_curve_gives(of, curve, wanted):
    assert reach(settings(**{of: curve}), "smudge") == pytest.approx(wanted)
    assert reach(settings(0.5, **{of: curve}), "smudge") == pytest.approx([0.5 + end for end in wanted])


def test_curves_add_up_and_what_is_left_out_is_the_default():
    both = settings(0.1, pressure=[[0, 0], [1, 0.2]], random=[[0, -0.1], [1, 0]])
    assert reach(both, "smudge") == pytest.approx((0, 0.3))
    assert reach(both, "eraser") == (0, 0)
    assert reach(both, "elliptical_dab_ratio", default=1.0) == (1, 1)


def test_custom_input_reaches_what_its_setting_does_also_when_it_feeds_itself():
    own = {"custom_input": {"base_value": 0.0, "inputs": {"pressure": [[0, -2], [1, 3]]}}}
    linear = [[-10, -10], [10, 10]]
    assert reach(settings(custom=linear) | own, "smudge") == pytest.approx((-2, 3))
    own["custom_input"]["inputs"] = {"custom": linear}
    assert reach(settings(custom=linear) | own, "smudge") == pytest.approx((-10, 10))
    loop = {"inputs": {"pressure": [[0, 0], [1, 1]], "speed1": [[0, 0], [1, 1]], "tilt_declination": [[0, 0], [1, 1]]}}
    names = ("pressure_gain_log", "speed1_gamma", "tracking_noise", "dabs_per_second", "custom_input")
    reach({name: loop | {"base_value": 1e9} for name in names}, "custom_input")  # ends


ALWAYS = [*_INPUTS, "pressure", "speed1", "speed2", "tilt_declination", "custom"]


@pytest.mark.parametrize("of", [name for name in ALWAYS if _input_range({}, "opaque", name) != (0, 256)])
@pytest.mark.usefixtures("engine")
def test_no_input_leaves_its_range_in_the_engine(of):
    """Paint comes only where the input is outside: by a curve below 0 up to the end of the range, and steep there."""
    low, high = _input_range({}, "opaque", of)
    step = max(0.01 * (high - low), 1e-3)
    actions = random_actions(12, np.random.default_rng(0))
    plain = read_brush("classic/knife")
    for curve in ([[high + step, 0], [high + 2 * step, 1]], [[low - 2 * step, 1], [low - step, 0]]):
        opaque = {"base_value": 0.0, "inputs": {of: curve}}
        file = replace(
            plain, settings={**plain.settings, "opaque": opaque, "opaque_multiply": PLAIN | {"base_value": 1}}
        )
        assert alpha_masks(actions, Brush(file)).max() == 0, curve
        inside = [[low - 3 * step, 0], [low - 2 * step, 1], [high + 2 * step, 1], [high + 3 * step, 0]]
        opaque["inputs"] = {of: inside}
        assert alpha_masks(actions, Brush(file)).max() > 0


@pytest.mark.parametrize("name", ["ramon/Round", "tanda/charcoal-01", "tanda/charcoal-03", "tanda/charcoal-04"])
@pytest.mark.usefixtures("engine")
def test_curves_that_reach_nothing_are_not_held_against_a_brush(name):
    assert read_brush(name).beyond_compositing() == ""


@pytest.mark.parametrize(
    ("curve", "refused"),
    [([[0, 0], [1, 0]], False), ([[0, 0], [1, -0.4]], False), ([[0, 0], [1, 0.02]], False), ([[0, 0], [1, 0.1]], True)],
)
@pytest.mark.parametrize("setting", ["smudge", "eraser", "lock_alpha", "colorize", "posterize"])
@pytest.mark.usefixtures("engine")
def test_what_mixes_acts_above_0(setting, curve, refused):
    plain = read_brush("classic/knife")
    file = replace(plain, settings={**plain.settings, setting: {"base_value": 0.0, "inputs": {"pressure": curve}}})
    assert bool(file.beyond_compositing()) == refused


@pytest.mark.parametrize("low", [-0.2, 0.2])
@pytest.mark.usefixtures("engine")
def test_what_shifts_colour_acts_both_ways(low):
    plain = read_brush("classic/knife")
    value = {"base_value": 0.0, "inputs": {"pressure": [[0, 0], [1, low]]}}
    assert "hue" in replace(plain, settings={**plain.settings, "change_color_h": value}).beyond_compositing()
    value = {"base_value": low, "inputs": {"tilt_ascension": [[0, -low], [1, 5]]}}  # together 0
    assert replace(plain, settings={**plain.settings, "change_color_h": value}).beyond_compositing() == ""


@pytest.mark.usefixtures("engine")
def test_without_smudge_a_smudging_brush_only_lays_paint():
    file = read_brush("ramon/Pastel_1")
    assert "smudges" in file.beyond_compositing()
    plain = file.without_smudge()
    assert plain.beyond_compositing() == ""
    assert (plain.settings, plain.sha256) == (file.settings, file.sha256)
    assert "hue" in read_brush("classic/short_grass").without_smudge().beyond_compositing()
