"""Gradients band by band: those of all strokes at once, in the memory of a few rows of cells."""

import pytest
import torch

import diffpaint
from diffpaint import fast
from diffpaint_grid import bands, grid
from diffpaint_neural import splat

LAYOUTS = [
    {"rows": 5, "cols": 7, "size": (60, 90), "overlap": 0.5},
    {"rows": 4, "cols": 3, "overlap": 0.5, "margin": 0.0, "size": (40, 31)},
    {"rows": 3, "cols": 1, "overlap": 0.0, "margin": 0.0, "size": (30, 10)},
    {"rows": 1, "cols": 4, "overlap": 0.25, "size": (10, 50)},
]


def gradients(monkeypatch, layout, canvas, weights, actions, limit):
    monkeypatch.setattr(grid, "AT_ONCE", limit)
    painted = layout(actions.requires_grad_(), canvas.requires_grad_())
    return painted.detach(), *torch.autograd.grad((painted * weights).sum(), (actions, canvas))


@pytest.mark.parametrize("options", LAYOUTS)
@pytest.mark.parametrize("painter", ["neural-splat", "neural-vae", "neural-dabs"])
def test_bands_give_the_gradients_of_all_strokes_at_once(monkeypatch, rand, painter, options):
    layout = diffpaint.load_renderer("grid", renderer=painter, **options)
    actions = layout.initial(2, 3, torch.Generator().manual_seed(0))
    canvas, weights = rand(2, 3, *layout.size), rand(2, 3, *layout.size)
    once = gradients(monkeypatch, layout, canvas, weights, actions, 10**12)
    in_bands = gradients(monkeypatch, layout, canvas, weights, actions, 0)
    for wanted, got in zip(once, in_bands, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-5 * wanted.abs().max().item(), rtol=0)


def test_colours_of_every_pixel_go_through_bands_too(monkeypatch, rand):
    """A stroke whose colour runs from left to right, as a renderer may have it."""

    class Run(diffpaint.StrokeRenderer):
        action_names = ("x", "y", "red", "green", "blue")
        size = (12, 12)

        def stroke(self, actions):
            ramp = torch.linspace(0, 1, 12)
            near = torch.exp(
                -20 * ((ramp - actions[:, :1]) ** 2)[:, None] - 20 * ((ramp - actions[:, 1:2]) ** 2)[:, :, None]
            )
            return actions[:, 2:, None, None] * ramp.expand(12, 12), near[:, None]

    layout = diffpaint.load_renderer("grid", renderer=Run(), size=(40, 30), overlap=0.5)
    actions = layout.initial(1, 2, torch.Generator().manual_seed(0))
    canvas, weights = rand(1, 3, 40, 30), rand(1, 3, 40, 30)
    once = gradients(monkeypatch, layout, canvas, weights, actions, 10**12)
    in_bands = gradients(monkeypatch, layout, canvas, weights, actions, 0)
    for wanted, got in zip(once, in_bands, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-5 * wanted.abs().max().item(), rtol=0)


def test_few_rows_are_alive_at_a_time(monkeypatch):
    """Or memory would grow with the height of the canvas."""
    layout = diffpaint.load_renderer("grid", rows=12, cols=2, size=(120, 20), overlap=0.5)
    alive = []
    rendered, finish = bands._Row.rendered, bands._Row.finish
    most = 0

    def counted(*arguments):
        nonlocal most
        alive.append(1)
        most = max(most, len(alive))
        return rendered(*arguments)

    monkeypatch.setattr(bands._Row, "rendered", counted)
    monkeypatch.setattr(bands._Row, "finish", lambda row, of: (alive.pop(), finish(row, of)))
    monkeypatch.setattr(grid, "AT_ONCE", 0)
    layout(layout.initial(1, 1).requires_grad_()).sum().backward()
    assert most == layout.lattice.spacing[0] < 12
    assert not alive


@pytest.mark.parametrize(("few", "times"), [(10**9, 1), (0, 2)])
def test_few_strokes_alive_are_not_rendered_a_third_time(monkeypatch, few, times):
    layout = diffpaint.load_renderer("grid", rows=6, cols=2, size=(60, 20), overlap=0.5)
    monkeypatch.setattr(grid, "AT_ONCE", 0)
    monkeypatch.setattr(bands, "FEW", few)
    monkeypatch.setattr(fast, "installed", lambda: False)  # compiled code keeps next to nothing
    calls, ink = [], splat._ink
    monkeypatch.setattr(splat, "_ink", lambda down, *rest: (calls.append(len(down)), ink(down, *rest))[1])
    canvas = layout(layout.initial(1, 3).requires_grad_())
    assert sum(calls) == 36
    canvas.sum().backward()
    assert sum(calls) == 36 + times * 36
