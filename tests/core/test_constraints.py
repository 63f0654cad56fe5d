"""The interface of constraints: what is checked of all of them, and what they are told."""

from dataclasses import dataclass

import pytest
import torch

from diffpaint import Constraint, paint
from diffpaint.constraints import check_constraints, constrain

QUIET = {"device": "cpu", "progress": False}


@dataclass(frozen=True)
class Sized(Constraint):
    """Sizes are halved."""

    needs = ("size",)

    def __call__(self, actions, renderer, moment):
        actions = actions.clone()
        actions[..., self.check(renderer)] /= 2
        return actions

    def holds(self, actions, renderer):
        return bool((actions[..., self.check(renderer)] <= 0.5).all())


@dataclass(frozen=True)
class Doubled(Sized):
    """Leaves [0, 1]."""

    def __call__(self, actions, renderer, moment):
        return 2 * actions


@dataclass(frozen=True)
class Thinned(Sized):
    """Leaves out strokes."""

    def __call__(self, actions, renderer, moment):
        return actions[:, ::2]


@dataclass(frozen=True)
class Idle(Sized):
    """Does not do what it says."""

    def __call__(self, actions, renderer, moment):
        return actions


@dataclass(frozen=True)
class Undoing(Sized):
    """Sizes of 1, whatever was before."""

    def __call__(self, actions, renderer, moment):
        actions = actions.clone()
        actions[..., self.check(renderer)] = 1.0
        return actions

    def holds(self, actions, renderer):
        return bool((actions[..., self.check(renderer)] == 1).all())


def test_constraints_are_applied_one_after_the_other(lines, actions):
    check_constraints([], lines)
    check_constraints([Sized(), Sized()], lines)
    assert constrain(actions, [], lines) is actions
    done = constrain(actions, [Sized(), Sized()], lines)
    assert torch.equal(done[..., 2], actions[..., 2] / 4)


def test_one_that_is_undone_is_refused_and_both_are_named(lines):
    with pytest.raises(ValueError, match=r"Sized\(\) is undone by Undoing\(\), which comes later; change the order"):
        check_constraints([Sized(), Undoing()], lines)


def test_a_renderer_without_what_is_needed_is_refused_with_the_nearest_that_it_has(lines):
    lines.action_names = tuple(f"sizes_{index}" for index in range(12))
    with pytest.raises(ValueError, match=r"Sized\(\) needs size among the actions of Lines.*did you mean sizes_"):
        check_constraints([Sized()], lines)


def test_only_some_of_many_actions_are_listed(lines):
    lines.action_names = tuple(f"weight_{index}" for index in range(1000))
    with pytest.raises(ValueError, match=r"weight_15, and 984 more$"):
        check_constraints([Sized()], lines)


@pytest.mark.parametrize(
    ("given", "said"), [("size", "got 'size'"), (Sized, "Sized.*; call it to make one"), (3, "got 3")]
)
def test_what_is_no_constraint_is_refused(lines, given, said):
    with pytest.raises(ValueError, match=rf"an instance of diffpaint\.Constraint, .*{said}"):
        check_constraints([given], lines)


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (Doubled(), r"Doubled\(\) gave something else than actions of the same shape in \[0, 1\]"),
        (Thinned(), r"Thinned\(\) gave something else than actions of the same shape"),
        (Idle(), r"Idle\(\) does not hold for the actions that it gives: a bug of it"),
    ],
    ids=repr,
)
def test_a_constraint_that_does_not_keep_to_the_rules_is_refused(lines, constraint, said):
    with pytest.raises(ValueError, match=said):
        check_constraints([constraint], lines)


def test_checking_leaves_the_global_generator_alone(lines):
    before = torch.get_rng_state()
    check_constraints([Sized()], lines)
    assert torch.equal(torch.get_rng_state(), before)


def test_progress_runs_from_0_to_1(dots, dark):
    seen = []

    class Watched(Sized):
        def __call__(self, actions, renderer, moment):
            seen.append(moment.progress)
            return super().__call__(actions, renderer, moment)

    paint(dots(), dark, steps=4, constraints=[Watched()], **QUIET)
    assert seen == [1.0, 0.0, 0.25, 0.5, 0.75, 1.0]  # the first is the check


def test_a_constraint_is_told_the_free_actions_and_whose_they_are(dots, dark):
    renderer, seen = dots(), []

    class Watched(Sized):
        def __call__(self, actions, given, moment):
            seen.append((actions, given, moment))
            return super().__call__(actions, given, moment)

    paint(renderer, dark, steps=2, constraints=[Sized(), Watched()], **QUIET)
    for step, (actions, given, moment) in enumerate(seen[1:]):
        assert (moment.step, moment.steps) == (step, 2)
        assert given is moment.renderer is renderer
        assert torch.equal(actions[..., 1], moment.actions[..., 1] / 2)
