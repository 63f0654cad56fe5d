"""Single strokes as alpha masks, and strokes together as a painting."""

import numpy as np
import pytest

from diffpaint_mypaint import Brush, alpha_masks, draw_painting, random_actions, read_brush
from diffpaint_mypaint.strokes import motion

pytestmark = pytest.mark.usefixtures("engine")

ACTIONS = random_actions(8, np.random.default_rng(0))


@pytest.fixture
def dry_brush():
    return Brush(read_brush("classic/dry_brush"))


def test_random_actions_follow_the_generator():
    assert ACTIONS.shape == (8, 12)
    assert ACTIONS.dtype == np.float32
    assert ((ACTIONS >= 0) & (ACTIONS <= 1)).all()
    assert (random_actions(8, np.random.default_rng(0)) == ACTIONS).all()
    assert (random_actions(8, np.random.default_rng(1)) != ACTIONS).any()


def test_motion_follows_the_curve_and_the_pressure():
    stroke = np.array([[0.2, 0.8, 0, 0, 0, 0, 10, 20, 30, 40, 50, 20]])
    path = motion(stroke, events=4)
    assert path.shape == (1, 5, 3)
    np.testing.assert_allclose(path[0, 0], [10, 20, 0.2])
    np.testing.assert_allclose(path[0, 2], [30, 30, 0.5])  # halfway: a quarter, a half and a quarter of the points
    np.testing.assert_allclose(path[0, 4], [50, 20, 0.8])


def test_reseeded_strokes_are_the_same_twice(dry_brush):
    first = alpha_masks(ACTIONS, dry_brush, reseed=True)
    assert (alpha_masks(ACTIONS, dry_brush, reseed=True) == first).all()
    assert (alpha_masks(ACTIONS[::-1], dry_brush, reseed=True)[::-1] == first).all()


def test_free_running_strokes_differ(dry_brush):
    masks = alpha_masks(np.repeat(ACTIONS, 2, axis=0), dry_brush).astype(int)
    inked = masks.sum((1, 2))[::2] > 1000
    assert inked.sum() >= 6
    assert (abs(masks[::2] - masks[1::2]).mean((1, 2))[inked] > 0.5).all()


def test_free_running_strokes_are_the_same_from_a_new_brush(dry_brush):
    first = alpha_masks(ACTIONS, dry_brush)
    assert (alpha_masks(ACTIONS, dry_brush) != first).any()
    assert (alpha_masks(ACTIONS) == first).all()
    dry_brush.fresh()
    assert (alpha_masks(ACTIONS[:3], dry_brush) == first[:3]).all()
    assert (alpha_masks(ACTIONS[3:], dry_brush) == first[3:]).all()


def test_masks_are_bytes_with_paint_on_them(dry_brush):
    masks = alpha_masks(ACTIONS, dry_brush)
    assert masks.shape == (8, 64, 64)
    assert masks.dtype == np.uint8
    assert (masks.max((1, 2)) > 20).all()
    assert (masks == 0).mean() > 0.5
    assert alpha_masks(ACTIONS[:0], dry_brush).shape == (0, 64, 64)


def test_colour_does_not_change_a_mask(dry_brush):
    recoloured = ACTIONS.copy()
    recoloured[:, 3:6] = 1 - recoloured[:, 3:6]
    masks = alpha_masks(ACTIONS, dry_brush, reseed=True)
    assert (alpha_masks(recoloured, dry_brush, reseed=True) == masks).all()


def test_without_pressure_there_is_no_paint(dry_brush):
    lifted = ACTIONS.copy()
    lifted[:, :2] = 0
    assert alpha_masks(lifted, dry_brush).mean() < 0.5
    assert alpha_masks(ACTIONS, dry_brush).mean() > 5


def test_oversampled_strokes_are_the_same_strokes(dry_brush):
    """The mean of several draws, since larger strokes have other randomness."""
    draws = np.repeat(ACTIONS, 8, axis=0)
    plain, fine = (alpha_masks(draws, dry_brush, oversample=factor).reshape(8, 8, 64, 64).mean(1) for factor in (1, 3))
    assert abs(plain.mean() - fine.mean()) < 0.05 * plain.mean()
    assert abs(plain - fine).mean() < 0.2 * plain.mean()


def test_radius_sets_the_width(dry_brush):
    narrow, wide = (alpha_masks(ACTIONS, dry_brush, radius=(r, r), reseed=True).mean() for r in (2, 6))
    assert wide > 2 * narrow
    small = ACTIONS.copy()
    small[:, 2] = 0
    fixed = alpha_masks(ACTIONS, dry_brush, radius=(3.0, 3.0), reseed=True)
    assert (alpha_masks(small, dry_brush, radius=(3.0, 8.0), reseed=True) == fixed).all()


@pytest.mark.parametrize("shape", [(12,), (3, 11), (3, 13), (1, 3, 12)])
def test_actions_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"actions have shape .*wanted \(strokes, 12\): start_pressure, "):
        alpha_masks(np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01])
def test_actions_out_of_range_are_refused(value):
    actions = ACTIONS.copy()
    actions[3, 7] = value
    with pytest.raises(ValueError, match=r"finite and within \[0, 1\]"):
        alpha_masks(actions)


@pytest.mark.parametrize("oversample", [0, -1])
def test_oversampling_less_than_once_is_refused(oversample):
    with pytest.raises(ValueError, match="oversample"):
        alpha_masks(ACTIONS, oversample=oversample)


def test_a_painting_is_drawn_in_order_and_the_same_twice(dry_brush):
    red = [1, 1, 5, 1, 0, 0, 5, 32, 32, 32, 59, 32]
    blue = [1, 1, 5, 0, 0, 1, 32, 5, 32, 32, 32, 59]
    first = draw_painting(np.array([red, blue]), "classic/brush", 64, 64, cell=64)
    other = draw_painting(np.array([blue, red]), "classic/brush", 64, 64, cell=64)
    assert (draw_painting(np.array([red, blue]), "classic/brush", 64, 64, cell=64) == first).all()
    assert first[32, 32].argmax() == 2
    assert other[32, 32].argmax() == 0
    again = [draw_painting(np.array([red, blue]), dry_brush, 64, 64, cell=64) for _ in range(2)]
    assert (again[0] == again[1]).all()


def test_a_painting_without_strokes_is_its_background():
    painting = draw_painting(np.zeros((0, 12)), "classic/dry_brush", 30, 20, cell=20, background=(1.0, 0.0, 0.6))
    assert painting.shape == (20, 30, 3)
    assert (painting == [255, 0, 153]).all()
