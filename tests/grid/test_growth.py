"""Growth: strokes where the gradient asks for them."""

import pytest
import torch

from diffpaint import Moment, Objective, Pixel, load_renderer, load_strategy, paint
from diffpaint.compositing import worth
from diffpaint_grid import Growth

BACKGROUND = (0.85, 0.82, 0.76)


@pytest.fixture
def scattered():
    return load_renderer("scatter", size=(48, 72), coarse=True)


class Spot(Objective):
    """Wants black in one place, and nothing elsewhere: no picture to compare with."""

    def forward(self, canvas):
        return canvas[..., 8:24, 48:64].mean()


def grown(renderer, strategy, steps=40, objective=None, **options):
    first = renderer.initial(options.pop("batch", 1), strategy.first, torch.Generator().manual_seed(0))
    objective = objective or Spot()
    settings = {"background": BACKGROUND, "device": "cpu", "progress": False, "steps": steps, **options}
    return paint(renderer, objective, actions=first, strategy=strategy, **settings)


def test_it_ends_with_as_many_strokes_as_were_asked_for(scattered):
    for strokes in (1, 7, 40):
        assert grown(scattered, Growth(strokes)).actions.shape[1] == strokes


def test_strokes_begin_where_the_gradient_is(scattered):
    ground = torch.tensor(BACKGROUND)[None, :, None, None].expand(1, 3, 48, 72).contiguous()
    canvas = ground.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(Spot()(canvas), canvas)
    actions = scattered.initial(1, 10, torch.Generator().manual_seed(0))
    change = Growth(40)(Moment(39, 100, actions, scattered, ground), ground, gradient)
    new = change.actions[0, change.kept[0] < 0]
    assert len(new) > 3
    places = new[:, -3:-1] * torch.tensor([72, 48])
    assert (places - torch.tensor([56.0, 16.0])).abs().max() < 16
    with torch.no_grad():
        assert Spot()(scattered(new[None], ground)) < 0.8 * Spot()(ground)


def test_none_begins_where_there_is_no_focus(scattered):
    ground = torch.full((1, 3, 48, 72), 0.8)
    actions = scattered.initial(1, 10, torch.Generator().manual_seed(0))
    left = torch.zeros(1, 3, 48, 72)
    left[..., :36] = 1
    strategy = Growth(40, focus=left)
    change = strategy(Moment(59, 100, actions, scattered, ground), ground, torch.ones_like(ground))
    assert (change.actions[0, change.kept[0] < 0, -3] <= 0.5).all()
    assert repr(strategy) != repr(Growth(40, focus=left.flip(3))) != repr(Growth(40))


def test_what_is_missed_least_is_moved(scattered):
    """Covered or far from what is asked for: worth less than what stays."""
    ground = torch.full((1, 3, 48, 72), 0.8)
    actions = scattered.initial(1, 20, torch.Generator().manual_seed(1))
    with torch.no_grad():
        canvas = scattered(actions, ground)
    canvas.requires_grad_(True)
    (gradient,) = torch.autograd.grad(Spot()(canvas), canvas)
    value = worth(scattered.stacks(actions), ground, gradient, 0.0)[0]
    change = Growth(20)(Moment(64, 100, actions, scattered, ground), canvas.detach(), gradient)
    stays = sorted(index for index in change.kept[0].tolist() if index >= 0)
    gone = sorted(set(range(20)) - set(stays))
    assert len(gone) == 2
    assert value[gone].max() <= value[stays].min() < value[stays].max()
    assert change.actions.shape == actions.shape


def test_a_batch_and_its_paintings_alone_are_the_same(scattered):
    """No stroke of one painting depends on another's."""
    ground = torch.full((2, 3, 48, 72), 0.8)
    actions = scattered.initial(2, 10, torch.Generator().manual_seed(2))
    canvas, gradient = scattered(actions, ground), torch.randn(2, 3, 48, 72, generator=torch.Generator().manual_seed(3))
    both = Growth(40)(Moment(39, 100, actions, scattered, ground), canvas, gradient)
    for index in range(2):
        part = slice(index, index + 1)
        alone = Growth(40)(
            Moment(39, 100, actions[part], scattered, ground[part]), canvas[part], gradient[part].contiguous()
        )
        # chance is the same for each: only the first painting of a batch has the numbers that it has alone
        if index == 0:
            torch.testing.assert_close(both.actions[:1], alone.actions)
        assert both.kept[part].tolist() == alone.kept.tolist()


def test_no_gradient_at_all_changes_no_colour_to_nan(scattered):
    ground = torch.full((1, 3, 48, 72), 0.8)
    actions = scattered.initial(1, 10, torch.Generator().manual_seed(0))
    change = Growth(40)(Moment(39, 100, actions, scattered, ground), ground, torch.zeros_like(ground))
    assert change.actions.isfinite().all()


def test_it_places_strokes_of_scatter_alone(scattered):
    grid = load_renderer("grid", rows=2, cols=2)
    with pytest.raises(ValueError, match="growth places strokes of scatter; Grid is another renderer"):
        grown(grid, Growth(5))


@pytest.mark.parametrize("strokes", [0, -1, 2.5])
def test_a_number_of_strokes_that_is_none(strokes):
    with pytest.raises(ValueError, match="strokes"):
        Growth(strokes)


def test_a_resumed_run_is_the_same(scattered, tmp_path):
    file = tmp_path / "a.ckpt"
    options = {"checkpoint": file, "checkpoint_every": 5}
    target = torch.zeros(1, 3, 48, 72)
    whole = grown(scattered, load_strategy("growth(strokes=30)"), objective=Pixel(target))
    begun = grown(
        scattered,
        load_strategy("growth(strokes=30)"),
        objective=Pixel(target),
        callback=lambda step, *_: step == 17,
        **options,
    )
    assert begun.interrupted or len(begun.losses) < 40
    resumed = grown(scattered, load_strategy("growth(strokes=30)"), objective=Pixel(target), resume=True, **options)
    assert torch.equal(resumed.actions, whole.actions)
