"""What the recipes of training follow: the energy score of patches, settings, and a sheet on the way."""

import math

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch.nn import functional

from diffpaint.registry import load
from diffpaint_mypaint import read_manifest, read_shard
from diffpaint_neural.training.dabs import patch_distance
from diffpaint_neural.training.settings import DabsSettings, GANSettings, SplatSettings, VAESettings


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def grain(generator, count=48, inked=0.5):
    """Strokes as an engine of dots draws them: a disc, of which another half is inked each time."""
    pixel = torch.arange(64) + 0.5 - 32
    disc = pixel.square() + pixel[:, None].square() < 20**2
    return disc * (torch.rand(count, 64, 64, generator=generator) < inked)


def score(painted, other, real):
    """The energy score of :mod:`diffpaint_neural.training.dabs`: least where painted is distributed as real."""
    return (patch_distance(painted, real) - 0.5 * patch_distance(painted, other)).item()


def test_a_distance_of_patches_is_zero_for_equal_strokes_and_grows(generator):
    one, other = grain(generator).float(), grain(generator).float()
    assert patch_distance(one, one).item() == pytest.approx(0, abs=2e-3)
    assert patch_distance(one, other).item() == pytest.approx(patch_distance(other, one).item())
    near, far = (patch_distance(one, one + share * (other - one)) for share in (0.1, 0.5))
    assert 2e-3 < near < far < patch_distance(one, other)


def test_a_distance_of_patches_has_a_gradient_where_strokes_are_equal(generator):
    one = grain(generator).float().requires_grad_()
    patch_distance(one, one.detach()).backward()
    assert one.grad.isfinite().all()


def test_the_score_is_least_for_strokes_distributed_as_the_engines(generator):
    real, painted, other = (grain(generator).float() for _ in range(3))
    true = score(painted, other, real)
    mean = real.mean(0, keepdim=True).expand_as(real)
    wrong = {
        "the mean": score(mean, mean, real),
        "always the same one": score(painted[:1].expand_as(real), painted[:1].expand_as(real), real),
        "moved": score(painted.roll(4, 2), other.roll(4, 2), real),
        "paler": score(0.7 * painted, 0.7 * other, real),
        "sparse": score(grain(generator, inked=0.3).float(), grain(generator, inked=0.3).float(), real),
        "smooth": score(*(functional.avg_pool2d(strokes, 3, 1, 1) for strokes in (painted, other)), real),
        "too coarse": score(*(_coarse(strokes) for strokes in (painted, other)), real),
    }
    assert {name: value for name, value in wrong.items() if value < true + 0.005} == {}


def _coarse(strokes):
    """Grain of dots twice as large."""
    return strokes[:, ::2, ::2].repeat_interleave(2, 1).repeat_interleave(2, 2).roll((0, 0), (1, 2))


@pytest.mark.usefixtures("engine")
def test_a_step_of_dabs_follows_the_score(data):
    torch.manual_seed(0)
    recipe = _recipe("dabs", data, DabsSettings(steps=200, batch=16, lr=0.2))
    actions, alpha = _strokes(data, 16)
    scores = [recipe.step(number, (actions, alpha))["score"].item() for number in range(20)]
    assert np.mean(scores[-4:]) < np.mean(scores[:4])


@pytest.mark.usefixtures("engine")
def test_a_step_of_the_critic_is_none_of_the_generators(data):
    """The critic learns before the generator does: as many times as the settings say, on strokes of its own."""
    settings = GANSettings(steps=4, batch=8, mean_steps=1, critic_steps=3)
    recipe = _recipe("gan", data, settings)
    assert [recipe.batches(number) for number in range(3)] == [1, 4, 4]
    actions, alpha = _strokes(data, 32)
    critic, generator = ([p.clone() for p in part.parameters()] for part in (recipe.critic, recipe.network))
    figures = recipe.step(0, (actions[:8], alpha[:8]))
    assert figures["distance"] == figures["penalty"] == 0
    assert _moved(recipe.network, generator)
    assert not _moved(recipe.critic, critic)
    generator = [p.clone() for p in recipe.network.parameters()]
    assert recipe.step(1, (actions, alpha))["penalty"] > 0
    assert _moved(recipe.network, generator)
    assert _moved(recipe.critic, critic)
    steps = {name: {state["step"].item() for state in o.state.values()} for name, o in recipe.optimizers.items()}
    assert steps == {"mean": {1}, "critic": {3}, "generator": {1}}


@pytest.mark.usefixtures("engine")
def test_the_vae_learns_a_code_and_then_the_way_to_it(data):
    recipe = _recipe("vae", data, VAESettings(steps=4, batch=8, predictor_steps=2))
    actions, alpha = _strokes(data, 8)
    parts = {"encoder": recipe.encoder, "decoder": recipe.network.decoder, "predictor": recipe.network.predictor}
    for number, learning in ((1, {"encoder", "decoder"}), (2, {"predictor"})):
        before = {name: [p.clone() for p in part.parameters()] for name, part in parts.items()}
        recipe.step(number, (actions, alpha))
        assert {name for name, part in parts.items() if _moved(part, before[name])} == learning


@pytest.mark.usefixtures("engine")
def test_the_vae_shows_its_autoencoder_until_its_predictor_learns(data):
    recipe = _recipe("vae", data, VAESettings(steps=2, batch=8, predictor_steps=1))
    actions, alpha = _strokes(data, 8)
    assert not torch.equal(recipe.show(actions, alpha), recipe.show(actions, 1 - alpha))
    assert torch.equal(recipe.show(actions, alpha), recipe.show(1 - actions, alpha))
    recipe.step(1, (actions, alpha))
    assert torch.equal(recipe.show(actions, alpha), recipe.paint(actions))


@pytest.mark.parametrize("kind", ["dabs", "gan"])
@pytest.mark.usefixtures("engine")
def test_noisy_painters_paint_a_sheet_with_the_same_noise_every_time(data, kind):
    settings = GANSettings(steps=2, mean_steps=1, noise=2) if kind == "gan" else DabsSettings(steps=2)
    recipe, (actions, _) = _recipe(kind, data, settings), _strokes(data, 4)
    first = recipe.paint(actions)
    torch.rand(1)
    assert torch.equal(recipe.paint(actions), first)
    assert recipe.network.training  # as it was


@pytest.mark.parametrize("make", [SplatSettings, DabsSettings, VAESettings, GANSettings])
@pytest.mark.parametrize("field", ["steps", "batch", "lr"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_settings_out_of_range_are_refused(make, field, value):
    with pytest.raises(ValueError, match=f"{field} must be above 0 and finite"):
        make(**{field: value})


@pytest.mark.parametrize(
    ("make", "settings", "named"),
    [
        (SplatSettings, {"seed": -1}, "seed must be at least 0 and finite, got -1"),
        (VAESettings, {"image": -0.5}, "image must be at least 0 and finite, got -0.5"),
        (VAESettings, {"image": math.nan}, "image must be at least 0 and finite, got nan"),
        (VAESettings, {"steps": 9, "predictor_steps": 9}, "predictor_steps must leave some of the 9 steps"),
        (VAESettings, {"predictor_steps": 0}, "predictor_steps must leave some"),
        (GANSettings, {"steps": 9, "mean_steps": 9}, "mean_steps must leave some of the 9 steps to the critic, got 9"),
        (GANSettings, {"critic_steps": 0}, "critic_steps must be at least 1, got 0"),
        (GANSettings, {"noise": -1}, "noise must be at least 0 and finite, got -1"),
        (GANSettings, {"mse": math.nan}, "mse must be at least 0 and finite, got nan"),
        (GANSettings, {"mean_steps": -1}, "mean_steps must be at least 0 and finite, got -1"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(make, settings, named):
    with pytest.raises(ValueError, match=named):
        make(**settings)


def _recipe(kind, data, settings):
    recipe = load("recipes", kind)(read_manifest(data), settings)
    recipe.accelerator = Accelerator(cpu=True)
    return recipe


def _strokes(data, count):
    actions, alpha = read_shard(data, 0)
    return torch.from_numpy(actions[:count]), torch.from_numpy(alpha[:count]).float() / 255


def _moved(network, before):
    return any(not torch.equal(now, was) for now, was in zip(network.parameters(), before, strict=True))
