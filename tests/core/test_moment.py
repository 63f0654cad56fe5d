"""Renderers, objectives and constraints are told where the optimisation is."""

from dataclasses import dataclass

import pytest
import torch

import diffpaint
from diffpaint import Constraint, Moment, Objective, StrokeRenderer, paint, param_f


class Noting(Objective):
    """Mean lightness; keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.told = []

    def forward(self, canvas):
        self.told.append(self.moment)
        return canvas.mean()


class Length(Objective):
    """Mean distance of strokes from the middle, which knows nothing of the canvas."""

    def forward(self, canvas):
        x = self.moment.renderer.action_names.index("x")
        return (self.moment.actions[..., x] - 0.5).abs().mean()


@pytest.fixture
def sharpening(dots):
    class Sharpening(dots):
        """Dots whose pressure grows with the progress, wherever they are rendered."""

        def __init__(self, size=(12, 12)):
            super().__init__(size)
            self.seen = []

        def stroke(self, actions):
            self.seen.append(self.moment.progress)
            color, alpha = super().stroke(actions)
            return color, alpha * (0.5 + 0.5 * self.moment.progress)

    return Sharpening


def test_progress_goes_from_0_to_1_and_is_1_where_nobody_knows():
    assert [Moment(step, 4).progress for step in (0, 1, 4, 5)] == [0, 0.25, 1, 1]
    assert Moment().progress == Moment(3).progress == 1


def test_an_objective_knows_the_step_and_the_strokes(dots):
    noting = Noting()
    renderer = dots((8, 8))
    painting = paint(renderer, 0.5 * noting + Noting(), strokes=2, steps=3, device="cpu", progress=False)
    assert [moment.step for moment in noting.told] == [0, 1, 2]
    assert {moment.steps for moment in noting.told} == {3}
    assert noting.told[0].renderer is renderer
    assert noting.told[0].actions.shape == painting.actions.shape == (1, 2, 7)


def test_afterwards_nothing_is_left_of_it(dots):
    noting, renderer = Noting(), dots((8, 8))
    paint(renderer, noting, strokes=2, steps=1, device="cpu", progress=False)
    assert noting.moment is renderer.moment is Objective.moment
    assert noting.moment.actions is None


def test_strokes_can_be_penalised_themselves(dots, dark):
    def off(weight):
        painting = paint(
            *(dots((8, 8)), 0.01 * dark + weight * Length()), strokes=6, steps=30, device="cpu", progress=False
        )
        return (painting.actions[..., 5] - 0.5).abs().mean()

    assert off(10) < 0.5 * off(0)


def test_a_renderer_in_a_grid_knows_the_progress_forward_and_backward(sharpening, dark):
    renderer = sharpening()
    grid = diffpaint.load_renderer("grid", renderer=renderer, rows=2, cols=2)
    paint(grid, dark, strokes=1, steps=4, device="cpu", progress=False)
    assert sorted(set(renderer.seen)) == [0, 0.25, 0.5, 0.75, 1]
    assert renderer.seen[-1] == 1  # the finished painting


def test_bands_render_strokes_again_at_the_same_moment(sharpening, dark, monkeypatch):
    monkeypatch.setattr("diffpaint_grid.grid.AT_ONCE", 0)
    renderer = sharpening()
    grid = diffpaint.load_renderer("grid", renderer=renderer, rows=3, cols=2)
    paint(grid, dark, strokes=1, steps=2, device="cpu", progress=False)
    forward, backward = renderer.seen.index(0.5), renderer.seen.index(1)
    assert forward > 1  # rendered more than once at the first step
    assert set(renderer.seen[:forward]) == {0}
    assert set(renderer.seen[forward:backward]) == {0.5}


def test_a_module_that_declares_a_moment_is_told_too(dots, dark):
    class Part(torch.nn.Module):
        moment = None

    part = Part()
    dark.part = part
    seen = []
    paint(
        *(dots((8, 8)), dark),
        **{"strokes": 1, "steps": 2, "device": "cpu", "progress": False},
        callback=lambda *_: seen.append(part.moment),
    )
    assert seen == [None, None]  # only while a step is computed


@dataclass(frozen=True)
class Late(Constraint):
    """Pressure may be less than 1 at first, and not in the end."""

    needs = ("pressure",)

    def __call__(self, actions, renderer, moment):
        (column,) = self.check(renderer)
        actions = actions.clone()
        actions[..., column] = torch.lerp(moment.actions[..., column], actions.new_ones(()), moment.progress)
        return actions

    def holds(self, actions, renderer):
        return bool((actions[..., self.check(renderer)] == 1).all())


def test_a_constraint_knows_the_free_actions_and_the_progress(dots, dark):
    class Watching(Objective):
        def __init__(self):
            super().__init__()
            self.least = []

        def forward(self, canvas):
            self.least.append(self.moment.actions[..., 0].min().item())
            return canvas.mean()

    watching = Watching()
    painting = paint(*(dots((8, 8)), watching), constraints=[Late()], strokes=4, steps=5, device="cpu", progress=False)
    assert watching.least == sorted(watching.least)
    assert watching.least[0] < 0.9
    assert (painting.actions[..., 0] == 1).all()


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_lucents_optimisers_are_counted_by_their_steps(sharpening, optimizer):
    renderer = sharpening()
    parameters, image = param_f(renderer, strokes=1, seed=0, device="cpu", steps=4)()
    adam = optimizer(parameters, lr=0.1)
    for _ in range(4):
        image()  # lucent may look more than once
        adam.zero_grad()
        image().mean().backward()
        adam.step()
    assert renderer.seen == [0, 0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]


def test_without_a_number_of_steps_the_painting_counts_as_finished(sharpening):
    renderer = sharpening()
    _, image = param_f(renderer, strokes=1, seed=0, device="cpu")()
    image()
    assert renderer.seen == [1]


def test_a_renderer_alone_paints_as_if_it_were_finished(sharpening):
    assert isinstance(sharpening(), StrokeRenderer)
    assert sharpening().moment.progress == 1
