"""What turns NaN or infinite is named, and loses nothing."""

import pytest
import torch

from diffpaint import NotFiniteError, Objective, paint

QUIET = {"device": "cpu", "progress": False}


class Steep(Objective):
    """Finite, but not its gradient."""

    def forward(self, canvas):
        return (canvas - canvas.detach()).abs().sqrt().mean()


@pytest.fixture
def brittle(dots):
    class Brittle(dots):
        """Breaks once a stroke is pressed hard."""

        def stroke(self, actions):
            color, alpha = super().stroke(actions)
            return color, torch.where(actions[:, :1, None, None] > 0.7, float("nan"), 1.0) * alpha

    return Brittle()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_is_named_and_loses_nothing(dots, broken_at, tmp_path, value):
    checkpoint = tmp_path / "state.ckpt"
    with pytest.raises(NotFiniteError, match="the loss is not finite at step 3") as error:
        paint(dots(), broken_at(3, value), strokes=2, steps=6, checkpoint=checkpoint, **QUIET)
    assert error.value.step == 3
    kept = error.value.painting
    assert len(kept.losses) == 3
    # the canvas that was last found good is the one that step 2 scored
    assert torch.equal(kept.actions, paint(dots(), broken_at(9), strokes=2, steps=2, **QUIET).actions)
    assert kept.canvas.mean().item() == pytest.approx(kept.losses[-1], abs=1e-6)
    resumed = paint(dots(), broken_at(9), strokes=2, steps=6, checkpoint=checkpoint, resume=True, **QUIET)
    assert resumed.losses[:3] == kept.losses
    assert len(resumed.losses) == 6


def test_an_objective_broken_from_the_start_leaves_the_initial_strokes(dots, broken_at, unused):
    with pytest.raises(NotFiniteError, match="step 0") as error:
        paint(dots(), broken_at(0), strokes=2, steps=6, **QUIET)
    assert torch.equal(error.value.painting.actions, paint(dots(), unused, strokes=2, steps=0, **QUIET).actions)


def test_a_gradient_is_named(dots):
    with pytest.raises(NotFiniteError, match="the gradient is not finite at step 0"):
        paint(dots(), Steep(), strokes=2, steps=6, **QUIET)


def test_a_canvas_is_named_and_loses_nothing(brittle, dark):
    actions = torch.full((1, 2, 7), 0.5)
    with pytest.raises(NotFiniteError, match="the canvas is not finite at step") as error:
        paint(brittle, dark, actions=actions, steps=100, **QUIET)
    assert 0 < error.value.step < 100
    assert error.value.painting.canvas.isfinite().all()
    assert error.value.painting.canvas.mean() < brittle(actions).mean()


def test_a_painting_that_is_returned_is_finite(brittle, dark):
    actions = torch.full((1, 2, 7), 0.5)
    with pytest.raises(NotFiniteError) as error:
        paint(brittle, dark, actions=actions, steps=100, **QUIET)
    steps = error.value.step  # so many steps are good, and the strokes after the last of them are not
    with pytest.raises(NotFiniteError) as error:
        paint(brittle, dark, actions=actions, steps=steps, **QUIET)
    assert error.value.painting.canvas.isfinite().all()
