"""Strategies: strokes come and go between steps, and the optimiser keeps what it knows of the others."""

from dataclasses import dataclass

import pytest
import torch

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
        return Change(torch.cat([actions[:, kept], new], 1), [*kept, -1, -1])


@dataclass(frozen=True)
class Doing(Strategy):
    """What it is told to, once."""

    change: Change

    def __call__(self, moment, canvas, gradient):
        return self.change if moment.step == 1 else None


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
    same = Change(torch.cat([torch.rand(1, 4, 7), far], 1), [0, 1, 2, 3, -1])
    kept = run(Doing(same)).actions[:, :4]
    torch.testing.assert_close(kept, run().actions, atol=2e-4, rtol=0)  # 1e-3 is the least pressure


def test_their_order_may_change(run):
    turned = run(Doing(Change(torch.rand(1, 4, 7), [3, 2, 1, 0])), steps=2).actions
    torch.testing.assert_close(turned.flip(1), run(steps=2).actions)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(torch.rand(1, 4, 6), [0, 1, 2, 3]), r"gave actions \(1, 4, 6\)"),
        (Change(torch.rand(2, 4, 7), [0, 1, 2, 3]), r"gave actions \(2, 4, 7\)"),
        (Change(torch.rand(1, 4, 7), [0, 1]), "kept"),
        (Change(torch.rand(1, 4, 7), [0, 1, 2, 9]), "kept"),
        (Change(torch.rand(1, 0, 7), []), "gave 0 strokes.*wanted at least one"),
    ],
)
def test_what_does_not_fit_is_explained(run, change, said):
    with pytest.raises(ValueError, match=said):
        run(Doing(change))
