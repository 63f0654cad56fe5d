"""The conformance suite over every initializer that this distribution registers."""

import pytest

from diffpaint import load_initializer, load_renderer
from diffpaint.testing import InitializerConformance


class TestRandom(InitializerConformance):
    @pytest.fixture
    def initializer(self):
        return load_initializer("random")


class TestDraft(InitializerConformance):
    @pytest.fixture
    def initializer(self):
        return load_initializer("draft")

    @pytest.fixture
    def renderer(self):
        return load_renderer("pyramid", rows=2, cols=3, size=(20, 30), levels=2)


class TestDraftOfScatteredStrokes(InitializerConformance):
    @pytest.fixture
    def initializer(self):
        return load_initializer("draft")

    @pytest.fixture
    def renderer(self):
        return load_renderer("scatter", size=(20, 30))


class TestDraftWithoutLevels(InitializerConformance):
    @pytest.fixture
    def initializer(self):
        return load_initializer("draft")


class TestAgent(InitializerConformance):
    @pytest.fixture
    def initializer(self):
        return load_initializer("agent(name=mnist)")

    @pytest.fixture
    def renderer(self):
        return load_renderer("grid", rows=2, cols=2, size=(20, 24))


class TestAgentOnTheWholeCanvas(TestAgent):
    @pytest.fixture
    def renderer(self):
        return load_renderer("neural-splat", size=(24, 24))
