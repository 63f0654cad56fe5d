"""What is computed again for backward: the same gradients, and only where nobody says that it is kept."""

import contextlib
import threading

import pytest
import torch

from diffpaint import over
from diffpaint.backward import nothing_recomputed, recomputed


@pytest.fixture
def counted():
    calls = []

    def function(x, y):
        calls.append(torch.is_autocast_enabled("cpu"))
        return (x @ y).sigmoid(), x.exp()

    return function, calls


def inputs():
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(4, 4, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2)]


def gradients(function):
    x, y = inputs()
    first, second = function(x, y)
    return torch.autograd.grad((first * second).sum(), (x, y))


def test_gradients_are_those_of_the_function(counted):
    function, calls = counted
    again = gradients(lambda x, y: recomputed(function, x, y))
    assert len(calls) == 2
    for one, other in zip(again, gradients(function), strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)
    assert torch.autograd.gradcheck(lambda x, y: recomputed(function, x, y), inputs())


def test_nothing_is_computed_again_where_it_is_kept(counted):
    function, calls = counted
    with nothing_recomputed():
        with nothing_recomputed():
            gradients(lambda x, y: recomputed(function, x, y))
        gradients(lambda x, y: recomputed(function, x, y))
    assert len(calls) == 2
    with contextlib.suppress(ZeroDivisionError), nothing_recomputed():
        raise ZeroDivisionError
    gradients(lambda x, y: recomputed(function, x, y))
    assert len(calls) == 4


@pytest.mark.parametrize("wanted", [0, 1])
def test_only_what_wants_a_gradient_gets_one(counted, wanted):
    """The second part of the result does not depend on y at all."""
    function, _ = counted
    x, y = (part if number == wanted else part.detach() for number, part in enumerate(inputs()))
    for results in (recomputed(function, x, y), function(x, y)):
        (results[0] + results[1].detach()).sum().backward()
    gradient, other = ((x, y) if wanted == 0 else (y, x))[0].grad, ((x, y) if wanted == 0 else (y, x))[1].grad
    assert other is None
    (plain,) = torch.autograd.grad(function(x, y)[0].sum(), (x, y)[wanted])
    torch.testing.assert_close(gradient, 2 * plain)


def test_an_input_that_changes_nothing_has_no_gradient():
    x, y = inputs()
    recomputed(lambda x, y: x.exp(), x, y).sum().backward()
    torch.testing.assert_close(x.grad, x.detach().exp())
    assert y.grad is None


def test_other_threads_go_on_computing_again(counted):
    function, calls = counted
    thread = threading.Thread(target=gradients, args=[lambda x, y: recomputed(function, x, y)])
    with nothing_recomputed():
        thread.start()
        thread.join()
    assert len(calls) == 2


def test_it_is_as_precise_the_second_time(counted):
    function, calls = counted
    x, y = (part.detach().float().requires_grad_() for part in inputs())
    with torch.autocast("cpu", torch.bfloat16):
        first, _ = recomputed(function, x, y)
    first.float().sum().backward()
    assert calls == [True, True]


def painted(x, y):
    """Two strokes with y as their alphas, on x."""
    color, alpha = torch.full((1, 2, 3, 1, 1), 0.5, dtype=x.dtype), y.reshape(1, 2, 1, 2, 4)
    return over(color, alpha, x[:3, :, None].repeat(1, 1, 2).movedim(1, 2)[None])


@pytest.mark.parametrize(
    "function",
    [lambda x, y: recomputed(lambda x, y: (x @ y).sigmoid(), x, y), painted],
    ids=["recomputed", "over"],
)
def test_second_derivatives_are_refused_and_never_lack_a_part(function):
    """A squared error depends on what is drawn twice: torch's own mark is passed by on one of the two ways."""

    def error(x, y):
        return (function(x, y) - 0.3).square().mean()

    x, y = inputs()
    slopes = torch.autograd.grad(error(x, y), (x, y), create_graph=True)
    for slope, once in zip(slopes, torch.autograd.grad(error(x, y), (x, y)), strict=True):
        assert torch.equal(slope, once)
        with pytest.raises(RuntimeError, match="second derivatives"):
            torch.autograd.grad(slope.sum(), (x, y), allow_unused=True, retain_graph=True)


def test_second_derivatives_under_func_are_refused_too():
    x, y = (part.detach() for part in inputs())

    def error(y):
        return (painted(x, y) - 0.3).square().mean()

    torch.testing.assert_close(
        torch.func.vmap(torch.func.grad(error))(torch.stack([y, 1 - y]))[0], torch.func.grad(error)(y)
    )
    with pytest.raises(RuntimeError, match="second derivatives"):
        torch.func.jacrev(torch.func.grad(error))(y)
