"""What the tests of the agent share: a few real digits and characters, and an agent that nobody trained."""

from pathlib import Path

import pytest
import torch

from diffpaint.io.weights import save_weights
from diffpaint_agent import Agent, open_pictures
from diffpaint_agent.weights import described
from diffpaint_constraints import Connected, Palette

DATA = Path(__file__).parents[1] / "data"
RULES = [Palette([(0, 0, 0)]), Connected()]


@pytest.fixture(scope="session")
def mnist():
    """A folder with 200 digits to learn from and 100 to test with."""
    return DATA / "mnist"


@pytest.fixture(scope="session")
def kmnist():
    """A folder with characters of the test set alone, a hundred of each half: one to learn from, one to test with."""
    return DATA / "kmnist"


@pytest.fixture(scope="session")
def digits(mnist):
    """The pictures of ``mnist`` at 12 px, to learn from and to test with."""
    return open_pictures(str(mnist), 12)


@pytest.fixture
def untrained(tmp_path):
    """``untrained(**options)``: the path of an agent that nobody trained, as text; always the same."""

    def write(name="agent", constraints=RULES, usual=None, likeness=None, **options):
        torch.manual_seed(0)
        agent = Agent(**{"size": 12, "strokes": 3, "actions": 12, "channels": 4, "hidden": 16} | options)
        with torch.no_grad():
            for parameter in agent.parameters():
                parameter.mul_(3)  # so that pictures differ in what it paints
        path = tmp_path / f"{name}.safetensors"
        header = {
            "data": {"source": "digits", "pictures": 200},
            "painter": "neural-splat",
            "brush": "classic/dry_brush",
            "lesson": None,
        }
        header |= {"constraints": described(constraints), "options": agent.options}
        header |= {"training": {"steps": 0}, "device": "none", "usual": usual, "likeness": likeness}
        save_weights(path, agent, header)
        return str(path)

    return write
