"""The conformance suite over every renderer that this distribution registers."""

import pytest

import diffpaint
from diffpaint.testing import RendererConformance


class TestNeuralSplat(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-splat", size=(24, 24))


class TestNeuralSplatOblong(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-splat", size=(16, 28))


class TestNeuralDabs(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-dabs", size=(24, 24))


class TestNeuralDabsOblong(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-dabs", size=(16, 28))


class TestNeuralVAE(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-vae", size=(24, 24))


class TestNeuralGAN(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-gan", size=(24, 24))


class TestGrid(RendererConformance):
    strokes = 2

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("grid", rows=2, cols=3, size=(20, 31))


class TestPyramid(RendererConformance):
    strokes = 1

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("pyramid", rows=2, cols=3, size=(20, 31), levels=2)


class TestGridOfFixedPatches(RendererConformance):
    strokes = 1

    @pytest.fixture
    def renderer(self):
        patch = diffpaint.load_renderer("neural-splat", size=(16, 16))
        return diffpaint.load_renderer("grid", renderer=patch, size=(11, 17), overlap=0.0, margin=0.3)


class TestGridScaled(RendererConformance):
    strokes = 1

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("grid", rows=1, cols=2, size=(10, 17), scale=2)


class TestScatter(RendererConformance):
    strokes = 6

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("scatter", size=(20, 31))


class TestScatterScaled(RendererConformance):
    strokes = 5

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("scatter", size=(24, 17), scale=2, margin=0.3)


class TestCPPN(RendererConformance):
    strokes = 1
    has_strokes = False

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("cppn", size=(7, 9), hidden=3, layers=3)


class TestFourier(RendererConformance):
    strokes = 1
    has_strokes = False

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("fourier", size=(7, 10), waves=3)


class TestFourierOfWavesTooFineForItsPixels(TestFourier):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("fourier", size=(6, 4), waves=4)
