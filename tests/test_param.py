import random

import numpy as np
import pytest
import torch

import diffpaint
from diffpaint import param_f
from diffpaint_lucent import load_model  # before lucent: it silences what kornia warns of when it is imported

# isort: split
from lucent.optvis import objectives, render

PANDA = "labels:388"


@pytest.fixture(scope="module")
def network():
    return load_model("efficientnet-lite0").network


@pytest.fixture
def splat():
    return diffpaint.load_renderer("neural-splat", size=(48, 48))


@pytest.fixture
def grid():
    return diffpaint.load_renderer("grid", rows=2, cols=3, size=(32, 48))


class Watched:
    """An objective of lucent's that remembers its values."""

    def __init__(self, objective):
        self.objective, self.losses = objectives.as_objective(objective), []

    def __call__(self, hook):
        loss = self.objective(hook)
        self.losses.append(loss.item())
        return loss


def visualise(network, make, objective=PANDA, steps=4, **options):
    """Run lucent's own render_vis, unshaken unless told otherwise; its losses and pictures."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    watched = Watched(objective)
    options = {"transforms": [], **options}
    pictures = render.render_vis(
        network, watched, make, thresholds=(1, steps), show_image=False, progress=False, **options
    )
    return watched.losses, pictures


def test_labels_are_the_networks_classes(network):
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    hook = render.hook_model(network, lambda: picture)
    with torch.no_grad():
        classes = network(picture)
        assert torch.equal(hook("labels"), classes)
    assert classes.shape == (1, 1000)


def test_lucent_paints_with_a_painter(network, splat):
    losses, pictures = visualise(network, param_f(splat, strokes=4, seed=0, device="cpu"))
    assert losses[-1] < losses[0]
    assert pictures[0].shape == (1, 48, 48, 3)
    assert not np.array_equal(pictures[0], pictures[-1])


def test_lucent_paints_with_the_grid(network, grid):
    losses, pictures = visualise(network, param_f(grid, strokes=2, seed=0, device="cpu"))
    assert losses[-1] < losses[0]
    assert pictures[0].shape == (1, 32, 48, 3)


def test_lucent_paints_a_batch(network, splat):
    make = param_f(splat, strokes=4, batch=2, seed=0, device="cpu")
    losses, pictures = visualise(network, make)
    assert losses[-1] < losses[0]
    assert pictures[-1].shape == (2, 48, 48, 3)
    assert not np.array_equal(pictures[-1][0], pictures[-1][1])


def test_lucent_compares_the_canvases_of_a_batch(network, splat):
    both = objectives.as_objective(PANDA) - 1e2 * objectives.diversity("_blocks_4")
    losses, _ = visualise(network, param_f(splat, strokes=4, batch=2, seed=0, device="cpu"), both)
    assert losses[-1] < losses[0]


def test_lucent_shakes_the_canvas(network, splat):
    make = param_f(splat, strokes=4, seed=0, device="cpu")
    losses, pictures = visualise(network, make, steps=2, transforms=None)
    again = visualise(network, make, steps=2, transforms=None)
    plain = visualise(network, make, steps=2)
    assert np.isfinite(losses).all()
    assert losses == again[0]
    assert losses != plain[0]
    assert all(np.array_equal(one, other) for one, other in zip(pictures, again[1], strict=True))


def test_a_seed_gives_the_same_strokes_and_leaves_the_global_generator_alone(splat):
    before = torch.get_rng_state()
    make = param_f(splat, strokes=4, seed=1, device="cpu")
    ((first,), _), ((again,), _) = make(), make()
    ((other,), _) = param_f(splat, strokes=4, seed=2, device="cpu")()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_seed_the_global_generator_is_used(splat):
    make = param_f(splat, strokes=4, device="cpu")
    ((first,), _), ((second,), _) = make(), make()
    assert not torch.equal(first, second)
    torch.manual_seed(5)
    ((third,), _) = make()
    torch.manual_seed(5)
    ((fourth,), _) = make()
    assert torch.equal(third, fourth)


def test_gives_logits_and_a_canvas(grid):
    (logits,), image_f = param_f(grid, strokes=2, batch=3, seed=0, device="cpu")()
    assert logits.shape == (3, 2 * grid.cells, 12)
    assert logits.is_leaf
    assert logits.requires_grad
    assert torch.equal(image_f(), grid(logits.sigmoid()))
    initial = grid.initial(3, 2, torch.Generator().manual_seed(0))
    torch.testing.assert_close(logits.detach().sigmoid(), initial, atol=1e-6, rtol=0)
    image_f().mean().backward()
    assert logits.grad.abs().sum() > 0


@pytest.mark.parametrize("options", [{"strokes": 0}, {"batch": 0}, {"strokes": -1}])
def test_too_few_are_refused(splat, options):
    with pytest.raises(ValueError, match="strokes and batch must be at least 1"):
        param_f(splat, **options)


def test_a_device_that_is_not_there_is_named(splat):
    with pytest.raises(ValueError, match="abacus"):
        param_f(splat, device="abacus")
