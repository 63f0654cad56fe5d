"""What a stroke is worth: by how much an objective grows without it."""

import pytest
import torch

import diffpaint
from diffpaint.compositing import lay, worth

RENDERERS = {
    "a canvas": ("neural-splat", {"size": (24, 28)}, 5),
    "cells": ("grid", {"rows": 2, "cols": 3, "size": (24, 31)}, 2),
    "levels": ("pyramid", {"rows": 2, "cols": 3, "size": (24, 31), "levels": 2}, 1),
    "places": ("scatter", {"size": (24, 31)}, 8),
}


@pytest.fixture(params=RENDERERS)
def painted(request):
    """A renderer, actions, a ground, a canvas and a target."""
    name, options, strokes = RENDERERS[request.param]
    renderer, generator = diffpaint.load_renderer(name, **options), torch.Generator().manual_seed(0)
    actions = renderer.initial(1, strokes, generator)
    ground, target = torch.rand(2, 1, 3, *renderer.size, generator=generator)
    return renderer, actions, ground, renderer(actions, ground), target


def without(renderer, actions, ground, left_out):
    """The canvas without one stroke, composited anew."""
    stacks, first = renderer.stacks(actions), 0
    for _, alpha, *_ in stacks:
        if first <= left_out < first + alpha.shape[1]:
            alpha[:, left_out - first] = 0
        first += alpha.shape[1]
    return lay(stacks, ground)


def test_squared_error_grows_by_just_that(painted):
    renderer, actions, ground, canvas, target = painted
    found = worth(renderer.stacks(actions), ground, 2 * (canvas - target), 1.0)
    assert found.shape == actions.shape[:2]
    errors = [
        (without(renderer, actions, ground, t) - target).square().sum() - (canvas - target).square().sum()
        for t in range(actions.shape[1])
    ]
    torch.testing.assert_close(found[0], torch.stack(errors), atol=1e-3, rtol=1e-4)


def test_of_what_is_linear_the_first_order_is_all(painted):
    renderer, actions, ground, canvas, target = painted
    found = worth(renderer.stacks(actions), ground, target)
    changes = [((without(renderer, actions, ground, t) - canvas) * target).sum() for t in range(actions.shape[1])]
    torch.testing.assert_close(found[0], torch.stack(changes), atol=1e-3, rtol=1e-4)


def test_of_any_objective_it_is_what_a_gradient_of_opacity_says(painted):
    """Opacity of 1 + e for one stroke alone: its derivative is what the stroke adds, to first order."""
    renderer, actions, ground, _, target = painted
    stacks = renderer.stacks(actions)
    opacity = torch.ones(actions.shape[1], requires_grad=True)
    parts = opacity.split([stack.alpha.shape[1] for stack in stacks])
    faded = [
        stack._replace(alpha=stack.alpha * some[:, None, None, None]) for stack, some in zip(stacks, parts, strict=True)
    ]
    faded = lay(faded, ground)
    score = (faded - target).abs().sqrt().sum()
    (slope,) = torch.autograd.grad(score, opacity, retain_graph=True)
    (gradient,) = torch.autograd.grad(score, faded)
    torch.testing.assert_close(worth(stacks, ground, gradient)[0], -slope, atol=1e-3, rtol=1e-3)


def test_what_is_given_stays_as_it_is(painted):
    renderer, actions, ground, _, target = painted
    stacks = renderer.stacks(actions)
    before = [stack.alpha.clone() for stack in stacks], ground.clone(), target.clone()
    worth(stacks, ground, target)
    assert all(torch.equal(stack.alpha, alpha) for stack, alpha in zip(stacks, before[0], strict=True))
    assert torch.equal(ground, before[1])
    assert torch.equal(target, before[2])


def test_without_strokes_that_lie_over_one_another_there_is_none():
    cppn = diffpaint.load_renderer("cppn", size=(8, 8))
    with pytest.raises(ValueError, match="CPPN has no strokes that lie over one another"):
        cppn.stacks(cppn.initial(1, 1))
