"""Compiled code: the same as torch's, wherever strokes lie, on as many threads as there are."""

import itertools
import threading

import pytest
import torch

from diffpaint import fast, over
from diffpaint.compositing import Stack, lay, over_
from diffpaint.fast.over import Places

pytest.importorskip("numba", reason="needs the extra fast")


@pytest.fixture(params=[1, 3], ids=["one-thread", "three-threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def scene(batch=2, strokes=7, patch=(9, 12), size=(20, 33), seed=0):
    """Stacks in patches that reach beyond the canvas on every side, and lie beside it."""
    generator = torch.Generator().manual_seed(seed)
    color = torch.rand(batch, strokes, 3, 1, 1, generator=generator)
    alpha = torch.rand(batch, strokes, 1, *patch, generator=generator)
    canvas = torch.rand(batch, 3, *size, generator=generator)
    corners = torch.stack([torch.randint(-12, side + 3, (strokes,), generator=generator) for side in size], 1)
    corners[0] = -40
    return color, alpha, canvas, Places(corners, patch)


def painted(color, alpha, canvas, places):
    """The canvas and all gradients."""
    inputs = [part.clone().requires_grad_() for part in (color, alpha, canvas)]
    result = over(*inputs, places)
    slope = torch.rand(result.shape, generator=torch.Generator().manual_seed(1))
    return result.detach(), *torch.autograd.grad((result * slope).sum(), inputs)


def test_over_is_the_same_compiled(monkeypatch, threads):
    here = scene()
    compiled = painted(*here)
    monkeypatch.setattr(fast, "installed", lambda: False)
    for one, other in zip(compiled, painted(*here), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_over_compiled_is_exact_against_autograd():
    color, alpha, canvas, places = scene(batch=1)
    inputs = [part.double().requires_grad_() for part in (color, alpha, canvas)]
    wide = torch.nn.functional.pad(inputs[2], (50, 50, 50, 50))
    for t, (top, left) in enumerate((places.corners + 50).tolist()):
        ink = torch.nn.functional.pad(inputs[1][:, t], (left, wide.shape[3] - left - 12, top, wide.shape[2] - top - 9))
        wide = wide + ink * (inputs[0][:, t] - wide)
    result = wide[:, :, 50:-50, 50:-50]
    slope = torch.rand(result.shape, generator=torch.Generator().manual_seed(1))
    exact = result, *torch.autograd.grad((result * slope).sum(), inputs)
    for one, other in zip(painted(color, alpha, canvas, places), exact, strict=True):
        torch.testing.assert_close(one.double(), other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("compiled", [True, False])
def test_over_in_place_lays_what_over_lays(monkeypatch, compiled):
    color, alpha, canvas, places = scene()
    wanted = over(color, alpha, canvas, places)
    monkeypatch.setattr(fast, "installed", lambda: compiled)
    ground = canvas.clone()
    assert over_(color, alpha, ground, places) is ground
    torch.testing.assert_close(ground, wanted)
    across = canvas.mT.contiguous().mT  # not as compiled code has it
    torch.testing.assert_close(over_(color, alpha, across, places), wanted)


def test_no_strokes_leave_the_canvas(threads):
    color, alpha, canvas, _ = scene(strokes=1)
    none = over(color[:, :0], alpha[:, :0], canvas, Places(torch.zeros(0, 2, dtype=torch.long), (9, 12)))
    assert torch.equal(none, canvas)


def test_stacks_that_reach_beyond_are_laid_likewise(monkeypatch):
    color, alpha, canvas, places = scene()
    stack = Stack(color, alpha, places)
    compiled = lay([stack], canvas)
    monkeypatch.setattr(fast, "installed", lambda: False)
    torch.testing.assert_close(compiled, lay([stack.inside((20, 33))], canvas))


def test_what_is_not_finite_stays_so():
    color, alpha, canvas, places = scene()
    alpha[0, 3, 0, 4, 5] = torch.nan
    places.corners[3] = 0
    result = over(color, alpha, canvas, places)
    assert result.isnan().any()
    assert result[1].isfinite().all()


@pytest.mark.parametrize(
    "part", [torch.zeros(2, dtype=torch.float64), torch.zeros(2, device="meta"), torch.zeros(2, dtype=torch.int32)]
)
def test_other_tensors_are_left_to_torch(part):
    assert fast.takes(torch.zeros(2))
    assert not fast.takes(torch.zeros(2), part)


def test_all_is_shared_out_once_and_in_order(threads):
    ran = set()

    def work(first, last):
        ran.add(threading.get_ident())
        return list(range(first, last))

    assert list(itertools.chain(*fast.share_out(work, 100))) == list(range(100))
    assert (threading.get_ident() in ran) == (threads == 1)


def test_what_fails_on_a_thread_is_told(threads):
    def work(first, last):
        raise ZeroDivisionError(first)

    with pytest.raises(ZeroDivisionError):
        fast.share_out(work, 10)
