"""Conformance suites for plugin authors: subclass one, define one fixture, run pytest.

from diffpaint.testing import RendererConformance

class TestDots(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return Dots(size=(16, 20))
"""

from __future__ import annotations

import copy
import math
import random

import numpy as np
import pytest
import torch
from torch import Tensor

from .objective import Objective
from .optimize import paint
from .renderer import Renderer


class RendererConformance:
    """What every renderer must do. Define the fixture ``renderer``; a small canvas makes the suite fast.

    Attributes:
        strokes: Passed to ``renderer.initial``.
        atol: Largest difference between two ways to the same canvas.
        has_strokes: Whether the renderer's actions are strokes, which are exported and filmed one by one.
    """

    strokes: int = 3
    atol: float = 1e-5
    has_strokes: bool = True

    @pytest.fixture
    def renderer(self) -> Renderer:
        """The renderer under test."""
        raise NotImplementedError("define a `renderer` fixture that returns a small instance of your renderer")

    @pytest.fixture
    def actions(self, renderer: Renderer) -> Tensor:
        """Actions of two canvases, (2, T, A)."""
        return renderer.initial(2, self.strokes, torch.Generator().manual_seed(0))

    def test_declares_its_actions_and_size(self, renderer: Renderer) -> None:
        """Names are unique and the size is two whole numbers."""
        assert len(set(renderer.action_names)) == len(renderer.action_names) > 0
        height, width = renderer.size
        assert isinstance(height, int)
        assert isinstance(width, int)

    def test_initial_actions_are_in_range_and_follow_the_generator(self, renderer: Renderer, actions: Tensor) -> None:
        """(B, T, A) strictly within [0, 1], the same for the same seed and others for another."""
        assert actions.shape[0] == 2
        assert actions.shape[2] == len(renderer.action_names)
        assert actions.min() > 0
        assert actions.max() < 1
        again, other = (renderer.initial(2, self.strokes, torch.Generator().manual_seed(seed)) for seed in (0, 1))
        assert torch.equal(actions, again)
        assert not torch.equal(actions, other)

    def test_canvas_has_shape_and_range(self, renderer: Renderer, actions: Tensor) -> None:
        """(B, 3, H, W) in [0, 1]."""
        canvas = renderer(actions)
        assert canvas.shape == (2, 3, *renderer.size)
        assert canvas.min() >= 0
        assert canvas.max() <= 1

    def test_extreme_actions_stay_in_range(self, renderer: Renderer, actions: Tensor) -> None:
        """All zeros, all ones, and zeros and ones at random give a finite canvas in [0, 1]."""
        generator = torch.Generator().manual_seed(0)
        mixed = [torch.rand(actions.shape, generator=generator).round() for _ in range(8)]
        for extreme in (torch.zeros_like(actions), torch.ones_like(actions), *mixed):
            canvas = renderer(extreme)
            assert torch.isfinite(canvas).all(), "the canvas holds NaN or infinity"
            assert canvas.min() >= -1e-6, f"the canvas goes down to {canvas.min():g}; are colour and alpha in [0, 1]?"
            assert canvas.max() <= 1 + 1e-6, f"the canvas goes up to {canvas.max():g}; are colour and alpha in [0, 1]?"

    def test_leaves_the_canvas_that_it_paints_on_alone(self, renderer: Renderer, actions: Tensor) -> None:
        """``forward(actions, canvas)`` does not write into ``canvas``; None is white."""
        white = torch.ones(2, 3, *renderer.size)
        kept = white.clone()
        painted = renderer(actions, white)
        assert torch.equal(white, kept)
        torch.testing.assert_close(painted, renderer(actions), atol=self.atol, rtol=0)

    def test_batch_items_are_independent(self, renderer: Renderer, actions: Tensor) -> None:
        """Each canvas of a batch is what it would be alone."""
        together = renderer(actions)
        alone = torch.cat([renderer(item) for item in actions.split(1)])
        torch.testing.assert_close(together, alone, atol=self.atol, rtol=0)

    def test_every_action_gets_a_finite_gradient(self, renderer: Renderer, actions: Tensor) -> None:
        """No named action is cut off from the canvas."""
        actions.requires_grad_()
        canvas = renderer(actions)
        (gradient,) = torch.autograd.grad((canvas * _noise_like(canvas)).sum(), actions)
        assert torch.isfinite(gradient).all()
        reached = gradient.abs().amax((0, 1))
        dead = [name for name, most in zip(renderer.action_names, reached, strict=True) if most == 0]
        assert not dead, f"no gradient reaches {', '.join(dead)}"

    def test_gradient_is_exact(self, renderer: Renderer) -> None:
        """Gradcheck in float64."""
        precise = copy.deepcopy(renderer).double()
        actions = renderer.initial(1, 1, torch.Generator().manual_seed(0)).double().requires_grad_()
        with torch.no_grad():
            weight = _noise_like(precise(actions))
        assert torch.autograd.gradcheck(lambda a: (precise(a) * weight).sum(), (actions,), eps=1e-6, atol=1e-4)

    def test_parameters_are_frozen(self, renderer: Renderer) -> None:
        """Actions are all that is optimised."""
        assert not [name for name, parameter in renderer.named_parameters() if parameter.requires_grad]

    def test_wrong_actions_are_explained(self, renderer: Renderer, actions: Tensor) -> None:
        """The error says what was given and what the last axis means."""
        with pytest.raises(ValueError, match=renderer.action_names[0]) as error:
            renderer(torch.rand(2, actions.shape[1], len(renderer.action_names) + 1))
        assert str(len(renderer.action_names) + 1) in str(error.value)
        with pytest.raises(ValueError, match="batch"):
            renderer(actions[0])

    def test_wrong_canvas_is_explained(self, renderer: Renderer, actions: Tensor) -> None:
        """The error says what was given and what is wanted."""
        height, width = renderer.size
        with pytest.raises(ValueError, match=str(height)) as error:
            renderer(actions, torch.ones(2, 3, height + 1, width))
        assert str(height + 1) in str(error.value)

    def test_time_lapse_ends_with_the_canvas(self, renderer: Renderer, actions: Tensor) -> None:
        """The last frame is what ``forward`` gives; a renderer of strokes has a frame for each."""
        frames = list(renderer.frames(actions))
        assert len(frames) == (actions.shape[1] if self.has_strokes else 1)
        torch.testing.assert_close(frames[-1], renderer(actions), atol=self.atol, rtol=0)

    def test_time_lapse_leaves_gradients_on(self, renderer: Renderer, actions: Tensor) -> None:
        """Reading a frame does not switch autograd off for the reader."""
        next(iter(renderer.frames(actions)))
        assert torch.is_grad_enabled()

    def test_strokes_follow_one_another_in_chains(self, renderer: Renderer, actions: Tensor) -> None:
        """Every stroke has one before it or none, and no two the same."""
        strokes = actions.shape[1]
        before = renderer.previous(strokes)
        assert len(before) == strokes
        assert all(-1 <= previous < index for index, previous in enumerate(before))
        assert len({previous for previous in before if previous >= 0}) == strokes - before.count(-1)

    def test_strokes_are_exported(self, renderer: Renderer, actions: Tensor) -> None:
        """One row a stroke, finite, one number a column."""
        columns, table = renderer.strokes(actions[0])
        assert table.shape == (actions.shape[1], len(columns))
        assert bool(columns) == self.has_strokes
        assert torch.isfinite(table).all()

    def test_can_be_optimised(self, renderer: Renderer) -> None:
        """A few steps of :func:`diffpaint.paint` lower an objective."""
        painting = paint(renderer, _Dark(), strokes=self.strokes, steps=5, device="cpu", progress=False)
        assert painting.losses[-1] < painting.losses[0]


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
        assert score.shape == ()
        assert torch.isfinite(score)

    def test_gradient_is_finite_and_somewhere_not_zero(self, objective: Objective, canvas: Tensor) -> None:
        """There is something to follow."""
        (gradient,) = torch.autograd.grad(objective(canvas.requires_grad_()), canvas)
        assert torch.isfinite(gradient).all()
        assert gradient.abs().sum() > 0

    def test_every_canvas_of_a_batch_counts(self, objective: Objective, canvas: Tensor) -> None:
        """The score is the mean over the batch: each item has a gradient, and copies change nothing."""
        (gradient,) = torch.autograd.grad(objective(canvas.requires_grad_()), canvas)
        assert (gradient.flatten(1).abs().sum(1) > 0).all()
        alone = canvas[:1].detach()
        try:
            score = self._seeded(objective, alone)
        except ValueError:
            return  # it is for batches of one size, such as one with a target for each canvas
        copies = self._seeded(objective, alone.expand(3, -1, -1, -1))
        torch.testing.assert_close(copies, score)

    def test_following_the_gradient_lowers_the_score(self, objective: Objective, canvas: Tensor) -> None:
        """Lower is better, and the gradient points the right way."""
        before = self._seeded(objective, canvas.requires_grad_())
        (gradient,) = torch.autograd.grad(before, canvas)
        step = 1e-2 / gradient.square().sum().sqrt()
        after = self._seeded(objective, (canvas - step * gradient).detach())
        assert after < before

    def test_the_same_seed_gives_the_same_score(self, objective: Objective, canvas: Tensor) -> None:
        """All randomness comes from the global generators."""
        assert torch.equal(self._seeded(objective, canvas), self._seeded(objective, canvas))

    def test_leaves_the_canvas_alone(self, objective: Objective, canvas: Tensor) -> None:
        """``forward`` does not write into the canvas."""
        kept = canvas.clone()
        objective(canvas)
        assert torch.equal(canvas, kept)

    def test_composes(self, objective: Objective, canvas: Tensor) -> None:
        """``a + 2 * b`` is an objective."""
        twice = self._seeded(2 * objective, canvas)
        torch.testing.assert_close(twice, 2 * self._seeded(objective, canvas))
        both = objective + 2 * objective
        assert isinstance(both, Objective)
        assert math.isfinite(both(canvas).item())

    def test_parameters_are_frozen(self, objective: Objective) -> None:
        """A network that scores is not trained."""
        assert not [name for name, parameter in objective.named_parameters() if parameter.requires_grad]

    @staticmethod
    def _seeded(objective: Objective, canvas: Tensor) -> Tensor:
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        return objective(canvas)


class _Dark(Objective):
    """Mean lightness: the simplest thing to lower."""

    def forward(self, canvas: Tensor) -> Tensor:
        return canvas.mean()


def _noise_like(canvas: Tensor) -> Tensor:
    """Fixed random weights, so that no two pixels' gradients cancel by symmetry."""
    return torch.randn(canvas.shape, generator=torch.Generator().manual_seed(1), dtype=canvas.dtype)
