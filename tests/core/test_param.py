import random

import numpy as np
import pytest
import torch

import diffpaint
from diffpaint import Painting, StrokeRenderer, param_f
from diffpaint.backward import recomputed
from diffpaint_constraints import Limit
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


def test_what_was_painted_is_a_painting(network, splat, tmp_path):
    make = param_f(splat, strokes=4, seed=3, device="cpu", background=(0.2, 0.4, 0.6))
    with pytest.raises(ValueError, match="nothing is painted yet"):
        _ = make.painting
    _, pictures = visualise(network, make)
    painting = make.painting
    assert painting.seed == 3
    assert painting.renderer is splat
    assert painting.background[0, :, 0, 0].tolist() == pytest.approx([0.2, 0.4, 0.6])
    shown = torch.from_numpy(pictures[-1]).permute(0, 3, 1, 2)
    torch.testing.assert_close(painting.canvas, shown, atol=0.05, rtol=0)  # which is one step behind
    assert torch.equal(painting.canvas, splat(painting.actions, painting.background))
    painting.save(tmp_path / "panda.json")
    torch.testing.assert_close(Painting.load(tmp_path / "panda.json").canvas, painting.canvas, atol=1e-5, rtol=0)


def test_a_painting_obeys_the_constraints(splat):
    make = param_f(splat, strokes=4, batch=2, seed=0, device="cpu", constraints=[Limit("size", 0.2, 0.4)])
    make()
    assert make.painting.actions.shape == (2, 4, 12)
    sizes = make.painting.actions[..., 2]
    assert 0.2 <= sizes.min() < sizes.max() <= 0.4


def test_a_renderer_may_be_named():
    (logits,), image_f = param_f("neural-splat(size=(16, 20))", strokes=3, seed=0, device="cpu")()
    assert logits.shape == (1, 3, 12)
    assert image_f().shape == (1, 3, 16, 20)


@pytest.mark.parametrize(("steps", "wanted"), [(4, [0, 0, 0.25, 0.5]), (0, [1, 1, 1, 1]), (2, [0, 0, 0.5, 1])])
def test_progress_goes_on_with_the_optimiser(dots, steps, wanted):
    """However often the canvas is asked for between two steps."""
    seen = []

    class Watched(dots):
        def forward(self, actions, canvas=None):
            seen.append(self.moment.progress)
            return super().forward(actions, canvas)

    (logits,), image_f = param_f(Watched(), strokes=2, seed=0, device="cpu", steps=steps)()
    optimizer = torch.optim.Adam([logits], lr=0.1)
    image_f()
    for _ in range(3):
        image_f().mean().backward()
        optimizer.step()
    assert seen == wanted


def test_it_begins_anew_every_time(splat):
    make = param_f(splat, strokes=2, seed=0, device="cpu")
    (logits,), _ = make()
    with torch.no_grad():
        logits += 1
    (again,), _ = make()
    torch.testing.assert_close(again, logits - 1)
    torch.testing.assert_close(make.painting.actions, again.detach().sigmoid())


@pytest.mark.parametrize("background", [(1.0, 1.0), (1.0, 1.0, 2.0), "white", torch.ones(3, 4, 5)])
def test_a_background_that_is_none_is_refused(splat, background):
    with pytest.raises(ValueError, match="background"):
        param_f(splat, background=background, device="cpu")


def test_what_is_rendered_again_for_its_gradient_is_of_the_same_moment(dots):
    class Fading(dots):
        """Lighter at first; one that keeps all for backward, and one that renders again."""

        def __init__(self, again):
            super().__init__()
            self.again = again

        def forward(self, actions, canvas=None):
            def fade(actions):
                return StrokeRenderer.forward(self, actions) * (0.5 + 0.5 * self.moment.progress)

            return recomputed(fade, actions) if self.again else fade(actions)

    gradients = []
    for again in (False, True):
        (logits,), image_f = param_f(Fading(again), strokes=2, seed=0, device="cpu", steps=10)()
        image_f().mean().backward()
        gradients.append(logits.grad)
    torch.testing.assert_close(*gradients)
