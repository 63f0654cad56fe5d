"""Each constraint alone: in range, exact at the end, and with a gradient for all that is free."""

import numpy as np
import pytest
import torch

from diffpaint import Moment
from diffpaint.constraints import constrain
from diffpaint.renderer import STROKE_ACTION
from diffpaint_constraints import Connected, Fix, Greyscale, Levels, Limit, Palette

COLORS = ((0.1, 0.2, 0.3), (0.9, 0.7, 0.2), (0.95, 0.95, 0.9))
THIRDS = [float(np.float32(level / 3)) for level in range(4)]
START, MIDDLE, END = Moment(0, 10), Moment(5, 10), Moment(10, 10)
EACH = [
    Greyscale(),
    Palette(COLORS),
    Limit("size", 0.1, 0.3),
    Fix("end_pressure", 0.7),
    Levels("red", 4),
    Connected(),
]


def progress(moment):
    return f"{moment.progress:g}"


def column(actions, name):
    return actions[..., STROKE_ACTION.index(name)]


def same_but(one, other, *names):
    """Whether actions are the same in all other columns."""
    others = [index for index, name in enumerate(STROKE_ACTION) if name not in names]
    return torch.equal(one[..., others], other[..., others])


@pytest.mark.parametrize("constraint", EACH, ids=repr)
@pytest.mark.parametrize("moment", [START, MIDDLE, END, Moment()], ids=progress)
def test_stays_in_range_and_leaves_what_it_was_given(lines, actions, constraint, moment):
    before = actions.clone()
    done = constraint(actions, lines, moment)
    assert torch.equal(actions, before)
    assert done.shape == actions.shape
    assert done.dtype == actions.dtype
    assert done.min() >= 0
    assert done.max() <= 1


@pytest.mark.parametrize("constraint", EACH, ids=repr)
def test_holds_exactly_in_the_end(lines, actions, constraint):
    assert not constraint.holds(actions, lines)
    done = constraint(actions, lines, END)
    assert constraint.holds(done, lines)
    assert torch.equal(constraint(actions, lines, Moment()), done)  # where nobody knows how many steps there will be
    assert torch.equal(constrain(actions, [constraint], lines), done)


@pytest.mark.parametrize("constraint", EACH, ids=repr)
def test_canvases_of_a_batch_are_independent(lines, actions, constraint):
    together = constraint(actions, lines, END)
    assert torch.equal(together, torch.cat([constraint(part, lines, END) for part in actions.split(1)]))


@pytest.mark.parametrize("constraint", EACH, ids=repr)
@pytest.mark.parametrize("moment", [START, MIDDLE, Moment(999, 1000), END], ids=progress)
def test_gradient_is_finite_and_reaches_all_that_is_free(lines, actions, rand, constraint, moment):
    actions = (0.05 + 0.9 * actions).requires_grad_()
    weight = rand(*actions.shape)
    (gradient,) = torch.autograd.grad((constraint(actions, lines, moment) * weight).sum(), actions)
    assert gradient.isfinite().all()
    reached = gradient.abs().amax((0, 1))
    dead = {name for name, most in zip(STROKE_ACTION, reached, strict=True) if most == 0}
    assert dead == ({"end_pressure"} if isinstance(constraint, Fix) else set())


@pytest.mark.parametrize(
    "constraint", [constraint for constraint in EACH if not isinstance(constraint, Levels)], ids=repr
)
def test_gradient_is_exact_where_it_is_smooth(lines, rand, constraint):
    actions = (0.05 + 0.9 * rand(1, 3, 12, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: constraint(a, lines, MIDDLE), (actions,))


def test_greyscale_is_the_mean(lines, actions):
    done = Greyscale()(actions, lines, START)
    mean = actions[..., 3:6].mean(-1)
    for name in ("red", "green", "blue"):
        assert torch.equal(column(done, name), mean)
    assert same_but(done, actions, "red", "green", "blue")


def test_a_palette_gives_the_nearest_colour(lines, actions):
    done = Palette(COLORS)(actions, lines, END)
    for free, color in zip(actions.reshape(-1, 12).tolist(), done.reshape(-1, 12)[:, 3:6], strict=True):
        nearest = min(COLORS, key=lambda c: sum((a - b) ** 2 for a, b in zip(free[3:6], c, strict=True)))
        assert torch.equal(color, torch.tensor(nearest))
    assert same_but(done, actions, "red", "green", "blue")


def test_a_palette_hardens_with_progress(lines, actions):
    palette = Palette(COLORS)
    end = palette(actions, lines, END)
    far = [(palette(actions, lines, Moment(step, 10)) - end)[..., 3:6].abs().mean().item() for step in range(11)]
    assert far == sorted(far, reverse=True)
    assert far[0] > 0.05
    assert far[9] < 0.01
    assert far[10] == 0


@pytest.mark.parametrize("colors", [[(0.2, 0.4, 0.6)], [(0.5, 0.5, 0.5)] * 3, [(0, 0, 0), (0, 0, 1e-6)]])
def test_a_palette_of_next_to_one_colour_has_no_nan(lines, actions, colors):
    for moment in (START, Moment(99, 100), END):
        free = actions.clone().requires_grad_()
        done = Palette(colors)(free, lines, moment)
        (gradient,) = torch.autograd.grad(done.sum(), free)
        assert gradient.isfinite().all()
        torch.testing.assert_close(done[..., 3:6], torch.tensor(colors[0]).expand(2, 50, 3).float())


def test_a_palette_takes_other_sequences():
    assert Palette([list(color) for color in COLORS]) == Palette(np.array(COLORS)) == Palette(COLORS)
    assert "np." not in repr(Palette(np.array(COLORS)))


def test_a_palette_takes_text():
    assert Palette("#1b2a49,navy , #F00") == Palette([(27 / 255, 42 / 255, 73 / 255), (0, 0, 128 / 255), (1, 0, 0)])
    assert len(Palette("earth").colors) == 7
    assert Palette("sea") != Palette("earth")


@pytest.mark.parametrize("low", [0.0, 0.1, 1 / 3])
@pytest.mark.parametrize("high", [0.7, 0.9999999, 1.0])
def test_a_limit_maps_the_whole_range_and_keeps_its_ends(lines, actions, low, high):
    done = Limit("size", low, high)(actions, lines, START)
    size = column(done, "size")
    torch.testing.assert_close(size, low + (high - low) * column(actions, "size"))
    assert size.min() == size[0, 0] == np.float32(low)
    assert size.max() == size[0, 1] == np.float32(high)
    assert same_but(done, actions, "size")


def test_levels_are_evenly_spaced_from_0_to_1(lines, actions):
    done = Levels("size", 4)(actions, lines, START)
    assert column(done, "size").unique().tolist() == THIRDS
    assert (column(done, "size") - column(actions, "size")).abs().max() <= 0.5 / 3 + 1e-6
    assert same_but(done, actions, "size")


@pytest.mark.parametrize("count", [2, 3, 10, 50, 256])
def test_a_level_stays_the_same_level(lines, actions, count):
    levels = Levels("size", count)
    done = levels(actions, lines, END)
    assert torch.equal(levels(done, lines, END), done)
    assert {0.0, 1.0} <= set(column(done, "size").unique().tolist())


def test_levels_pass_the_gradient_on(lines, actions, rand):
    actions.requires_grad_()
    weight = rand(*actions.shape)
    (gradient,) = torch.autograd.grad((Levels("size", 4)(actions, lines, END) * weight).sum(), actions)
    assert torch.equal(gradient, weight)


def test_a_fixed_action_is_the_same_in_every_stroke(lines, actions):
    done = Fix("end_pressure", 0.7)(actions, lines, START)
    assert column(done, "end_pressure").unique().tolist() == [float(np.float32(0.7))]
    assert same_but(done, actions, "end_pressure")


def test_connected_strokes_follow_one_another(lines, actions):
    done = Connected()(actions, lines, START)
    for axis in "xy":
        assert torch.equal(column(done, f"start_{axis}")[:, 1:], column(actions, f"end_{axis}")[:, :-1])
        assert torch.equal(column(done, f"start_{axis}")[:, 0], column(actions, f"start_{axis}")[:, 0])
    assert same_but(done, actions, "start_x", "start_y")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Limit("size", -0.1, 0.5), "low=-0.1"),
        (lambda: Limit("size", 0.5, 1.5), "high=1.5"),
        (lambda: Limit("size", 0.5, 0.5), "low < high"),
        (lambda: Limit("size", 0.6, 0.5), "low < high"),
        (lambda: Limit("size", float("nan"), 0.5), "low=nan"),
        (lambda: Fix("size", 1.1), "value=1.1"),
        (lambda: Fix("size", float("nan")), "value=nan"),
        (lambda: Levels("size", 1), "count=1"),
        (lambda: Levels("size", 257), "count=257"),
        (lambda: Levels("size", 2.5), "count=2.5"),
        (lambda: Palette([]), "at least one colour"),
        (lambda: Palette([(0, 0)]), r"got \(0.0, 0.0\)"),
        (lambda: Palette([(0, 0, 1.5)]), r"got \(0.0, 0.0, 1.5\)"),
        (lambda: Palette([(0, 0, float("nan"))]), "nan"),
        (lambda: Palette("red,reddish"), "'reddish' is no colour"),
        (lambda: Palette(""), "'' is no colour"),
    ],
)
def test_numbers_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
