"""The agents that ship: a card each, small enough, and painting what they were shown."""

import re
from pathlib import Path

import pytest
import torch

from diffpaint.io.weights import read_weights_header
from diffpaint_agent import load_agent, open_pictures, shipped_agents
from diffpaint_agent.pictures import read_square
from diffpaint_agent.terms import UNKNOWN, terms_of
from diffpaint_agent.training.order import counterclockwise, downwards
from diffpaint_agent.weights import FOLDER, Header

LARGEST = 30_000_000  # bytes, of all together
PHOTO = Path(__file__).parents[1] / "data" / "chelsea.jpg"
DIGITS = ("mnist", "mnist-taught", "mnist-connected")


@pytest.fixture(scope="module")
def tests_of(mnist, kmnist):
    """Pictures that an agent is tested with here, by name of the agent."""
    digits = open_pictures(str(mnist), 28)[1]
    return dict.fromkeys(DIGITS, digits) | {"kmnist": open_pictures(str(kmnist), 28)[1]}


def test_agents_for_all_that_the_paper_paints_ship():
    assert {*DIGITS, "kmnist", "faces"} <= set(shipped_agents())


@pytest.mark.parametrize("name", shipped_agents())
def test_every_agent_has_a_card_of_its_own(name):
    card = (FOLDER / f"{name}.md").read_text()
    header = read_weights_header(FOLDER / f"{name}.safetensors", Header, "an agent")
    assert f"diffpaint agent evaluate {name} --data {header['data']['source']}" in card
    assert f"{header['data']['pictures']:,} pictures" in card
    assert terms_of(header["data"]["source"]) != UNKNOWN
    assert f"| terms | {terms_of(header['data']['source'])} |" in card
    assert f"steps {header['training']['steps']:,}" in card
    assert "squared error of the engine's replay" in card


def test_all_agents_together_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.safetensors")) < LARGEST


@pytest.mark.parametrize("name", [*DIGITS, "kmnist"])
def test_pictures_are_painted_as_the_card_says(name, tests_of):
    said = float(re.search(r"squared error of the canvas +([\d.]+)", (FOLDER / f"{name}.md").read_text())[1])
    trained = load_agent(name)
    painter, pictures = trained.painter(28), tests_of[name][slice(None)]
    error = float((painter(trained.act(pictures, painter)) - pictures).square().mean())
    assert error < 1.2 * said  # a hundred pictures, none of which it learned from


def test_the_taught_agent_paints_as_it_was_taught(tests_of):
    trained, tests = load_agent("mnist-taught"), tests_of["mnist-taught"]
    actions = trained.act(tests[slice(None)], trained.painter(28))
    assert counterclockwise(actions[tests.labels == 0]).float().mean() > 0.85
    assert downwards(actions[tests.labels == 1]).float().mean() > 0.85
    assert torch.equal(actions[:, 1:, 6:8], actions[:, :-1, 10:12])  # connected


@pytest.mark.parametrize("name", [*DIGITS, "kmnist"])
def test_a_photo_is_none_of_what_agents_of_digits_know(name, tests_of):
    """And nearly all of their own kind is."""
    trained = load_agent(name)
    painter, photo = trained.painter(28), read_square(PHOTO, 28)
    assert "hardly one of the pictures" in (trained.strange(photo, trained.act(photo, painter)) or "")
    pictures = tests_of[name][slice(None)]
    actions = trained.act(pictures, painter)
    strange = [trained.strange(*(part[None] for part in pair)) for pair in zip(pictures, actions, strict=True)]
    assert sum(why is not None for why in strange) <= 4  # of a hundred
