"""The suite for constraints."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ..constraints import Constraint, constrain
from ..optimize import paint
from ..renderer import Moment, Renderer
from .parts import Dark, Marks


class ConstraintConformance:
    """What every constraint must do. Define the fixture ``constraint``, and ``renderer`` if it needs others."""

    @pytest.fixture
    def constraint(self) -> Constraint:
        """The constraint under test."""
        raise NotImplementedError("define a `constraint` fixture that returns an instance of your constraint")

    @pytest.fixture
    def renderer(self) -> Renderer:
        """Whose actions are constrained: a painter's, unless it needs others."""
        return Marks()

    @pytest.fixture
    def actions(self, renderer: Renderer) -> Tensor:
        """Free actions, (2, T, A)."""
        generator = torch.Generator().manual_seed(0)
        return torch.rand(renderer.initial(2, 4, generator).shape, generator=generator)

    @pytest.mark.parametrize("step", [0, 1, 2])
    def test_gives_actions(self, constraint: Constraint, renderer: Renderer, actions: Tensor, step: int) -> None:
        """Of the same shape, in [0, 1], at every progress, and writes into nothing."""
        kept = actions.clone()
        given = constraint(actions, renderer, Moment(step, 2, actions, renderer))
        assert torch.equal(actions, kept), f"{constraint} writes into the actions that it is given; copy them first"
        assert given.shape == actions.shape, f"{constraint} made {tuple(given.shape)} of {tuple(actions.shape)}"
        assert torch.isfinite(given).all(), f"{constraint} gives NaN or infinity"
        assert given.min() >= 0, f"{constraint} gives {given.min():g}; actions are in [0, 1]"
        assert given.max() <= 1, f"{constraint} gives {given.max():g}; actions are in [0, 1]"

    def test_holds_at_the_end(self, constraint: Constraint, renderer: Renderer, actions: Tensor) -> None:
        """What it gives for the finished painting obeys it exactly."""
        assert constraint.holds(constrain(actions, [constraint], renderer), renderer), f"{constraint} does not hold"

    def test_something_can_be_learned_through_it(
        self, constraint: Constraint, renderer: Renderer, actions: Tensor
    ) -> None:
        """Gradients are finite, and some action still has one."""
        actions.requires_grad_()
        given = constraint(actions, renderer, Moment(1, 2, actions, renderer))
        (gradient,) = torch.autograd.grad(given.square().sum(), actions)
        assert torch.isfinite(gradient).all(), f"a gradient through {constraint} is not finite"
        assert gradient.abs().sum() > 0, f"no gradient reaches any action through {constraint}"

    def test_is_known_by_its_repr(self, constraint: Constraint) -> None:
        """A resumed run tells constraints apart by it: no address of an object may be in it."""
        shown = repr(constraint)
        assert " at 0x" not in shown, f"{shown} is different in every run; make the constraint a frozen dataclass"

    def test_says_what_it_lacks(self, constraint: Constraint, renderer: Renderer) -> None:
        """A renderer without the actions that it needs is refused by name."""
        if not constraint.needs:
            return
        renderer.action_names = tuple(f"other_{index}" for index in range(len(renderer.action_names)))
        with pytest.raises(ValueError, match=constraint.needs[0]):
            constraint.check(renderer)

    def test_a_painting_obeys_it(self, constraint: Constraint, renderer: Renderer) -> None:
        """After a few steps of :func:`diffpaint.paint`."""
        painting = paint(renderer, Dark(), strokes=4, steps=3, constraints=[constraint], device="cpu", progress=False)
        assert constraint.holds(painting.actions, renderer), f"a painting under {constraint} does not obey it"
