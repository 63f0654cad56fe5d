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
