"""The agents that ship: a card each, small enough, and painting what they were shown."""

import pytest
import torch

from diffpaint import read_weights_header
from diffpaint_agent import load_agent, open_pictures, shipped_agents
from diffpaint_agent.training.order import counterclockwise, downwards
from diffpaint_agent.weights import FIELDS, FOLDER

LARGEST = 30_000_000  # bytes, of all together
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
    header = read_weights_header(FOLDER / f"{name}.safetensors", FIELDS, "an agent")
    assert f"diffpaint agent evaluate {name} --data {header['data']['source']}" in card
    assert f"{header['data']['pictures']:,} pictures" in card
    assert f"steps {header['training']['steps']:,}" in card
    assert "squared error of the engine's replay" in card


def test_all_agents_together_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.safetensors")) < LARGEST


@pytest.mark.parametrize(("name", "most"), [("mnist", 0.006), ("mnist-taught", 0.01), ("mnist-connected", 0.01)])
def test_digits_are_painted(name, most, tests_of):
    trained = load_agent(name)
    painter, pictures = trained.painter(28), tests_of[name][slice(None)]
    assert float((painter(trained.act(pictures, painter)) - pictures).square().mean()) < most


def test_the_taught_agent_paints_as_it_was_taught(tests_of):
    trained, tests = load_agent("mnist-taught"), tests_of["mnist-taught"]
    actions = trained.act(tests[slice(None)], trained.painter(28))
    assert counterclockwise(actions[tests.labels == 0]).float().mean() > 0.85
    assert downwards(actions[tests.labels == 1]).float().mean() > 0.85
    assert torch.equal(actions[:, 1:, 6:8], actions[:, :-1, 10:12])  # connected


def test_characters_are_painted(tests_of):
    trained = load_agent("kmnist")
    painter, pictures = trained.painter(28), tests_of["kmnist"][slice(None)]
    assert float((painter(trained.act(pictures, painter)) - pictures).square().mean()) < 0.04


def test_the_agent_for_faces_paints_in_colour(tests_of):
    """No face is in the repository: two flat pictures, whose colours it finds."""
    trained = load_agent("faces")
    painter = trained.painter(64)
    pictures = torch.tensor([[0.8, 0.5, 0.3], [0.2, 0.3, 0.5]])[:, :, None, None].expand(-1, -1, 32, 32)
    canvas = painter(trained.act(pictures, painter))[:, :, 16:48, 16:48]
    assert (canvas.mean((2, 3)) - pictures[:, :, 0, 0]).abs().max() < 0.25
