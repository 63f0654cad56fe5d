"""Marching squares, curves through few points, and steps of alpha."""

import numpy as np
import pytest

from diffpaint_export.contours import area, contours, handles, thinned
from diffpaint_export.shades import shades

Y, X = np.mgrid[:40, :60] + 0.5


def cone(x, y, radius):
    """1 at a point, 0.5 at a distance from it."""
    return np.clip(1 - np.hypot(X - x, Y - y) / radius / 2, 0, 1)


def test_a_circle_is_found_where_it_is():
    (curve,) = contours(cone(30.2, 17.7, 9), 0.5)
    assert np.hypot(*(curve - (30.2, 17.7)).T) == pytest.approx(9, abs=0.02)
    assert area(curve) == pytest.approx(np.pi * 81, rel=0.01)


def test_a_ring_has_a_hole_that_goes_round_the_other_way():
    ring = np.minimum(cone(30, 20, 12), 1 - cone(30, 20, 5))
    outer, inner = sorted(contours(ring, 0.5), key=area, reverse=True)
    assert area(outer) == pytest.approx(np.pi * 144, rel=0.02)
    assert area(inner) == pytest.approx(np.pi * 25, rel=0.03)
    (x, y), (u, v) = outer.T, inner.T
    assert (x @ np.roll(y, -1) - y @ np.roll(x, -1)) * (u @ np.roll(v, -1) - v @ np.roll(u, -1)) < 0


def test_what_touches_the_edge_is_closed_there():
    (curve,) = contours(np.ones((3, 4)), 0.5)
    assert curve.min(0) == pytest.approx((0, 0))
    assert curve.max(0) == pytest.approx((4, 3))


def test_corners_that_touch_are_closed_curves_too():
    picture = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert [area(curve) for curve in contours(picture, 0.6)] == pytest.approx([0.32, 0.32])
    assert contours(np.zeros((4, 4)), 0.5) == []


def test_every_contour_of_noise_is_closed(rand):
    picture = rand(30, 40).numpy()
    curves = contours(picture, 0.5)
    joined = sum(len(curve) for curve in curves)
    inside = np.pad(picture, 1) >= 0.5
    assert joined == (inside[:, 1:] != inside[:, :-1]).sum() + (inside[1:] != inside[:-1]).sum()
    assert all(np.hypot(*(curve - np.roll(curve, 1, 0)).T).max() <= 2**0.5 for curve in curves)


def test_few_points_keep_a_curve_where_it_is():
    (curve,) = contours(cone(30.2, 17.7, 9), 0.5)
    points = thinned(curve, 0.2)
    assert len(points) < len(curve) / 3
    assert area(points) == pytest.approx(area(curve), rel=0.03)
    first, second = handles(points)
    middle = (points + 3 * first + 3 * second + np.roll(points, -1, 0)) / 8  # of each Bezier
    assert np.hypot(*(middle - (30.2, 17.7)).T) == pytest.approx(9, abs=0.25)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_steps_of_alpha_are_as_near_as_so_many_can_be(count):
    alpha = cone(30, 20, 12) * 0.8
    flat, shown = np.zeros_like(alpha), shades(alpha, count)
    for threshold, opacity in shown:
        flat = np.where(alpha >= threshold, flat + opacity * (1 - flat), flat)
    assert len(shown) == count
    assert flat.max() < 0.8
    assert np.abs(flat - alpha)[alpha > 0].mean() < 0.8 / (2 * count + 1)


def test_a_flat_stroke_takes_one_step():
    assert shades(np.full((4, 4), 0.5), 5)[-1][1] == pytest.approx(0.5, abs=0.01)
    assert shades(np.zeros((0, 0)), 3) == []
