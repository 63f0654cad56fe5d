"""The suites that every plugin of diffpaint has to pass, and one test of what makes dots dots."""

import functools

import pytest
import torch
from diffpaint import load_renderer
from diffpaint.testing import (
    CommandConformance,
    ConstraintConformance,
    InitializerConformance,
    ObjectiveConformance,
    RecipeConformance,
    RendererConformance,
    StrategyConformance,
    WriterConformance,
)

from diffpaint_dots import Dots
from diffpaint_dots.count import count
from diffpaint_dots.dark_spots import DarkSpots
from diffpaint_dots.drop_faint import DropFaint
from diffpaint_dots.gradient import Gradient
from diffpaint_dots.horizontal import Horizontal
from diffpaint_dots.ink import Ink
from diffpaint_dots.learn import DotsRecipe, DotsSettings
from diffpaint_dots.table import TableWriter


class TestDots(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return Dots(size=(16, 20))


class TestDotsInGrid(RendererConformance):
    strokes = 2

    @pytest.fixture
    def renderer(self):
        return load_renderer("grid", renderer="diffpaint_dots:Dots", rows=2, cols=3, size=(20, 31))


class TestGradient(RendererConformance):
    has_strokes = False
    strokes = 1

    @pytest.fixture
    def renderer(self):
        return Gradient(size=(16, 20))


class TestInk(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Ink()


class TestInkOfPhoto(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Ink(target=torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)))


class TestHorizontal(ConstraintConformance):
    @pytest.fixture
    def constraint(self):
        return Horizontal(angle=10)


class TestDarkSpots(InitializerConformance):
    @pytest.fixture
    def renderer(self):
        return Dots(size=(24, 32))

    @pytest.fixture
    def initializer(self):
        return DarkSpots()


class TestDropFaint(StrategyConformance):
    @pytest.fixture
    def renderer(self):
        return Dots(size=(16, 20))

    @pytest.fixture
    def strategy(self):
        return DropFaint(every=3)


class TestTableWriter(WriterConformance):
    ending = ".csv"

    @pytest.fixture
    def writer(self):
        return TableWriter()


class TestDotsRecipe(RecipeConformance):
    @pytest.fixture
    def settings(self):
        return DotsSettings(steps=4, batch=8, hidden=4)

    @pytest.fixture
    def prepared(self):
        return functools.partial(DotsRecipe.prepare, side=8)


class TestCount(CommandConformance):
    @pytest.fixture
    def command(self):
        return count


def test_a_dot_is_round_and_in_its_place():
    dots = Dots(size=(60, 100))
    action = torch.tensor([[0.25, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0]])
    color, alpha = dots.stroke(action)
    assert color.flatten().tolist() == [1, 0, 0]
    dot = alpha[0, 0]
    assert dot[29:31, 24:26].min() > 0.99
    torch.testing.assert_close(dot[:, :50], dot[:, :50].flip(1))  # the same to the left and right of x = 25
    torch.testing.assert_close(dot[5:55, :50], dot[5:55, :50].T)  # the same across as down
