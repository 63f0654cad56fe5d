"""neural-splat by compiled code: the same strokes and the same gradients as by torch."""

import importlib

import pytest
import torch

import diffpaint
from diffpaint import fast
from diffpaint_neural.splat import SplatNetwork

pytest.importorskip("numba", reason="needs the extra fast")


def strokes(count, seed=0, spread=1.0):
    actions = torch.rand(count, 12, generator=torch.Generator().manual_seed(seed))
    actions[:, 6:] = 0.5 + spread * (actions[:, 6:] - 0.5)
    return actions


def drawn(network, actions, size):
    """Alpha, the gradient of the actions, and those of the weights that learn."""
    network.zero_grad()
    actions = actions.clone().requires_grad_()
    alpha = network(actions, size)
    slope = torch.rand(alpha.shape, generator=torch.Generator().manual_seed(1))
    (alpha * slope).sum().backward()
    return alpha.detach(), actions.grad, [part.grad.clone() for part in network.parameters() if part.grad is not None]


def by_torch(monkeypatch, network, actions, size):
    with monkeypatch.context() as patch:
        patch.setattr(fast, "installed", lambda: False)
        patch.setattr("diffpaint_neural.boxes.WORTH", 2**62)  # the whole canvas, beyond the end of boxes too
        return drawn(network, actions, size)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 130), (64, 64), (90, 33)])
@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0])  # of points: dots, strokes, and such as lie beyond the canvas
def test_strokes_and_gradients_are_the_same(monkeypatch, size, spread, threads):
    network = diffpaint.load_renderer("neural-splat").network
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    alpha, slope, _ = drawn(network, strokes(12, spread=spread), size)
    torch.set_num_threads(before)
    wanted, exact, _ = by_torch(monkeypatch, network, strokes(12, spread=spread), size)
    torch.testing.assert_close(alpha, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(slope, exact, atol=2e-5 * float(exact.abs().max()), rtol=0)


def test_a_canvas_is_drawn_in_parts(monkeypatch):
    """Larger than what is held at once, in rows that are no whole number of tiles."""
    network = diffpaint.load_renderer("neural-splat").network
    alpha, slope, _ = drawn(network, strokes(2), (530, 611))
    wanted, exact, _ = by_torch(monkeypatch, network, strokes(2), (530, 611))
    torch.testing.assert_close(alpha, wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(slope, exact, atol=2e-5 * float(exact.abs().max()), rtol=0)


def test_it_learns_the_same(monkeypatch):
    torch.manual_seed(0)
    network = SplatNetwork((1.0, 8.0))
    for part in network.parameters():  # no layer is zero, as some are before they learn
        part.data.add_(0.1 * torch.randn_like(part))
    alpha, _, found = drawn(network, strokes(16), (64, 64))
    wanted, _, exact = by_torch(monkeypatch, network, strokes(16), (64, 64))
    assert len(found) == len(list(network.parameters()))
    torch.testing.assert_close(alpha, wanted, atol=1e-5, rtol=0)
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5 * float(other.abs().max()), rtol=0)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_what_is_not_finite_stays_so_and_harms_no_other(bad):
    network = diffpaint.load_renderer("neural-splat").network
    actions = strokes(5)
    good = network(actions)
    actions[2, 6] = bad
    alpha, slope, _ = drawn(network, actions, (64, 64))
    assert alpha[2].isnan().all()
    assert slope[2].isnan().any()
    others = [0, 1, 3, 4]
    assert torch.equal(alpha[others], good[others])
    assert slope[others].isfinite().all()


def test_networks_of_other_shapes_are_left_to_torch():
    network = SplatNetwork((1.0, 8.0), points=10, scales=3, channels=4)
    assert network(strokes(3)).shape == (3, 64, 64)
    uneven = SplatNetwork((1.0, 8.0), points=10)
    assert uneven(strokes(3)).shape == (3, 64, 64)


def test_gradients_are_taken_once():
    network = diffpaint.load_renderer("neural-splat").network
    actions = strokes(3).requires_grad_()
    (slope,) = torch.autograd.grad(network(actions).square().sum(), actions, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivatives"):
        slope.sum().backward()


def test_a_painting_is_the_same(monkeypatch):
    renderer = diffpaint.load_renderer("scatter", size=(70, 90), coarse=True)
    actions = renderer.initial(2, 40, torch.Generator().manual_seed(0))

    def painting():
        given = actions.clone().requires_grad_()
        canvas = renderer(given)
        canvas.square().sum().backward()
        return canvas.detach(), given.grad

    (canvas, slope), _ = painting(), monkeypatch.setattr(fast, "installed", lambda: False)
    wanted, exact = painting()
    torch.testing.assert_close(canvas, wanted, atol=2e-5, rtol=0)
    torch.testing.assert_close(slope, exact, atol=1e-4 * float(exact.abs().max()), rtol=0)


def test_all_that_kernels_call_becomes_part_of_them():
    """Else numba keeps several copies of it, and a run that compiles has other last bits than one that finds them."""
    names = [f"diffpaint_neural.kernels.{name}" for name in ("gaussians", "layers", "strokes")]
    for module in map(importlib.import_module, (*names, "diffpaint.fast.rows")):
        for name, function in vars(module).items():
            if hasattr(function, "py_func") and function.py_func.__module__ == module.__name__:
                options = function.targetoptions
                kernel = name in ("draw", "take_back", "lay", "slopes")
                assert kernel or options.get("forceinline") or options.get("inline") == "always", name
