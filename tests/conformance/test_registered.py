"""The conformance suites over every plugin that this distribution registers."""

import pytest
import torch

import diffpaint
from diffpaint import Pixel
from diffpaint.testing import ObjectiveConformance, RendererConformance
from diffpaint_lucent import Activation, Content, Style


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


class TestPixel(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Pixel(torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)))


class TestPixelL1(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Pixel(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)), norm="l1")


class TestContent(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self):
        return Content(torch.rand(1, 3, 48, 40, generator=torch.Generator().manual_seed(1)))


class TestStyle(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self):
        return Style(torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(1)))


class TestActivation(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Activation("labels:388")


class TestActivationOfALayerInTwoNetworks(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Activation("_blocks_4:3", models=["efficientnet-lite0", "efficientnet-lite1"], views=1)


class TestCPPN(RendererConformance):
    strokes = 1
    has_strokes = False

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("cppn", size=(7, 9), hidden=3, layers=3)


def test_every_registered_plugin_is_tested_here():
    tested = (
        {"neural-splat", "neural-dabs", "neural-vae", "neural-gan", "grid", "pyramid", "cppn"},
        {"pixel", "content", "style", "activation"},
    )
    assert set(diffpaint.names("renderers")) == tested[0]
    assert set(diffpaint.names("objectives")) == tested[1]
