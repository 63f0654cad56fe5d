"""The engine itself: surfaces, brushes, and a picture that must not change."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffpaint_mypaint import Brush, Surface, alpha_masks, brush_names, draw_painting, random_actions, read_brush
from diffpaint_mypaint.strokes import motion

pytestmark = pytest.mark.usefixtures("engine")

GOLDEN = Path(__file__).parents[1] / "data" / "dry_brush.png"

# a STROKE_ACTION each: soft, hard, swelling, fading; straight, bent, back to its start, and off the canvas
STROKES = np.array(
    [
        [0.3, 0.3, 0.4, 0, 0, 0, 0.1, 0.5, 0.5, 0.5, 0.9, 0.5],
        [1.0, 1.0, 0.2, 0, 0, 0, 0.1, 0.9, 0.5, 0.0, 0.9, 0.9],
        [0.0, 1.0, 0.9, 0, 0, 0, 0.2, 0.2, 0.9, 0.2, 0.6, 0.8],
        [1.0, 0.0, 0.7, 0, 0, 0, 0.5, 0.1, 0.1, 0.9, 0.9, 0.8],
        [0.8, 0.8, 1.0, 0, 0, 0, 0.3, 0.6, 0.8, 0.1, 0.3, 0.6],
        [0.6, 0.9, 0.5, 0, 0, 0, 0.0, 0.3, 0.6, 0.6, 1.0, 0.0],
    ],
    np.float32,
)


@pytest.fixture
def dry_brush():
    return Brush(read_brush("classic/dry_brush"))


def in_pixels(actions, width, height):
    """Strokes for ``draw_painting`` of actions on a canvas of 64-px cells."""
    strokes = np.asarray(actions, np.float64).copy()
    strokes[:, 2] = 8.0 ** strokes[:, 2]
    strokes[:, 6:] *= [width, height] * 3
    return strokes


def composited(masks, actions):
    canvas = np.ones((64, 64, 3))
    for mask, color in zip(masks, actions[:, 3:6], strict=True):
        alpha = mask[..., None] / 255
        canvas = color * alpha + canvas * (1 - alpha)
    return 255 * canvas


def test_strokes_look_as_they_always_did(dry_brush):
    """To make the picture anew, save ``picture``. The tolerance is for another compiler's rounding."""
    picture = np.hstack(alpha_masks(STROKES, dry_brush, oversample=2, reseed=True))
    golden = np.asarray(Image.open(GOLDEN), np.float64)
    assert abs(picture - golden).mean() < 0.5  # of 255; other randomness differs by 12


def test_single_strokes_composited_are_the_painting_that_the_engine_draws(dry_brush):
    actions = random_actions(20, np.random.default_rng(0))
    painting = draw_painting(in_pixels(actions, 64, 64), dry_brush, 64, 64, cell=64)
    dry_brush.fresh()  # as draw_painting begins: the same randomness for both
    alone = composited(alpha_masks(actions, dry_brush), actions)
    assert abs(painting - alone).mean() < 0.3


def test_every_brush_that_is_not_refused_composites():
    actions = random_actions(6, np.random.default_rng(1))
    checked = 0
    for file in map(read_brush, brush_names()):
        if file.beyond_compositing():
            continue
        brush = Brush(file)
        painting = draw_painting(in_pixels(actions, 64, 64), brush, 64, 64, cell=64)
        brush.fresh()
        alone = composited(alpha_masks(actions, brush), actions)
        assert abs(painting - alone).mean() < 1.0, file.name
        checked += 1
    assert checked > 20


def test_pigment_mixing_is_off_whatever_the_brush_says():
    plain = read_brush("classic/brush")
    pigment = replace(plain, settings=plain.settings | {"paint_mode": {"base_value": 1.0, "inputs": {}}})
    strokes = [[1, 0.3, 6, 1, 1, 0, 5, 32, 32, 32, 59, 32], [1, 0.3, 6, 0, 0, 1, 32, 5, 32, 32, 32, 59]]
    first, second = (draw_painting(np.array(strokes), Brush(file), 64, 64, cell=64) for file in (plain, pigment))
    assert (first == second).all()


def test_a_canvas_need_not_be_whole_tiles(dry_brush):
    strokes = in_pixels(STROKES, 100, 70)
    small = draw_painting(strokes, dry_brush, 100, 70, cell=64)
    large = draw_painting(strokes, dry_brush, 128, 128, cell=64)
    assert small.shape == (70, 100, 3)
    assert (small == large[:70, :100]).all()


def test_strokes_beyond_the_canvas_leave_it_alone(dry_brush):
    strokes = in_pixels(STROKES, 64, 64)
    for offset in (-300, 300):
        strokes[:, 6:] += offset
        painting = draw_painting(strokes, dry_brush, 64, 64, cell=64, background=(0.2, 0.4, 0.6))
        assert (painting == [51, 102, 153]).all()
        strokes[:, 6:] -= offset


def test_colours_are_exact_where_paint_covers():
    strokes = in_pixels([[1, 1, 0.9, 0.2, 0.6, 0.8, 0.1, 0.5, 0.5, 0.5, 0.9, 0.5]], 64, 64)
    painting = draw_painting(strokes, "classic/brush", 64, 64, cell=64)
    assert abs(painting[32, 32].astype(int) - [51, 153, 204]).max() <= 1


def without_randomness(file):
    by_chance = ("offset_by_random", "radius_by_random", "tracking_noise")
    inputs = {of for value in file.settings.values() for of, curve in value["inputs"].items() if curve}
    values = (file.settings.get(name, {"base_value": 0, "inputs": {}}) for name in by_chance)
    return "random" not in inputs and not any(value["base_value"] or value["inputs"] for value in values)


def test_a_stroke_does_not_depend_on_the_one_before():
    """All accepted brushes without randomness; classic/slow_ink once began a third of the way back."""
    action = STROKES[0]
    before = np.tile(action, (2, 1))
    before[:, 6:] = [[0.1, 0.1, 0.9, 0.1, 0.9, 0.9], [0.9, 0.9, 0.1, 0.9, 0.1, 0.2]]
    before[1, :3] = 1
    checked = 0
    for file in map(read_brush, brush_names()):
        if file.beyond_compositing() or not without_randomness(file):
            continue
        first, *rest = alpha_masks(np.stack([action, before[0], action, before[1], action]), Brush(file))[::2]
        assert all((mask == first).all() for mask in rest), file.name
        checked += 1
    assert checked > 20


@pytest.mark.parametrize("name", ["classic/slow_ink", "deevad/soft-dip-pen", "classic/pen"])
def test_a_painting_of_one_stroke_is_the_same_after_another_far_away(name):
    strokes = in_pixels([STROKES[1], STROKES[0]], 64, 64)
    strokes[0, 6:] += 200
    both, alone = (draw_painting(some, name, 64, 64, cell=64).astype(int) for some in (strokes, strokes[1:]))
    assert abs(both - alone).max() <= 1


def test_what_a_file_leaves_out_is_as_the_engine_has_it():
    """Not 0: MyPaint and GIMP begin with the defaults too."""
    empty = replace(read_brush("classic/knife"), settings={"color_h": {"base_value": 0.0, "inputs": {}}})
    defaults = {
        **{"opaque": (1, {}), "opaque_multiply": (0, {"pressure": [[0, 0], [1, 1]]}), "opaque_linearize": (0.9, {})},
        **{"hardness": (0.8, {}), "anti_aliasing": (1, {}), "dabs_per_actual_radius": (2, {})},
        **{"elliptical_dab_ratio": (1, {}), "elliptical_dab_angle": (90, {}), "direction_filter": (2, {})},
        **{"speed1_slowness": (0.04, {}), "speed2_slowness": (0.8, {}), "speed1_gamma": (4, {})},
    }
    named = {name: {"base_value": base, "inputs": inputs} for name, (base, inputs) in defaults.items()}
    drawn, wanted = (alpha_masks(STROKES, Brush(replace(empty, settings=some))) for some in (empty.settings, named))
    assert drawn.max() > 200
    assert abs(drawn.astype(int) - wanted).max() <= 1


def test_a_curve_that_a_file_leaves_empty_is_no_default():
    """Opaque follows pressure by default, but not where a file says otherwise."""
    steady = replace(read_brush("classic/knife"), settings={"opaque_multiply": {"base_value": 1.0, "inputs": {}}})
    faint, strong = (np.array([[pressure, pressure, *STROKES[0, 2:]]], np.float32) for pressure in (0.2, 1.0))
    assert (alpha_masks(faint, Brush(steady)) == alpha_masks(strong, Brush(steady))).all()


@pytest.mark.parametrize(
    ("of", "setting", "curve"),
    [
        ("brush_radius", "opaque", [[2, 0], [5, 1]]),
        ("viewzoom", "hardness", [[-2, 0.1], [0, 0.9]]),
        ("gridmap_x", "opaque", [[0, 1], [256, 0]]),
    ],
)
def test_what_depends_on_size_is_the_same_mark_at_every_size(of, setting, curve):
    plain = read_brush("classic/knife")
    changed = {"base_value": 0.0, "inputs": {of: curve}}
    file = replace(plain, settings={**plain.settings, setting: changed})
    small, large = (alpha_masks(STROKES, Brush(file), oversample=factor).astype(int) for factor in (2, 8))
    assert small.max() > 30
    assert abs(small - large).mean() < 0.5
    assert abs(small - alpha_masks(STROKES, Brush(plain), oversample=2)).mean() > 2


def test_a_small_picture_is_drawn_larger_and_averaged():
    """tanda/pencil-8b lays twice the ink on 64 px that it lays on 256: the engine knows no dab below 0.2 px."""
    strokes = in_pixels(random_actions(12, np.random.default_rng(4)), 64, 64)
    strokes[:, 3:6] = 0
    plain, fine = (draw_painting(strokes, "tanda/pencil-8b", 64, 64, cell=64, oversample=k) for k in (1, 4))
    ink = 255 - np.array([plain.mean(), fine.mean()])
    assert ink[0] > 1.3 * ink[1]
    picture = np.random.default_rng(0).random((50, 40, 3))
    for ground in ((0.2, 0.4, 0.6), picture, None):
        drawn = draw_painting(strokes[:0], "classic/knife", 40, 50, cell=64, oversample=3, background=ground)
        wanted = np.zeros(4) if ground is None else 255 * np.array(ground)
        assert drawn.shape == (50, 40, 3 if ground is not None else 4)
        assert abs(drawn - wanted).max() <= 1


def test_a_surface_is_cleared_to_a_colour_or_to_nothing(dry_brush):
    surface = Surface(30, 20)
    surface.clear((1.0, 0.5, 0.0))
    assert surface.rgb8().shape == (20, 30, 3)
    assert (surface.rgb8() == [255, 128, 0]).all()
    assert (surface.alpha8() == 255).all()
    surface.clear()
    dry_brush.stroke(surface, (motion(STROKES[1:2])[0] * (30, 20, 1)).tolist(), 4.0, 1.0)
    assert surface.alpha8().any()
    surface.clear()
    assert not surface.rgba().any()


def test_a_stroke_that_depends_on_speed_is_the_same_mark_at_every_size():
    """classic/pen thins with speed, which the engine must be told in the units of the small canvas."""
    actions = random_actions(8, np.random.default_rng(2))
    small = alpha_masks(actions, "classic/pen").astype(np.float64)

    def enlarged(zoom):
        brush, surface = Brush(read_brush("classic/pen")), Surface(256, 256)
        for action in actions:
            surface.clear()
            brush.stroke(surface, (motion(action[None])[0] * (256, 256, 1)).tolist(), 4 * 8.0 ** action[2], zoom)
            yield surface.alpha8().reshape(64, 4, 64, 4).mean((1, 3))

    right, wrong = (abs(np.array(list(enlarged(zoom))) - small).mean() for zoom in (1 / 4, 1.0))
    assert right < 2
    assert wrong > 2 * right
    assert abs(alpha_masks(actions, "classic/pen", oversample=4) - np.array(list(enlarged(1 / 4)))).max() <= 0.5
