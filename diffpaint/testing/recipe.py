"""The suite for recipes of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ..training.recipe import Course, Recipe
from ..training.settings import TrainingSettings


class RecipeConformance:
    """What every recipe must do. Define the fixtures ``settings``, of a few steps, and ``prepared``.

    Needs accelerate: ``pip install 'diffpaint[train]'``.
    """

    @pytest.fixture
    def settings(self) -> TrainingSettings:
        """Of a short run: four steps or so, of a small network."""
        raise NotImplementedError("define a `settings` fixture that returns settings of a short run")

    @pytest.fixture
    def prepared(self) -> Callable[[Any], Course]:
        """Takes settings to a course, as ``prepare`` does with all other options given."""
        raise NotImplementedError("define a `prepared` fixture: functools.partial(YourRecipe.prepare, data=...)")

    def test_learns_and_writes(self, settings: TrainingSettings, prepared: Any, tmp_path: Path) -> None:
        """To the last step, with figures, and something in the folder."""
        recipe = self._train(prepared(settings), tmp_path / "run", settings)
        assert isinstance(recipe, Recipe), f"the course made a {type(recipe).__name__}"
        lines = (tmp_path / "run" / "losses.csv").read_text().splitlines()
        assert len(lines) == settings.steps + 1, f"losses.csv has {len(lines) - 1} steps of {settings.steps}"
        assert "mse" in lines[0].split(","), "`mse` is not among the figures of a step"
        written = {path.name for path in (tmp_path / "run").iterdir()} - {"losses.csv", "config.json", "checkpoint.pt"}
        assert written, "`finish` has written nothing"

    def test_its_parameters_move(self, settings: TrainingSettings, prepared: Any, tmp_path: Path) -> None:
        """An optimiser that is not among ``optimizers``, or a step without an update, learns nothing."""
        course = prepared(settings)
        torch.manual_seed(settings.seed)
        before = {name: value.clone() for name, value in course.make().state_dict().items()}
        after = self._train(course, tmp_path / "run", settings).state_dict()
        assert any(not torch.equal(before[name], after[name].cpu()) for name in before), "no weight has moved"

    def test_a_resumed_run_is_the_same(self, settings: TrainingSettings, prepared: Any, tmp_path: Path) -> None:
        """All randomness depends on the seed and the number of the step."""
        whole = self._train(prepared(settings), tmp_path / "whole", settings).state_dict()
        course = prepared(settings)

        def stopping() -> Recipe:
            recipe = course.make()
            step = recipe.step
            recipe.step = lambda number, batch: _stop() if number == settings.steps - 1 else step(number, batch)
            return recipe

        with pytest.raises(_Stop):
            self._train(replace(course, make=stopping), tmp_path / "run", settings)
        resumed = self._train(prepared(settings), tmp_path / "run", settings, resume=True).state_dict()
        other = [name for name, value in whole.items() if not torch.equal(value, resumed[name])]
        assert not other, f"a resumed run ends with other weights: {', '.join(other[:3])}"

    def test_makes_a_contact_sheet(self, settings: TrainingSettings, prepared: Any, tmp_path: Path) -> None:
        """As it does every few hundred steps."""
        recipe = self._train(prepared(settings), tmp_path / "run", settings)
        recipe.sheet(tmp_path / "sheet.png")
        assert (tmp_path / "sheet.png").stat().st_size > 0, "`sheet` has written nothing"

    @staticmethod
    def _train(course: Course, run: Path, settings: TrainingSettings, **options: Any) -> Recipe:
        loop = pytest.importorskip("diffpaint.training.loop", reason="training needs accelerate")
        return loop.train(course, run, settings, device="cpu", progress=False, checkpoint_every=1, **options)


class _Stop(Exception):
    pass


def _stop() -> Any:
    raise _Stop
