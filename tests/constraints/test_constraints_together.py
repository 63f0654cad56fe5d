"""Constraints that agree with one another and with the renderer, and those that do not."""

import pytest

from diffpaint import Renderer
from diffpaint.constraints import check_constraints, constrain
from diffpaint.renderer import STROKE_ACTION
from diffpaint_constraints import Connected, Fix, Greyscale, Levels, Limit, Palette

COLORS = ((0.1, 0.2, 0.3), (0.9, 0.7, 0.2), (0.95, 0.95, 0.9))


class Ink(Renderer):
    """Strokes without colour, which may start somewhere and end nowhere."""

    action_names = ("pressure", "start_x", "start_y")
    size = (8, 8)

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas) * actions[:, :, :1, None].mean(1, keepdim=True)


def test_a_limit_after_levels_gives_levels_within_it(lines, actions):
    both = [Levels("size", 3), Limit("size", 0.2, 0.4)]
    check_constraints(both, lines)
    sizes = constrain(actions, both, lines)[..., STROKE_ACTION.index("size")]
    assert sizes.unique().tolist() == pytest.approx([0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    "constraints",
    [
        [],
        [Greyscale(), Limit("size", 0.1, 0.3), Fix("end_pressure", 0.7), Connected()],
        [Greyscale(), *(Levels(name, 2) for name in ("red", "green", "blue"))],
        [Greyscale(), *(Limit(name, 0.2, 0.6) for name in ("red", "green", "blue")), Connected()],
        [Greyscale(), Palette([(0, 0, 0), (0.4, 0.4, 0.4), (1, 1, 1)])],
        [Limit("start_x", 0.2, 0.8), Limit("end_x", 0.2, 0.8), Connected()],
        [Levels("start_y", 5), Levels("end_y", 5), Connected()],
        [Limit("end_x", 0.2, 0.8), Connected()],
        [Fix("start_x", 0.5), Fix("end_x", 0.5), Connected()],
        [Limit("size", 0.0, 0.5), Fix("size", 0.5)],
    ],
    ids=repr,
)
def test_what_agrees_is_accepted(lines, actions, constraints):
    check_constraints(constraints, lines)
    done = constrain(actions, constraints, lines)
    assert all(constraint.holds(done, lines) for constraint in constraints)


@pytest.mark.parametrize(
    ("constraints", "undone", "undoer"),
    [
        ([Limit("start_x", 0.2, 0.8), Connected()], 0, 1),
        ([Connected(), Limit("start_x", 0.2, 0.8)], 0, 1),
        ([Connected(), Limit("size", 0, 0.5), Fix("end_y", 0.5)], 0, 2),
        ([Levels("start_x", 256), Connected()], 0, 1),
        ([Greyscale(), Palette(COLORS)], 0, 1),
        ([Palette(COLORS), Greyscale()], 0, 1),
        ([Greyscale(), Limit("red", 0, 0.5), Limit("green", 0, 0.5)], 0, 1),
        ([Palette(COLORS), Fix("size", 0), Levels("red", 2)], 0, 2),
        ([Limit("size", 0, 0.4), Limit("size", 0.5, 1)], 0, 1),
        ([Fix("size", 0.2), Fix("size", 0.3)], 0, 1),
        ([Fix("size", 0.2), Limit("size", 0.5, 1)], 0, 1),
        ([Levels("red", 2), Greyscale()], 0, 1),
    ],
    ids=repr,
)
def test_one_that_undoes_another_is_refused_and_both_are_named(lines, constraints, undone, undoer):
    with pytest.raises(ValueError, match="change the order, or drop one") as error:
        check_constraints(constraints, lines)
    assert f"{constraints[undone]} is undone by {constraints[undoer]}" in str(error.value)


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (Limit("sise", 0, 0.5), "sise among the actions of Lines, .*; did you mean size"),
        (Fix("start", 0.5), "did you mean start_x or start_y|did you mean start_y or start_x"),
        (Levels("hue", 3), r"hue among .*end_y$"),
    ],
)
def test_an_unknown_action_is_named_with_the_nearest(lines, constraint, said):
    with pytest.raises(ValueError, match=said):
        check_constraints([constraint], lines)


@pytest.mark.parametrize(
    ("constraint", "lacks"),
    [(Greyscale(), "red, green, blue"), (Palette(COLORS), "red, green, blue"), (Connected(), "end_x, end_y")],
)
def test_a_renderer_without_what_is_needed_is_refused(constraint, lacks):
    with pytest.raises(ValueError, match=f"needs {lacks} among the actions of Ink"):
        check_constraints([constraint], Ink())
