"""What is computed again for backward: the same gradients, and only where nobody says that it is kept."""

import pytest
import torch

from diffpaint import kept, recomputed


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
    with pytest.raises(ZeroDivisionError), kept():
        with kept():
            gradients(lambda x, y: recomputed(function, x, y))
        gradients(lambda x, y: recomputed(function, x, y))
        assert len(calls) == 2
        raise ZeroDivisionError
    gradients(lambda x, y: recomputed(function, x, y))
    assert len(calls) == 4


def test_what_wants_no_gradient_gets_none(counted):
    function, _ = counted
    x, y = inputs()
    recomputed(function, x, y.detach())[0].sum().backward()
    assert x.grad is not None
    assert y.grad is None


def test_it_is_as_precise_the_second_time(counted):
    function, calls = counted
    x, y = (part.detach().float().requires_grad_() for part in inputs())
    with torch.autocast("cpu", torch.bfloat16):
        first, _ = recomputed(function, x, y)
    first.float().sum().backward()
    assert calls == [True, True]
