import random
import shutil
import signal
import threading

import numpy as np
import pytest
import torch

from diffpaint import NotFiniteError, Objective, Pixel, paint

TARGET = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(7))
QUIET = {"device": "cpu", "progress": False}


class Shaken(Objective):
    """Difference to a target, with noise from every global generator."""

    def __init__(self):
        super().__init__()
        self.drawn = []

    def forward(self, canvas):
        shift, scale = int(np.random.randint(-3, 4)), 0.5 + random.random()
        noise = torch.randn(canvas.shape)
        self.drawn.append((shift, scale, noise.sum().item()))
        return scale * (canvas + 0.1 * noise - TARGET).roll(shift, 3).square().mean()


class BrokenAt(Objective):
    """Mean lightness, times a number that is not finite from the call of that number on."""

    def __init__(self, call, value=float("nan")):
        super().__init__()
        self.call, self.value, self.calls = call, value, 0

    def forward(self, canvas):
        self.calls += 1
        return canvas.mean() * (self.value if self.calls > self.call else 1.0)


class Steep(Objective):
    """Finite, but not its gradient."""

    def forward(self, canvas):
        return (canvas - canvas.detach()).abs().sqrt().mean()


class Unused(Objective):
    """Fails the test if the optimisation gets as far as to score a canvas."""

    def forward(self, canvas):
        pytest.fail("the first step was made")


def interrupt_at(step):
    def callback(number, canvas, loss):
        if number == step:
            signal.raise_signal(signal.SIGINT)

    return callback


def assert_equal(one, other):
    assert torch.equal(one.actions, other.actions)
    assert torch.equal(one.canvas, other.canvas)
    assert one.losses == other.losses


def test_lowers_the_objective_and_returns_what_it_painted(dots):
    renderer = dots()
    painting = paint(renderer, Pixel(TARGET), strokes=4, batch=2, steps=20, seed=3, **QUIET)
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


def test_no_steps_give_the_initial_strokes(dots):
    painting = paint(dots(), Unused(), strokes=4, steps=0, seed=5, **QUIET)
    initial = dots().initial(1, 4, torch.Generator().manual_seed(5))
    torch.testing.assert_close(painting.actions, initial, atol=1e-6, rtol=0)
    assert painting.losses == []


def test_the_same_seed_gives_the_same_painting(dots):
    first, again, other = (paint(dots(), Shaken(), strokes=4, steps=5, seed=seed, **QUIET) for seed in (1, 1, 2))
    assert_equal(first, again)
    assert not torch.equal(first.actions, other.actions)


def test_every_step_draws_other_random_numbers(dots):
    shaken = Shaken()
    paint(dots(), shaken, strokes=2, steps=5, **QUIET)
    assert len({noise for _, _, noise in shaken.drawn}) == 5
    assert len({scale for _, scale, _ in shaken.drawn}) == 5


def test_the_callers_random_state_is_left_alone(dots):
    def state():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    before = state()
    paint(dots(), Shaken(), strokes=2, steps=2, **QUIET)
    assert state() == before
    with pytest.raises(NotFiniteError):
        paint(dots(), BrokenAt(1), strokes=2, steps=3, **QUIET)
    assert state() == before


def test_starts_from_given_actions(dots, rand):
    actions = 0.1 + 0.8 * rand(2, 3, 7)
    painting = paint(dots(), Unused(), actions=actions, steps=0, **QUIET)
    torch.testing.assert_close(painting.actions, actions, atol=1e-6, rtol=0)


def test_actions_of_0_and_1_can_still_move(dots):
    actions = torch.zeros(1, 2, 7)
    actions[:, :, :2] = 1.0
    before = actions.clone()
    painting = paint(dots(), Pixel(TARGET), actions=actions, steps=10, **QUIET)
    assert torch.equal(actions, before)
    nearest = actions.clamp(0.001, 0.999)
    assert ((painting.actions - nearest).abs() > 2e-4).all()


def test_paints_on_the_background(dots):
    background = (0.25, 0.5, 1.0)
    actions = torch.zeros(1, 1, 7)  # next to no pressure
    painting = paint(dots(), Unused(), actions=actions, steps=0, background=background, **QUIET)
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


def test_a_resumed_painting_equals_one_made_at_once(dots, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    whole = paint(dots(), Shaken(), strokes=4, steps=9, **QUIET)
    paint(dots(), Shaken(), strokes=4, steps=4, checkpoint=checkpoint, **QUIET)
    resumed = paint(dots(), Shaken(), strokes=4, steps=9, checkpoint=checkpoint, resume=True, **QUIET)
    assert_equal(resumed, whole)
    assert list(tmp_path.iterdir()) == [checkpoint]


def test_resuming_a_finished_painting_gives_it_back(dots, tmp_path):
    settings = {"strokes": 2, "checkpoint": tmp_path / "state.ckpt", **QUIET}
    finished = paint(dots(), Shaken(), steps=3, **settings)
    assert_equal(paint(dots(), Unused(), steps=3, resume=True, **settings), finished)
    assert_equal(paint(dots(), Unused(), steps=1, resume=True, **settings), finished)


def test_a_checkpoint_that_cannot_be_written_loses_no_painting(dots, dark, tmp_path, capsys):
    (folder := tmp_path / "full").mkdir()
    settings = {"strokes": 2, "steps": 3, "checkpoint_every": 1, "checkpoint": folder / "state.ckpt", **QUIET}
    painting = paint(dots(), dark, callback=lambda *_: shutil.rmtree(folder, ignore_errors=True), **settings)
    assert len(painting.losses) == 3
    assert "no checkpoint of step 2" in capsys.readouterr().err


def test_checkpoints_are_written_along_the_way(dots, dark, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    lengths = []

    def callback(number, canvas, loss):
        lengths.append(len(torch.load(checkpoint, weights_only=True)["losses"]) if checkpoint.exists() else 0)

    paint(dots(), dark, strokes=2, steps=6, checkpoint=checkpoint, checkpoint_every=2, callback=callback, **QUIET)
    assert lengths == [0, 0, 2, 2, 4, 4]
    assert len(torch.load(checkpoint, weights_only=True)["losses"]) == 6


def test_ctrl_c_keeps_the_painting_so_far(dots, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    settings = {"strokes": 4, "steps": 8, **QUIET}
    whole = paint(dots(), Shaken(), **settings)
    stopped = paint(dots(), Shaken(), checkpoint=checkpoint, callback=interrupt_at(2), **settings)
    assert stopped.interrupted
    assert stopped.losses == whole.losses[:3]
    assert_equal(stopped, paint(dots(), Shaken(), **{**settings, "steps": 3}))
    resumed = paint(dots(), Shaken(), checkpoint=checkpoint, resume=True, **settings)
    assert not resumed.interrupted
    assert_equal(resumed, whole)


def test_ctrl_c_in_the_last_step_interrupts_nothing(dots, dark):
    painting = paint(dots(), dark, strokes=2, steps=3, callback=interrupt_at(2), **QUIET)
    assert len(painting.losses) == 3
    assert not painting.interrupted


def test_a_second_ctrl_c_stops_at_once(dots, dark):
    before = signal.getsignal(signal.SIGINT)

    def callback(number, canvas, loss):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        paint(dots(), dark, strokes=2, steps=3, callback=callback, **QUIET)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_is_given_back_afterwards(dots, dark):
    before = signal.getsignal(signal.SIGINT)
    paint(dots(), dark, strokes=2, steps=2, callback=interrupt_at(0), **QUIET)
    assert signal.getsignal(signal.SIGINT) is before


def test_paints_in_a_thread(dots):
    paintings = []
    thread = threading.Thread(
        target=lambda: paintings.append(paint(dots(), Pixel(TARGET), strokes=2, steps=2, **QUIET))
    )
    thread.start()
    thread.join()
    assert_equal(paintings[0], paint(dots(), Pixel(TARGET), strokes=2, steps=2, **QUIET))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_named_and_loses_nothing(dots, tmp_path, value):
    checkpoint = tmp_path / "state.ckpt"
    with pytest.raises(NotFiniteError, match="the loss is not finite at step 3") as error:
        paint(dots(), BrokenAt(3, value), strokes=2, steps=6, checkpoint=checkpoint, **QUIET)
    assert error.value.step == 3
    kept = error.value.painting
    assert len(kept.losses) == 3
    # the canvas that was last found good is the one that step 2 scored
    assert torch.equal(kept.actions, paint(dots(), BrokenAt(9), strokes=2, steps=2, **QUIET).actions)
    assert kept.canvas.mean().item() == pytest.approx(kept.losses[-1], abs=1e-6)
    resumed = paint(dots(), BrokenAt(9), strokes=2, steps=6, checkpoint=checkpoint, resume=True, **QUIET)
    assert resumed.losses[:3] == kept.losses
    assert len(resumed.losses) == 6


def test_an_objective_broken_from_the_start_leaves_the_initial_strokes(dots):
    with pytest.raises(NotFiniteError, match="step 0") as error:
        paint(dots(), BrokenAt(0), strokes=2, steps=6, **QUIET)
    assert torch.equal(error.value.painting.actions, paint(dots(), Unused(), strokes=2, steps=0, **QUIET).actions)


def test_a_gradient_that_is_not_finite_is_named(dots):
    with pytest.raises(NotFiniteError, match="the gradient is not finite at step 0"):
        paint(dots(), Steep(), strokes=2, steps=6, **QUIET)


@pytest.fixture
def brittle(dots):
    class Brittle(dots):
        """Breaks once a stroke is pressed hard."""

        def stroke(self, actions):
            color, alpha = super().stroke(actions)
            return color, torch.where(actions[:, :1, None, None] > 0.7, float("nan"), 1.0) * alpha

    return Brittle()


def test_a_canvas_that_is_not_finite_is_named_and_loses_nothing(brittle, dark):
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
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"background": (1.0, 1.0)}, "background"),
        ({"background": (1.0, 1.0, 1.5)}, "background"),
        ({"background": (1.0, 1.0, float("nan"))}, "background"),
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
def test_bad_arguments_are_refused_before_the_first_step(dots, options, said):
    with pytest.raises(ValueError, match=said):
        paint(dots(), Unused(), **{"strokes": 2, "steps": 2, **QUIET, **options})


@pytest.mark.parametrize("place", ["missing/state.ckpt", ""])
def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_first_step(dots, tmp_path, place):
    with pytest.raises(ValueError, match="folder"):
        paint(dots(), Unused(), strokes=2, steps=2, checkpoint=tmp_path / place, **QUIET)


@pytest.fixture
def checkpoint(dots, dark, tmp_path):
    path = tmp_path / "state.ckpt"
    paint(dots(), dark, strokes=2, steps=2, checkpoint=path, **QUIET)
    return path


def resume(renderer, checkpoint, **options):
    return paint(
        renderer, Unused(), **{"strokes": 2, "steps": 4, "checkpoint": checkpoint, "resume": True, **QUIET, **options}
    )


def test_a_missing_checkpoint_is_named(dots, tmp_path):
    with pytest.raises(ValueError, match=r"no checkpoint .*gone\.ckpt"):
        resume(dots(), tmp_path / "gone.ckpt")


@pytest.mark.parametrize("damage", ["empty", "text", "cut short", "bytes changed", "of something else"])
def test_a_damaged_checkpoint_is_refused(dots, checkpoint, damage):
    good = checkpoint.read_bytes()
    if damage == "of something else":
        torch.save([1, 2, 3], checkpoint)
    else:
        changed = good[:200] + bytes(255 - byte for byte in good[200:])
        checkpoint.write_bytes(
            {"empty": b"", "text": b"not a checkpoint", "cut short": good[:-300], "bytes changed": changed}[damage]
        )
    with pytest.raises(ValueError, match="damaged"):
        resume(dots(), checkpoint)


@pytest.mark.parametrize("part", ["version", "settings", "logits", "optimizer", "losses"])
def test_a_checkpoint_that_lacks_a_part_is_refused(dots, checkpoint, part):
    state = torch.load(checkpoint, weights_only=True)
    del state[part]
    torch.save(state, checkpoint)
    with pytest.raises(ValueError, match="damaged"):
        resume(dots(), checkpoint)


def test_a_checkpoint_without_a_setting_is_refused(dots, checkpoint):
    state = torch.load(checkpoint, weights_only=True)
    del state["settings"]["lr"]
    torch.save(state, checkpoint)
    with pytest.raises(ValueError, match=r"state\.ckpt"):
        resume(dots(), checkpoint)


def test_a_checkpoint_never_runs_code(dots, tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    torch.save(Code(), tmp_path / "state.ckpt")
    with pytest.raises(ValueError, match="damaged"):
        resume(dots(), tmp_path / "state.ckpt")
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_version_is_refused(dots, checkpoint):
    state = torch.load(checkpoint, weights_only=True)
    torch.save({**state, "version": 99}, checkpoint)
    with pytest.raises(ValueError, match="version 99"):
        resume(dots(), checkpoint)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lr": 0.2}, "lr was 0.1, now 0.2"),
        ({"seed": 1}, "seed was 0, now 1"),
        ({"strokes": 3}, r"actions was \[1, 2, 7\], now \[1, 3, 7\]"),
        ({"batch": 2}, r"actions was \[1, 2, 7\], now \[2, 2, 7\]"),
        ({"background": (0.0, 0.0, 0.0)}, "background was"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(dots, checkpoint, options, said):
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match=said):
        resume(dots(), checkpoint, **options)
    assert checkpoint.read_bytes() == before


def test_a_checkpoint_of_another_renderer_is_refused(dots, checkpoint):
    class Spots(dots):
        pass

    with pytest.raises(ValueError, match="renderer was Dots"):
        resume(Spots(), checkpoint)
    with pytest.raises(ValueError, match=r"size was \[16, 20\], now \[16, 24\]"):
        resume(dots((16, 24)), checkpoint)
