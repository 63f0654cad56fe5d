"""Demonstrations, and in which order strokes are drawn."""

import json
from itertools import pairwise

import pytest
import torch

from diffpaint import load_renderer
from diffpaint_agent import open_pictures
from diffpaint_agent.demonstrations import FOLDER, read_demonstrations
from diffpaint_agent.training.order import astray, counterclockwise, downwards, like_demonstrations
from diffpaint_constraints import Connected

BARRED = {36, 41, 64, 75, 97}  # of the 15 sevens among the 100 test digits, by eye


@pytest.fixture(scope="module")
def demonstrations():
    return read_demonstrations("digits", 8)


@pytest.fixture(scope="module")
def painter():
    return load_renderer("neural-splat", size=(28, 28))


def backwards(actions):
    """The same strokes in the other order, each from its end to its start."""
    turned = actions.flip(1).clone()
    turned[..., 6:8], turned[..., 10:12] = actions.flip(1)[..., 10:12], actions.flip(1)[..., 6:8]
    return turned


def test_the_lesson_of_digits_has_every_digit_and_two_sevens(demonstrations, painter):
    assert demonstrations.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9]
    assert demonstrations.actions.shape == (11, 8, 12)
    assert Connected().holds(demonstrations.actions, painter)
    pressure = demonstrations.actions[..., :2]
    assert torch.equal(pressure[..., 0], pressure[..., 1])
    assert {round(value, 2) for value in pressure.flatten().tolist()} == {0.0, 0.8}


def test_directions_are_told_apart(demonstrations):
    zero, one = demonstrations.actions[:1], demonstrations.actions[1:2]
    assert counterclockwise(zero).tolist() == [True]
    assert counterclockwise(backwards(zero)).tolist() == [False]
    assert downwards(one).tolist() == [True]
    assert downwards(backwards(one)).tolist() == [False]


def straight(*places):
    """Connected strokes down the middle of a canvas, from each height to the next, (1, T, 12)."""
    actions = torch.full((1, len(places) - 1, 12), 0.5)
    for number, (start, end) in enumerate(pairwise(places)):
        actions[0, number, 7], actions[0, number, 9], actions[0, number, 11] = start, (start + end) / 2, end
    return actions


def test_a_painting_in_the_order_of_its_lesson_is_not_astray_whatever_its_pace():
    taught = straight(0.1, 0.3, 0.5, 0.7, 0.9)
    assert astray(taught, taught, 0.0) == 0
    other = straight(0.1, 0.2, 0.35, 0.6, 0.9)  # each stroke ends where the demonstrations is up to a stroke earlier
    assert (other - taught).abs().max() > 0.14
    assert astray(other, taught, 0.0) < 1e-4  # the demonstrations's path is looked up at points
    assert astray(other, taught, 0.02) == 0
    assert astray(straight(0.1, 0.15, 0.2, 0.25, 0.9), taught, 0.1) > 0.001  # half of it too late


def test_a_painting_is_astray_by_how_far_it_lies_beyond_the_slack():
    taught = straight(0.1, 0.3, 0.5, 0.7, 0.9)
    beside = taught.clone()
    beside[..., 6::2] += 0.2
    assert astray(beside, taught, 0.0).item() == pytest.approx(0.2**2)
    assert astray(beside, taught, 0.1).item() == pytest.approx(0.2**2 - 0.1**2)
    assert astray(beside, taught, 0.21) == 0
    one_of_two = torch.cat([beside, taught])
    assert astray(one_of_two, taught.expand(2, -1, -1), 0.1).item() == pytest.approx((0.2**2 - 0.1**2) / 2)
    moved = beside.clone().requires_grad_()
    astray(moved, taught, 0.1).backward()
    assert moved.grad is not None
    assert (moved.grad[..., 6::2] > 0).all()  # to the left, where the demonstrations is
    assert (moved.grad[..., :6] == 0).all()  # how thick strokes are is for the picture to say


def test_digits_painted_backwards_are_astray(demonstrations):
    turned = backwards(demonstrations.actions)
    for sequence in range(11):
        assert astray(turned[sequence][None], demonstrations.actions[sequence][None], 0.15) > 0.01


def test_the_order_of_a_lesson_is_like_itself(demonstrations):
    every = torch.arange(11)
    same = like_demonstrations(demonstrations.actions, demonstrations, every)
    assert same.min() > 0.95
    turned = like_demonstrations(backwards(demonstrations.actions), demonstrations, every)
    assert turned.max() < -0.9
    moved = demonstrations.actions.clone()
    moved[..., 6::2] = 0.2 + 0.5 * moved[..., 6::2]  # narrower, and further to the left
    assert torch.allclose(like_demonstrations(moved, demonstrations, every), same, atol=0.05)


def test_a_digit_that_leans_the_other_way_is_in_the_same_order(demonstrations):
    """A 1 drawn from top to bottom is like the demonstrations's, whichever way it leans."""
    one, sequence = demonstrations.actions[1:2].clone(), torch.tensor([1])
    one[..., 6::2] = 1 - one[..., 6::2]
    assert like_demonstrations(one, demonstrations, sequence) > 0.9
    assert like_demonstrations(backwards(one), demonstrations, sequence) < -0.9


def test_a_seven_with_a_bar_is_taught_with_a_bar(demonstrations, painter, mnist):
    """Of those that have one by eye most are found, and none that has not."""
    tests = open_pictures(str(mnist), 28)[1]
    shown = painter(demonstrations.actions)
    assert demonstrations.chosen(shown, demonstrations.labels, shown).tolist() == list(range(11))
    sevens = (tests.labels == 7).nonzero()[:, 0]
    chosen = demonstrations.chosen(tests[sevens], tests.labels[sevens], shown)
    barred = set(sevens[chosen == 8].tolist())
    assert barred <= BARRED
    assert len(barred) >= 3


def leaning(actions):
    """The same strokes narrower, lower, and slanted."""
    moved = actions.clone()
    x, y = actions[..., 6::2], actions[..., 7::2]
    moved[..., 6::2], moved[..., 7::2] = 0.2 + 0.7 * x - 0.2 * (y - 0.5), 0.15 + 0.8 * y
    return moved


def test_a_sequence_is_fitted_to_the_ink_of_a_picture(demonstrations, painter):
    """Moved, scaled and slanted as it is; connected strokes stay connected, pressure and size stay the same."""
    every = torch.arange(11)
    shown = painter(demonstrations.actions)
    assert torch.allclose(demonstrations.fitted(shown, every, shown), demonstrations.actions, atol=1e-5)
    wanted = leaning(demonstrations.actions)
    found = demonstrations.fitted(painter(wanted), every, shown)
    assert (found - wanted).abs().max() < 0.03  # strokes are as wide as they were, which the ink's moments see
    assert (demonstrations.actions - wanted).abs().max() > 0.1
    assert torch.equal(found[..., :6], demonstrations.actions[..., :6])
    assert Connected().holds(found, painter)


def test_a_sequence_that_is_fitted_looks_like_the_digit(demonstrations, painter, mnist):
    tests = open_pictures(str(mnist), 28)[1]
    shown = painter(demonstrations.actions)
    pictures = tests[slice(50)]
    chosen = demonstrations.chosen(pictures, tests.labels[:50], shown)
    fitted = (painter(demonstrations.fitted(pictures, chosen, shown)) - pictures).square().mean()
    assert fitted < 0.7 * (shown[chosen] - pictures).square().mean()


def test_labels_without_a_sequence_are_refused(demonstrations):
    with pytest.raises(ValueError, match="no sequence for label 11, 12"):
        demonstrations.check(torch.tensor([3, 12, 11, 3]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "wanted diffpaint-demonstrations 1"),
        ({"columns": ["start_x"]}, "its columns are"),
        (
            {"sequences": [{"label": 1, "name": "one", "lifted": [], "strokes": [[1, 2, 3, 4, 5, 6]]}]},
            "has 1 strokes, and the agent paints 8",
        ),
        ({"unit": 10}, "positions of .* are from 0 to its unit, 10"),
        ({"unit": 0}, "unit: expected `float` > 0.0, got 0"),
        ({"unit": "28"}, "unit: expected `float`, got `str`"),
        (
            {"sequences": [{"label": 1.5, "name": "i", "lifted": [], "strokes": [[1] * 6]}]},
            r"sequences\[0\]\.label: expected `int`, got `float`",
        ),
        (
            {"sequences": [{"label": 1, "name": "i", "lifted": [], "strokes": ["123456"]}]},
            r"sequences\[0\]\.strokes\[0\]: expected `array`, got `str`",
        ),
        (
            {"sequences": [{"label": 1, "name": "i", "lifted": [1.0], "strokes": [[1] * 6]}]},
            r"sequences\[0\]\.lifted\[0\]: expected `int`, got `float`",
        ),
        (
            {"sequences": [{"label": 1, "name": "i", "lifted": [], "strokes": [[1] * 6] * 8}] * 2},
            "two sequences are called 'i'",
        ),
        ({"pressure": 0.05}, "leaves no ink"),
        (
            {"sequences": [{"label": 1, "name": "i", "lifted": [], "strokes": [[1] * 6], "direction": "up"}]},
            r"sequences\[0\]\.direction: invalid enum value 'up'",
        ),
        ({"sequences": 3}, "are no demonstrations"),
        ({"sequences": []}, "sequences: expected `array` of length >= 1"),
        ({"sequences": [{"label": 1}]}, r"sequences\[0\]: it lacks `name`"),
        (
            {"sequences": [{"label": 1, "name": "i", "lifted": [9], "strokes": [[1] * 6] * 8}]},
            "'i' lifts strokes that it does not have",
        ),
        (
            {"sequences": [{"label": 1, "name": "i", "lifted": [], "strokes": [[1] * 4]}]},
            r"sequences\[0\]\.strokes\[0\]: expected `array` of length 6, got 4",
        ),
    ],
)
def test_damaged_lessons_are_refused(tmp_path, change, reason):
    document = json.loads((FOLDER / "digits.json").read_text()) | change
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=reason):
        read_demonstrations(str(path), 8)


def test_a_lesson_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no demonstrations 'letters'; there is digits"):
        read_demonstrations("letters", 8)
    for damage in ('{"format"', "[" * 100_000, "[]"):
        (tmp_path / "cut.json").write_text(damage)
        with pytest.raises(ValueError, match="are no demonstrations"):
            read_demonstrations(str(tmp_path / "cut.json"), 8)
