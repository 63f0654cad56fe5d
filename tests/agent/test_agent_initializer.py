"""What an agent paints in every cell, as the start of an optimisation."""

import pytest
import torch

import diffpaint
from diffpaint import load_initializer
from diffpaint_agent import AgentInitializer


@pytest.fixture
def grid():
    return diffpaint.load_renderer("grid", rows=2, cols=3, size=(40, 60))


def test_it_is_asked_for_by_name(untrained, grid, rand):
    named = load_initializer(f"agent(name={untrained()})")
    assert isinstance(named, AgentInitializer)
    assert named.strokes == 3
    target = rand(2, 3, 40, 60)
    start = named(grid, target, 3)
    assert start.shape == (2, 18, 12)
    assert torch.equal(start[1:], named(grid, target[1:], 3))  # each picture by what it shows
    assert not torch.equal(start[0], start[1])


def test_a_painting_of_it_is_nearer_than_chance(grid):
    digit = torch.ones(1, 3, 40, 60)
    digit[..., 8:32, 28:33] = 0
    mnist = load_initializer("agent(name=mnist)")
    start, chance = mnist(grid, digit, mnist.strokes), diffpaint.Initializer()(grid, digit, mnist.strokes)
    painted, random = ((grid(actions) - digit).square().mean() for actions in (start, chance))
    assert painted < 0.5 * random


@pytest.mark.parametrize(
    ("renderer", "strokes", "said"),
    [
        ("grid(rows=2, cols=2, size=(20, 20))", 4, "paints 3 strokes in each cell, not 4"),
        ("cppn(size=(20, 20))", 3, "paints brushstrokes, and CPPN takes other actions"),
    ],
)
def test_a_renderer_that_it_has_no_strokes_for_is_refused(untrained, renderer, strokes, said):
    with pytest.raises(ValueError, match=said):
        AgentInitializer(untrained())(diffpaint.load_renderer(renderer), torch.ones(1, 3, 20, 20), strokes)


def test_an_agent_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"no agent 'nobody'; there is .*mnist"):
        load_initializer("agent(name=nobody)")
