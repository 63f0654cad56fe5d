"""Threads, torch's generators, its default dtype, and its transforms of functions."""

import threading

import pytest
import torch

import diffpaint
from diffpaint import Objective, Pixel, load_renderer, over, paint


class Shaky(Objective):
    """Lightness under noise from the global generator."""

    def forward(self, canvas):
        return (canvas * torch.rand_like(canvas)).mean()


def painted(seed):
    renderer = load_renderer("neural-splat", size=(24, 24))
    return paint(renderer, Shaky(), strokes=4, steps=8, seed=seed, device="cpu", progress=False).actions


def test_two_threads_paint_what_each_paints_alone():
    alone, together = [painted(seed) for seed in range(4)], [None] * 4

    def work(seed):
        together[seed] = painted(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    "name", ["neural-splat", "neural-gan", "neural-vae", "neural-dabs", "cppn", "grid(rows=2, cols=2)"]
)
def test_loading_and_painting_leave_torchs_generator_alone(name):
    before = torch.get_rng_state()
    renderer = load_renderer(name)
    paint(renderer, Shaky(), strokes=1, steps=1, device="cpu", progress=False)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("at_once", [2**22, 0], ids=["whole", "in bands"])
def test_grids_compute_in_other_precisions(dtype, at_once, monkeypatch):
    monkeypatch.setattr("diffpaint_grid.grid.AT_ONCE", at_once)
    grid = load_renderer("grid", rows=2, cols=3, size=(40, 62))
    actions = grid.initial(1, 2, torch.Generator().manual_seed(0))
    wanted, of_wanted = canvas_and_gradient(grid, actions)
    found, of_found = canvas_and_gradient(grid.to(dtype), actions.to(dtype))
    assert found.dtype == of_found.dtype == dtype
    coarse = dtype == torch.bfloat16
    assert (found.float() - wanted).abs().mean() < (0.02 if coarse else 1e-5)
    alike = torch.nn.functional.cosine_similarity(of_found.float().flatten(), of_wanted.flatten(), 0)
    assert alike > (0.9 if coarse else 0.9999)


def canvas_and_gradient(renderer, actions):
    actions = actions.clone().requires_grad_()
    canvas = renderer(actions)
    weights = torch.linspace(-1, 1, canvas.numel()).view_as(canvas).to(canvas)
    (gradient,) = torch.autograd.grad((canvas * weights).sum(), actions)
    return canvas.detach(), gradient


@pytest.mark.parametrize("name", ["neural-splat", "grid(rows=1, cols=2)", "cppn(hidden=3, layers=3)"])
def test_paints_with_another_default_dtype(name):
    torch.set_default_dtype(torch.float64)
    try:
        renderer = load_renderer(name)
        target = torch.zeros(1, 3, *renderer.size)
        painting = paint(renderer, Pixel(target), strokes=2, steps=2, device="cpu", progress=False)
    finally:
        torch.set_default_dtype(torch.float32)
    assert painting.losses[-1] < painting.losses[0]


@pytest.fixture
def stack(rand):
    return rand(2, 3, 3, 1, 1), rand(2, 3, 1, 6, 5), rand(2, 3, 6, 5)


def score(color, alpha, canvas):
    return over(color, alpha, canvas).square().sum()


def test_func_grad_goes_through_over(stack):
    found = torch.func.grad(score, argnums=(0, 1, 2))(*stack)
    leaves = [part.clone().requires_grad_() for part in stack]
    wanted = torch.autograd.grad(score(*leaves), leaves)
    assert all(torch.equal(one, other) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("dims", [(0, 0, 0), (None, 0, None), (0, None, None), (None, None, 0), (1, 2, None)])
def test_vmap_maps_over_canvases(stack, rand, dims):
    parts = [
        part if dim is None else torch.stack([rand(*part.shape) for _ in range(4)], dim)
        for part, dim in zip(stack, dims, strict=True)
    ]
    each = [
        [part if dim is None else part.select(dim, index) for part, dim in zip(parts, dims, strict=True)]
        for index in range(4)
    ]
    found = torch.func.vmap(over, dims)(*parts)
    torch.testing.assert_close(found, torch.stack([over(*some) for some in each]))
    gradients = torch.func.vmap(torch.func.grad(score, argnums=1), dims)(*parts)
    wanted = torch.stack([torch.func.grad(score, argnums=1)(*some) for some in each])
    torch.testing.assert_close(gradients, wanted)


def test_the_jacobian_of_a_canvas(stack):
    color, alpha, canvas = stack
    found = torch.func.jacrev(lambda ink: over(color, ink, canvas))(alpha)
    assert found.shape == (*canvas.shape, *alpha.shape)
    (gradient,) = torch.func.vjp(lambda ink: over(color, ink, canvas), alpha)[1](torch.ones_like(canvas))
    torch.testing.assert_close(found.sum((0, 1, 2, 3)), gradient)


def test_a_stroke_renderer_can_be_mapped(dots, rand):
    renderer, actions = dots((6, 5)), rand(3, 1, 2, 7)
    found = torch.func.vmap(renderer)(actions)
    torch.testing.assert_close(found, torch.stack([renderer(some) for some in actions]))
    assert diffpaint.StrokeRenderer in type(renderer).__mro__
