"""The suite for strategies."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ..optimize import paint
from ..renderer import Renderer
from ..strategy import Strategy
from .parts import Dark, Marks


class StrategyConformance:
    """What every strategy must do. Define the fixture ``strategy``, and ``renderer`` if it needs a certain one.

    Attributes:
        steps: Of the painting that it is tried on; enough for it to change something.
    """

    steps: int = 8

    @pytest.fixture
    def strategy(self) -> Strategy:
        """The strategy under test."""
        raise NotImplementedError("define a `strategy` fixture that returns an instance of your strategy")

    @pytest.fixture
    def renderer(self) -> Renderer:
        """Whose strokes are changed."""
        return Marks()

    def test_paints(self, strategy: Strategy, renderer: Renderer) -> None:
        """A painting gets to its end, and its strokes are the renderer's."""
        painting = self._paint(renderer, strategy, self.steps)
        assert len(painting.losses) == self.steps, "the painting did not reach its end"
        assert torch.isfinite(painting.canvas).all(), "the canvas holds NaN or infinity"
        assert painting.actions.shape[1] > 0, "no stroke is left"

    def test_changes_something(self, strategy: Strategy, renderer: Renderer) -> None:
        """Within ``steps``, or it is not tried at all."""
        with_it, without = (self._paint(renderer, one, self.steps).actions for one in (strategy, None))
        same = with_it.shape == without.shape and torch.equal(with_it, without)
        assert not same, f"nothing changed in {self.steps} steps; set `steps` of the suite higher"

    def test_the_same_seed_gives_the_same_strokes(self, strategy: Strategy, renderer: Renderer) -> None:
        """All randomness comes from what it is given."""
        first, again = (self._paint(renderer, strategy, self.steps).actions for _ in range(2))
        assert torch.equal(first, again), "two paintings with the same seed differ"

    @pytest.mark.parametrize("stop", [1, 4])
    def test_a_resumed_painting_is_the_same(
        self, strategy: Strategy, renderer: Renderer, tmp_path: Path, stop: int
    ) -> None:
        """It keeps nothing that a new run would not know."""
        whole = self._paint(renderer, strategy, self.steps)
        file = tmp_path / "run.ckpt"
        self._paint(renderer, strategy, self.steps, checkpoint=file, callback=lambda step, *_: step + 1 == stop)
        resumed = self._paint(renderer, strategy, self.steps, checkpoint=file, resume=True)
        assert torch.equal(resumed.actions, whole.actions), f"a run resumed after {stop} steps ends otherwise"

    def test_is_known_by_its_repr(self, strategy: Strategy) -> None:
        """A resumed run tells strategies apart by it: no address of an object may be in it."""
        assert " at 0x" not in repr(strategy), f"{strategy!r} is different in every run; make it a frozen dataclass"

    @staticmethod
    def _paint(renderer: Renderer, strategy: Strategy | None, steps: int, **options):
        return paint(
            renderer, Dark(), strokes=4, steps=steps, strategy=strategy, device="cpu", progress=False, **options
        )
