"""Any optimiser of torch's, a schedule, a learning rate by action, and a callback that ends it."""

import functools

import pytest
import torch

from diffpaint import Pixel, paint

OPTIMIZERS = {
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
    "SGD": functools.partial(torch.optim.SGD, momentum=0.9),
    "LBFGS": functools.partial(torch.optim.LBFGS, max_iter=4, line_search_fn="strong_wolfe"),
}


@pytest.fixture
def run(dots):
    target = torch.zeros(1, 3, 10, 12)

    def painting(steps=6, **options):
        given = {"strokes": 3, "steps": steps, "device": "cpu", "progress": False} | options
        return paint(dots((10, 12)), Pixel(target), **given)

    return painting


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_of_torchs_optimisers_lowers_the_objective(run, name):
    painting = run(optimizer=OPTIMIZERS[name])
    assert len(painting.losses) == 6
    assert painting.losses[-1] < painting.losses[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("options", [{}, {"lr": {"size": 0.01}}], ids=["one rate", "rates by name"])
def test_a_resumed_painting_is_the_same(run, tmp_path, name, options):
    if name == "LBFGS" and options:
        pytest.skip("LBFGS has one rate for all")
    how = {"optimizer": OPTIMIZERS[name], **options, "schedule": lambda progress: 1 - progress / 2}
    file = tmp_path / "a.ckpt"
    run(checkpoint=file, callback=lambda step, *_: step == 2, **how)
    resumed = run(checkpoint=file, resume=True, **how)
    whole = run(**how)
    assert torch.equal(resumed.actions, whole.actions)
    assert resumed.losses == whole.losses


def test_lbfgs_needs_fewer_steps(run):
    by_adam, by_lbfgs = run(steps=20), run(steps=20, optimizer=OPTIMIZERS["LBFGS"], lr=1.0)
    assert by_lbfgs.losses[-1] < by_adam.losses[-1]


def test_lbfgs_says_itself_that_it_has_one_rate(run):
    with pytest.raises(ValueError, match="per-parameter options"):
        run(optimizer=torch.optim.LBFGS, lr={"size": 0.5})


def test_another_optimiser_is_another_run(run, tmp_path):
    file = tmp_path / "a.ckpt"
    run(checkpoint=file)
    with pytest.raises(ValueError, match=r"optimizer was null, now .*SGD"):
        run(checkpoint=file, resume=True, optimizer=torch.optim.SGD)
    with pytest.raises(ValueError, match="schedule was null"):
        run(checkpoint=file, resume=True, schedule=abs)
    with pytest.raises(ValueError, match=r"lr.* was"):
        run(checkpoint=file, resume=True, lr={"x": 0.2})


def test_actions_have_rates_of_their_own(run):
    start = torch.full((1, 3, 7), 0.4)
    moved = (run(steps=2, actions=start, lr={"x": 1e-5, "red": 0.5}).actions - start).abs().amax((0, 1))
    assert moved[5] < 1e-4  # x
    assert moved[2] > 2 * moved[3] > 0  # red and green


def test_one_rate_by_names_is_the_same_as_one_for_all(run, dots):
    names = dots.action_names
    assert torch.equal(run(lr=dict.fromkeys(names, 0.2)).actions, run(lr=0.2).actions)


def test_a_schedule_scales_the_rates(run):
    start = torch.full((1, 3, 7), 0.4)
    asked = []

    def schedule(progress):
        asked.append(progress)
        return 1e-6

    still = run(steps=4, actions=start, schedule=schedule)
    assert asked == [0, 0.25, 0.5, 0.75]
    assert (still.actions - start).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("lr", "said"),
    [
        ({"sise": 0.1}, "'sise', which is no action of Dots; did you mean 'size'"),
        ({"size": -1.0}, "must be above 0 and finite"),
        ({"size": float("nan")}, "must be above 0 and finite"),
        (0.0, "must be above 0 and finite"),
    ],
)
def test_rates_that_cannot_be_are_refused(run, lr, said):
    with pytest.raises(ValueError, match=said):
        run(lr=lr)


def test_a_callback_ends_it_cleanly(run, tmp_path):
    painting = run(steps=50, callback=lambda step, canvas, loss: step == 3, checkpoint=tmp_path / "a.ckpt")
    assert len(painting.losses) == 4
    assert not painting.interrupted
    assert torch.equal(painting.actions, run(steps=4).actions)


def test_an_interrupt_in_a_callback_keeps_the_painting(run):
    def stop(step, canvas, loss):
        if step == 2:
            raise KeyboardInterrupt

    painting = run(steps=50, callback=stop)
    assert painting.interrupted
    assert len(painting.losses) == 3


def test_autograd_may_be_off_around_it(run):
    with torch.no_grad():
        painting = run()
        assert not torch.is_grad_enabled()
    assert torch.equal(painting.actions, run().actions)
