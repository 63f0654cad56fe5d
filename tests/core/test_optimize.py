"""What paint does with what it is given."""

import random
import threading

import numpy as np
import pytest
import torch

from diffpaint import NotFiniteError, Pixel, Renderer, paint

QUIET = {"device": "cpu", "progress": False}


def assert_equal(one, other):
    assert torch.equal(one.actions, other.actions)
    assert torch.equal(one.canvas, other.canvas)
    assert one.losses == other.losses


def test_lowers_the_objective_and_returns_what_it_painted(dots, target):
    renderer = dots()
    painting = paint(renderer, Pixel(target), strokes=4, batch=2, steps=20, seed=3, **QUIET)
    assert painting.losses == sorted(painting.losses, reverse=True)
    assert painting.losses[-1] < 0.95 * painting.losses[0]
    assert len(painting.losses) == 20
    assert painting.actions.shape == (2, 4, 7)
    assert painting.canvas.shape == painting.background.shape == (2, 3, 16, 20)
    assert torch.equal(painting.canvas, renderer(painting.actions))
    assert painting.renderer is renderer
    assert painting.seed == 3
    assert not painting.interrupted
    assert not painting.canvas.requires_grad
    assert not painting.actions.requires_grad


def test_no_steps_give_the_initial_strokes(dots, unused):
    painting = paint(dots(), unused, strokes=4, steps=0, seed=5, **QUIET)
    initial = dots().initial(1, 4, torch.Generator().manual_seed(5))
    torch.testing.assert_close(painting.actions, initial, atol=1e-6, rtol=0)
    assert painting.losses == []


def test_the_same_seed_gives_the_same_painting(dots, shaken):
    first, again, other = (paint(dots(), shaken(), strokes=4, steps=5, seed=seed, **QUIET) for seed in (1, 1, 2))
    assert_equal(first, again)
    assert not torch.equal(first.actions, other.actions)


def test_every_step_draws_other_random_numbers(dots, shaken):
    objective = shaken()
    paint(dots(), objective, strokes=2, steps=5, **QUIET)
    assert len({noise for _, _, noise in objective.drawn}) == 5
    assert len({scale for _, scale, _ in objective.drawn}) == 5


def test_the_callers_random_state_is_left_alone(dots, shaken, broken_at):
    def state():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    before = state()
    paint(dots(), shaken(), strokes=2, steps=2, **QUIET)
    assert state() == before
    with pytest.raises(NotFiniteError):
        paint(dots(), broken_at(1), strokes=2, steps=3, **QUIET)
    assert state() == before


def test_the_callers_gradients_stay_off(dots, dark):
    with torch.no_grad():
        painting = paint(dots(), dark, strokes=2, steps=2, **QUIET)
        assert not torch.is_grad_enabled()
    assert painting.losses[1] < painting.losses[0]


def test_starts_from_given_actions(dots, unused, rand):
    actions = 0.1 + 0.8 * rand(2, 3, 7)
    painting = paint(dots(), unused, actions=actions, steps=0, **QUIET)
    torch.testing.assert_close(painting.actions, actions, atol=1e-6, rtol=0)


def test_actions_of_0_and_1_can_still_move(dots, target):
    actions = torch.zeros(1, 2, 7)
    actions[:, :, :2] = 1.0
    before = actions.clone()
    painting = paint(dots(), Pixel(target), actions=actions, steps=10, **QUIET)
    assert torch.equal(actions, before)
    nearest = actions.clamp(0.001, 0.999)
    assert ((painting.actions - nearest).abs() > 2e-4).all()


def test_paints_on_the_background(dots, unused):
    background = (0.25, 0.5, 1.0)
    actions = torch.zeros(1, 1, 7)  # next to no pressure
    painting = paint(dots(), unused, actions=actions, steps=0, background=background, **QUIET)
    ground = torch.tensor(background)[None, :, None, None].expand(1, 3, 16, 20)
    assert torch.equal(painting.background, ground)
    torch.testing.assert_close(painting.canvas, ground, atol=2e-3, rtol=0)


def test_the_callback_sees_every_step(dots, dark):
    seen = []
    painting = paint(dots(), dark, strokes=2, steps=4, callback=lambda *step: seen.append(step), **QUIET)
    assert [number for number, _, _ in seen] == [0, 1, 2, 3]
    assert [loss for _, _, loss in seen] == painting.losses
    for _, canvas, loss in seen:
        assert canvas.mean().item() == loss  # the canvas is the one that was scored
        assert not canvas.requires_grad


def test_the_callback_may_end_it(dots, dark):
    painting = paint(dots(), dark, strokes=2, steps=9, callback=lambda step, *_: step == 2, **QUIET)
    assert len(painting.losses) == 3
    assert not painting.interrupted  # it is what was wanted
    assert torch.equal(painting.actions, paint(dots(), dark, strokes=2, steps=3, **QUIET).actions)


def test_paints_in_a_thread(dots, target):
    paintings = []
    thread = threading.Thread(
        target=lambda: paintings.append(paint(dots(), Pixel(target), strokes=2, steps=2, **QUIET))
    )
    thread.start()
    thread.join()
    assert_equal(paintings[0], paint(dots(), Pixel(target), strokes=2, steps=2, **QUIET))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strokes": 0}, "strokes must be at least 1, got 0"),
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"steps": -1}, "steps must be at least 0, got -1"),
        ({"lr": 0.0}, "learning rate"),
        ({"lr": -0.1}, "learning rate"),
        ({"lr": float("nan")}, "learning rate"),
        ({"lr": float("inf")}, "learning rate"),
        ({"lr": {"siz": 0.1}}, "lr names 'siz', which is no action of Dots; did you mean 'size'"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"background": (1.0, 1.0)}, "background"),
        ({"background": (1.0, 1.0, 1.5)}, "background"),
        ({"background": (1.0, 1.0, float("nan"))}, "background"),
        ({"background": "white"}, "background"),
        ({"device": "abacus"}, "abacus"),
        ({"resume": True}, "checkpoint"),
        ({"actions": torch.full((1, 2, 6), 0.5)}, r"\(1, 2, 6\)"),
        ({"actions": torch.full((2, 7), 0.5)}, r"\(2, 7\)"),
        ({"actions": torch.full((1, 2, 7), 1.5)}, r"in \[0, 1\], got 1.5"),
        ({"actions": torch.full((1, 2, 7), -0.5)}, r"in \[0, 1\], got -0.5"),
        ({"actions": torch.full((1, 2, 7), float("nan"))}, "NaN"),
        ({"actions": torch.full((1, 0, 7), 0.5)}, "actions"),
        ({"actions": torch.full((0, 2, 7), 0.5)}, "actions"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_before_the_first_step(dots, unused, options, said):
    with pytest.raises(ValueError, match=said):
        paint(dots(), unused, **{"strokes": 2, "steps": 2, **QUIET, **options})


def test_what_is_no_renderer_or_objective_is_refused(dots, dark):
    with pytest.raises(ValueError, match=r"diffpaint\.Renderer, got 'grid'"):
        paint("grid", dark, **QUIET)
    with pytest.raises(ValueError, match=r"diffpaint\.Objective, got <function"):
        paint(dots(), lambda canvas: canvas.mean(), **QUIET)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (lambda canvas: canvas.mean((1, 2, 3)), r"Scored gave \(1,\); wanted a scalar tensor"),
        (lambda canvas: canvas.mean().item(), r"Scored gave 0\.\d+; wanted a scalar tensor"),
        (lambda canvas: canvas.detach().mean(), "Scored .*does not depend on the canvas"),
    ],
    ids=["one a canvas", "a number", "detached"],
)
def test_a_score_that_cannot_be_followed_is_explained(dots, dark, score, said):
    class Scored(type(dark)):
        def forward(self, canvas):
            return score(canvas)

    with pytest.raises(ValueError, match=said):
        paint(dots(), Scored(), strokes=2, steps=2, **QUIET)


def test_a_renderer_of_a_few_numbers_is_painted_too(dark):
    class Flat(Renderer):
        action_names = ("red", "green", "blue")
        size = (4, 6)

        def forward(self, actions, canvas=None):
            return self.check(actions, canvas) * actions.mean(1)[:, :, None, None]

    painting = paint(Flat(), dark, strokes=1, steps=5, **QUIET)
    assert painting.losses == sorted(painting.losses, reverse=True)
    assert painting.canvas.std((2, 3)).max() == 0
