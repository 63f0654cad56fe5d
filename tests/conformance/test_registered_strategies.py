"""The conformance suite over every strategy that this distribution registers."""

import pytest

from diffpaint import load_renderer, load_strategy, read_image
from diffpaint.testing import StrategyConformance


class TestRounds(StrategyConformance):
    steps = 20

    @pytest.fixture
    def renderer(self):
        return load_renderer("scatter", size=(24, 32), coarse=True)

    @pytest.fixture
    def strategy(self):
        return load_strategy("rounds(strokes=20)", read_image("tests/data/chelsea.jpg", (24, 32)))


class TestGrowth(TestRounds):
    @pytest.fixture
    def strategy(self):
        return load_strategy("growth(strokes=20)")
