"""Runs that go on from the weights of an agent, and what they take of the pictures they learn from."""

import pytest
import torch

from diffpaint import load_renderer
from diffpaint_agent import load_agent, open_pictures
from diffpaint_agent.error import salience
from diffpaint_agent.training.learner import new_agent
from diffpaint_agent.training.recipe import course, take_over
from diffpaint_agent.training.settings import AgentSettings

SHAPE = {"size": 12, "strokes": 3, "channels": 4, "hidden": 16, "batch": 8}


def settings(**others):
    return AgentSettings(**{"queries": False, "steps": 2} | SHAPE | others)


def untaught(**others):
    return new_agent(settings(**others), load_renderer("neural-splat", size=(12, 12)))


@pytest.fixture
def begun(untrained):
    points = [[6, 7], [8, 9], [10, 11]]
    assert untaught().options["points"] == points
    return untrained(points=points)


def test_a_run_begins_with_the_weights_of_another_agent(begun, digits):
    made = course(digits, settings(detail=2.0, revise=5), start=begun).make().agent
    given = load_agent(begun).agent.state_dict()
    found = made.state_dict()
    assert set(found) == set(given)
    assert all(torch.equal(found[name], value) for name, value in given.items())
    assert made.options["revise"] == 5
    assert course(digits, settings(), start=begun).about["start"] == begun


def test_an_agent_of_another_shape_is_refused(begun, digits):
    with pytest.raises(ValueError, match=r"cannot start from .*, which has strokes 3, here 4, channels 4, here 5"):
        course(digits, settings(strokes=4, channels=5), start=begun)
    with pytest.raises(ValueError, match="no agent 'nobody'"):
        take_over(untaught(), "nobody")


def test_salient_places_are_those_of_the_pictures_it_learns_from(digits, mnist):
    larger = open_pictures(str(mnist), 16)
    plain, mirrored = (
        course(larger, settings(size=16, salience=2.0, mirror=mirror)).make().agent for mirror in (False, True)
    )
    found = salience(larger[0][slice(None)])
    assert found.max() == 1
    assert torch.equal(plain.error.salient, found)
    assert torch.equal(mirrored.error.salient, (found + found.flip(1)) / 2)
    with pytest.raises(ValueError, match="pictures of less than 14 px"):
        settings(salience=2.0)
    assert "error.salient" not in course(digits, settings()).make().agent.state_dict()
