"""The suite for initializers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ..initializer import Initializer
from ..logits import check_actions
from ..renderer import Renderer
from .parts import Marks


class InitializerConformance:
    """What every initializer must do. Define the fixture ``initializer``, and ``renderer`` if it needs another."""

    @pytest.fixture
    def initializer(self) -> Initializer:
        """The initializer under test."""
        raise NotImplementedError("define an `initializer` fixture that returns an instance of your initializer")

    @pytest.fixture
    def renderer(self) -> Renderer:
        """That will paint: one of a painter's actions, unless it needs another."""
        return Marks(size=(24, 32))

    @pytest.fixture
    def target(self, renderer: Renderer) -> Tensor:
        """Two pictures of the canvas's size."""
        return torch.rand(2, 3, *renderer.size, generator=torch.Generator().manual_seed(0))

    def test_gives_actions_of_the_renderer(self, initializer: Initializer, renderer: Renderer, target: Tensor) -> None:
        """For each picture of the batch, as many strokes as the renderer would begin with, in [0, 1]."""
        strokes = initializer.strokes or 2
        actions = initializer(renderer, target, strokes)
        wanted = renderer.initial(2, strokes).shape
        assert actions.shape == wanted, f"gave {tuple(actions.shape)}; {type(renderer).__name__} wants {tuple(wanted)}"
        check_actions(actions, renderer)

    def test_follows_the_seed(self, initializer: Initializer, renderer: Renderer, target: Tensor) -> None:
        """The same actions for the same seed, and torch's generator is left alone."""
        strokes, before = initializer.strokes or 2, torch.get_rng_state()
        first, again = (initializer(renderer, target, strokes, seed=3) for _ in range(2))
        assert torch.equal(first, again), "two calls with the same seed gave different actions"
        assert torch.equal(torch.get_rng_state(), before), "torch's global generator has moved; use one of your own"

    def test_leaves_the_target_alone(self, initializer: Initializer, renderer: Renderer, target: Tensor) -> None:
        """It does not write into the picture."""
        kept = target.clone()
        initializer(renderer, target, initializer.strokes or 2)
        assert torch.equal(target, kept), "it writes into the target; copy it first"

    def test_leaves_gradients_on(self, initializer: Initializer, renderer: Renderer, target: Tensor) -> None:
        """And what it gives is not part of a graph."""
        actions = initializer(renderer, target, initializer.strokes or 2)
        assert torch.is_grad_enabled(), "it has switched autograd off for everybody"
        assert not actions.requires_grad, "its actions are part of a graph; detach them"
