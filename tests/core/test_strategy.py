"""Strategies: strokes come and go between steps, and the optimiser keeps what it knows of the others."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from diffpaint import Strategy, paint
from diffpaint.strategy import Change
from diffpaint.testing import StrategyConformance


@dataclass(frozen=True)
class Growing(Strategy):
    """Every few steps the faintest stroke goes, and two new ones come to where the error is."""

    every: int = 3

    def __call__(self, moment, canvas, gradient):
        if (moment.step + 1) % self.every:
            return None
        actions, count = moment.actions, moment.actions.shape[1]
        faintest = int(actions[0, :, 0].argmin())
        kept = [index for index in range(count) if index != faintest]
        place = gradient.abs().sum((0, 1)).flatten().argmax()
        down, across = divmod(int(place), gradient.shape[3])
        new = torch.full_like(actions[:, :2], 0.5)
        names = moment.renderer.action_names
        for name, value in (("x", across / gradient.shape[3]), ("y", down / gradient.shape[2])):
            if name in names:
                new[..., names.index(name)] = value
        return Change(torch.cat([actions[:, kept], new], 1), torch.tensor([[*kept, -1, -1]]))


@dataclass(frozen=True)
class Doing(Strategy):
    """What it is told to, once."""

    change: Callable[[Tensor], Change]

    def __call__(self, moment, canvas, gradient):
        return self.change(moment.actions) if moment.step == 1 else None


class TestGrowing(StrategyConformance):
    @pytest.fixture
    def strategy(self):
        return Growing()


@pytest.fixture
def run(dots, dark):
    def painting(strategy=None, steps=9, **options):
        given = {"strokes": 4, "steps": steps, "device": "cpu", "progress": False} | options
        return paint(dots((10, 12)), dark, strategy=strategy, **given)

    return painting


def test_strokes_come_and_go(run):
    assert run(Growing()).actions.shape == (1, 7, 7)
    assert len(run(Growing()).losses) == 9


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD, torch.optim.LBFGS])
def test_a_resumed_painting_is_the_same(run, tmp_path, optimizer):
    how = {"optimizer": optimizer, "lr": 0.5}
    file = tmp_path / "a.ckpt"
    run(Growing(), checkpoint=file, callback=lambda step, *_: step == 4, **how)
    resumed = run(Growing(), checkpoint=file, resume=True, **how)
    assert torch.equal(resumed.actions, run(Growing(), **how).actions)
    with pytest.raises(ValueError, match=r"strategy was Growing\(every=3\), now Growing\(every=2\)"):
        run(Growing(every=2), checkpoint=file, resume=True, **how)


def test_strokes_that_stay_move_on_as_if_nothing_had_happened(run):
    far = torch.zeros(1, 1, 7)  # without pressure: it changes no canvas
    kept = run(Doing(lambda now: Change(torch.cat([now, far], 1), torch.tensor([[0, 1, 2, 3, -1]])))).actions[:, :4]
    torch.testing.assert_close(kept, run().actions, atol=2e-4, rtol=0)  # 1e-3 is the least pressure


def test_their_order_may_change(run):
    turned = run(Doing(lambda now: Change(now.flip(1), torch.tensor([[3, 2, 1, 0]]))), steps=2).actions
    torch.testing.assert_close(turned.flip(1), run(steps=2).actions, atol=1e-6, rtol=0)  # Adam rounds by place


def test_one_that_stays_may_be_put_elsewhere(run):
    def elsewhere(now):
        now = now.clone()
        now[:, 1, 0] = 0.25
        return Change(now, torch.arange(4)[None])

    moved, alone = run(Doing(elsewhere), steps=2).actions, run(steps=2).actions
    assert moved[0, 1, 0] == pytest.approx(0.25)
    moved[0, 1, 0] = alone[0, 1, 0]
    assert torch.equal(moved, alone)


def test_every_canvas_of_a_batch_keeps_its_own(run):
    def dropped(now):
        kept = torch.tensor([[0, 1, 2], [1, 2, 3]])
        return Change(torch.stack([one[stays] for one, stays in zip(now, kept, strict=True)]), kept)

    left, whole = run(Doing(dropped), steps=2, batch=2).actions, run(steps=2, batch=2).actions
    torch.testing.assert_close(left, torch.stack([whole[0, :3], whole[1, 1:]]), atol=1e-6, rtol=0)


def test_it_says_with_how_many_strokes_to_begin(run):
    class Few(Doing):
        first = 2

    assert run(Few(lambda now: None), strokes=None).actions.shape[1] == 2
    assert run(Few(lambda now: None), strokes=3).actions.shape[1] == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(torch.rand(1, 4, 6), torch.arange(4)[None]), r"gave actions \(1, 4, 6\)"),
        (Change(torch.rand(2, 4, 7), torch.arange(4)[None]), r"gave actions \(2, 4, 7\)"),
        (Change(torch.rand(1, 4, 7), torch.tensor([[0, 1]])), r"kept \(1, 2\).*wanted \(1, 4\)"),
        (Change(torch.rand(1, 4, 7), torch.tensor([[0, 1, 2, 9]])), "of 0 to 9; wanted .* of -1 to 3"),
        (Change(torch.rand(1, 0, 7), torch.empty(1, 0).long()), r"gave actions \(1, 0, 7\)"),
    ],
)
def test_what_does_not_fit_is_explained(run, change, said):
    with pytest.raises(ValueError, match=said):
        run(Doing(lambda now: change))
