"""What recipes share: settings, learning rates, figures, and a critic."""

import math

import pytest
import torch
from torch import nn

from diffpaint.training import TrainingSettings, warmup_cosine, wgan
from diffpaint.training.folder import Log


def test_the_learning_rate_rises_and_falls_to_zero():
    rates = [warmup_cosine(step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert 0.9 < max(rates) <= 1
    assert rates.index(max(rates)) == 99
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert rates[-1] < 1e-5


def test_the_log_shows_means_of_late(tmp_path):
    rows = [{"mse": 1.0, "apart": 9.0}] * 50 + [{"mse": 0.01, "apart": 0.25}] * 200
    log = Log(rows)
    assert log.recent() == {"psnr": "20.00 dB", "apart": "0.25"}
    log.write(tmp_path / "losses.csv")
    lines = (tmp_path / "losses.csv").read_text().splitlines()
    assert (len(lines), lines[0], lines[1], lines[-1]) == (251, "step,mse,apart", "0,1,9", "249,0.01,0.25")


@pytest.mark.parametrize("field", ["steps", "batch", "lr"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_settings_out_of_range_are_refused(settings, field, value):
    for make in (TrainingSettings, settings):
        with pytest.raises(ValueError, match=f"{field} must be above 0 and finite"):
            make(**{field: value})


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seed": -1}, "seed must be at least 0 and finite, got -1"),
        ({"seed": 2**64}, r"seed must be below 2\*\*64"),
        ({"shake": -0.5}, "shake must be at least 0 and finite, got -0.5"),
        ({"shake": math.nan}, "shake must be at least 0 and finite, got nan"),
    ],
)
def test_settings_of_a_recipe_are_checked_too(settings, changed, named):
    with pytest.raises(ValueError, match=named):
        settings(**changed)


def test_a_critic_comes_late_and_is_followed_later():
    stages = wgan.Stages(600, 1000, 0.02)
    assert [stages.judged(number) for number in (0, 599, 600, 999)] == [False, False, True, True]
    assert [stages.followed(number) for number in (599, 600, 679, 680, 999)] == [False, False, False, True, True]
    long = wgan.Stages(1000, 10_000, 0.02)
    assert [long.followed(number) for number in (1299, 1300)] == [False, True]  # it knows something by then
    rates = [stages.rate(number) for number in range(1000)]
    assert max(rates[:600]) == pytest.approx(0.02, rel=0.1)
    assert max(rates[600:]) == pytest.approx(0.002, rel=0.2)
    for stage in (rates[:600], rates[600:]):
        assert stage[-1] < 1e-3 * max(stage)
        assert stage[0] < 0.02 * max(stage)


def test_without_a_first_stage_there_is_always_a_critic():
    stages = wgan.Stages(0, 100, 0.02)
    assert stages.judged(0)
    assert not stages.followed(0)
    assert stages.followed(20)


@pytest.mark.parametrize(("scale", "steepness"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0)])
def test_a_critics_loss_is_distance_and_slope(rand, scale, steepness):
    """Of one that is linear, both are known exactly."""
    direction = torch.zeros(1, 2, 2)
    direction[0, 0, 0] = 1.0

    def critic(shown):
        return scale * (shown * direction).flatten(1).sum(1)

    real, painted = rand(5, 1, 2, 2), rand(5, 1, 2, 2)
    loss, distance, penalty = wgan.critic_loss(critic, real, painted)
    assert distance.item() == pytest.approx(critic(real).mean().item() - critic(painted).mean().item())
    assert penalty.item() == pytest.approx(steepness, abs=1e-6)
    assert loss.item() == pytest.approx(wgan.PENALTY * steepness - distance.item(), abs=1e-5)


def test_the_penalty_has_a_gradient(rand):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    _, _, penalty = wgan.critic_loss(critic, rand(6, 1, 2, 2), rand(6, 1, 2, 2))
    gradients = torch.autograd.grad(penalty, [critic[1].weight, critic[3].weight])
    assert all(gradient.isfinite().all() and gradient.abs().sum() > 0 for gradient in gradients)
