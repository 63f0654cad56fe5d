"""The conformance suite over every recipe that this distribution registers."""

from functools import partial
from pathlib import Path

import pytest

from diffpaint.registry import load
from diffpaint.testing import RecipeConformance
from diffpaint_mypaint import plan, write

pytestmark = pytest.mark.usefixtures("engine")
FEW = {"steps": 4, "batch": 8}
PAINTERS = {
    "splat": {},
    "dabs": {},
    "vae": {"predictor_steps": 2},
    "gan": {"mean_steps": 2, "critic_steps": 1},
}
AGENT = {"size": 12, "strokes": 8, "channels": 4, "hidden": 16, "critic_from": 0.5}
TAUGHT = {"imitation": 1.0, "imitation_until": 0.25, "imitation_gone": 0.5}
MNIST = Path(__file__).parents[1] / "data" / "mnist"


@pytest.fixture(scope="module")
def data(tmp_path_factory, engine):
    """A small data set of strokes."""
    folder = tmp_path_factory.mktemp("data")
    manifest = plan(folder, "classic/charcoal", 24)
    assert sum(write(folder, manifest)) == 24
    return folder


class TestPainter(RecipeConformance):
    @pytest.fixture(params=PAINTERS)
    def recipe(self, request):
        return load("recipes", request.param), PAINTERS[request.param]

    @pytest.fixture
    def settings(self, recipe):
        return recipe[0].settings_class(**FEW, **recipe[1])

    @pytest.fixture
    def prepared(self, recipe, data):
        return partial(recipe[0].prepare, data=data)


class TestAgent(RecipeConformance):
    @pytest.fixture
    def settings(self):
        return load("recipes", "agent").settings_class(**FEW, **AGENT)

    @pytest.fixture
    def prepared(self):
        return partial(load("recipes", "agent").prepare, data=str(MNIST), palette="black", connected=True)


class TestTaughtAgent(RecipeConformance):
    @pytest.fixture
    def settings(self):
        return load("recipes", "agent").settings_class(**FEW, **AGENT, **TAUGHT)

    @pytest.fixture
    def prepared(self):
        return partial(load("recipes", "agent").prepare, data=str(MNIST), demonstrations="digits")
