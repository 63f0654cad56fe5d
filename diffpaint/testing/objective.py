"""The suite for objectives."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ..objective import Objective
from ..randomness import seeded


class ObjectiveConformance:
    """What every objective must do. Define the fixture ``objective``; override ``canvas`` if it needs a certain size.

    Objectives that draw random numbers must draw them from torch's, numpy's or Python's global generator: the suite
    seeds them, as :func:`diffpaint.paint` does.
    """

    @pytest.fixture
    def objective(self) -> Objective:
        """The objective under test."""
        raise NotImplementedError("define an `objective` fixture that returns an instance of your objective")

    @pytest.fixture
    def canvas(self) -> Tensor:
        """A canvas that the objective can score, (B, 3, H, W) in [0, 1]."""
        return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def test_score_is_a_finite_scalar(self, objective: Objective, canvas: Tensor) -> None:
        """Shape ()."""
        score = objective(canvas)
        assert score.shape == (), f"the score has shape {tuple(score.shape)}; wanted a scalar, the mean over the batch"
        assert torch.isfinite(score), f"the score is {score}"

    def test_gradient_is_finite_and_somewhere_not_zero(self, objective: Objective, canvas: Tensor) -> None:
        """There is something to follow."""
        (gradient,) = torch.autograd.grad(objective(canvas.requires_grad_()), canvas)
        assert torch.isfinite(gradient).all(), "the gradient holds NaN or infinity"
        assert gradient.abs().sum() > 0, "no gradient reaches the canvas: there is nothing to follow"

    def test_every_canvas_of_a_batch_counts(self, objective: Objective, canvas: Tensor) -> None:
        """The score is the mean over the batch: each item has a gradient, and copies change nothing."""
        (gradient,) = torch.autograd.grad(objective(canvas.requires_grad_()), canvas)
        assert (gradient.flatten(1).abs().sum(1) > 0).all(), "some canvases of a batch do not count"
        alone = canvas[:1].detach()
        try:
            score = self._seeded(objective, alone)
        except ValueError:
            return  # it is for batches of one size, such as one with a target for each canvas
        copies = self._seeded(objective, alone.expand(3, -1, -1, -1))
        torch.testing.assert_close(copies, score, msg=lambda text: f"copies of a canvas change its score: {text}")

    def test_following_the_gradient_lowers_the_score(self, objective: Objective, canvas: Tensor) -> None:
        """Lower is better, and the gradient points the right way."""
        before = self._seeded(objective, canvas.requires_grad_())
        (gradient,) = torch.autograd.grad(before, canvas)
        step = 1e-2 / gradient.square().sum().sqrt()
        after = self._seeded(objective, (canvas - step * gradient).detach())
        assert after < before, f"a step along the gradient took the score from {before:g} to {after:g}; lower is better"

    def test_the_same_seed_gives_the_same_score(self, objective: Objective, canvas: Tensor) -> None:
        """All randomness comes from the global generators."""
        first, again = (self._seeded(objective, canvas) for _ in range(2))
        assert torch.equal(first, again), f"two scores, {first:g} and {again:g}, for one seed of the global generators"

    def test_leaves_the_canvas_alone(self, objective: Objective, canvas: Tensor) -> None:
        """``forward`` does not write into the canvas."""
        kept = canvas.clone()
        objective(canvas)
        assert torch.equal(canvas, kept), "forward writes into the canvas; copy it first"

    def test_composes(self, objective: Objective, canvas: Tensor) -> None:
        """``a + 2 * b`` is an objective."""
        twice = self._seeded(2 * objective, canvas)
        torch.testing.assert_close(twice, 2 * self._seeded(objective, canvas))
        both = objective + 2 * objective
        assert isinstance(both, Objective), "the sum of two objectives is none"
        assert math.isfinite(both(canvas).item()), "the score of a sum is not finite"

    def test_parameters_are_frozen(self, objective: Objective) -> None:
        """A network that scores is not trained."""
        free = [name for name, parameter in objective.named_parameters() if parameter.requires_grad]
        assert not free, f"{', '.join(free)} would be trained; call requires_grad_(False)"

    @staticmethod
    def _seeded(objective: Objective, canvas: Tensor) -> Tensor:
        with seeded(0):
            return objective(canvas)
