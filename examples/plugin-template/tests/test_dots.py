"""The suites that every plugin of diffpaint has to pass, and a test of what each of these is for."""

import functools

import pytest
import torch
from diffpaint import Pixel, load_constraint, load_initializer, load_renderer, paint
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


class TestHorizontalInGrid(TestHorizontal):
    @pytest.fixture
    def renderer(self):
        return load_renderer("grid", rows=2, cols=3, size=(20, 31))


class TestDarkSpots(InitializerConformance):
    @pytest.fixture
    def renderer(self):
        return Dots(size=(24, 32))

    @pytest.fixture
    def initializer(self):
        return DarkSpots()


class TestDarkSpotsInGrid(TestDarkSpots):
    @pytest.fixture
    def renderer(self):
        return load_renderer("grid", rows=2, cols=3, size=(20, 31))


class TestDropFaint(StrategyConformance):
    @pytest.fixture
    def renderer(self):
        return Dots(size=(16, 20))

    @pytest.fixture
    def strategy(self):
        return DropFaint(every=3)


class TestTableWriter(WriterConformance):
    ending = ".tsv"

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


def test_the_bottom_of_a_gradient_is_its_last_colour():
    canvas = Gradient(size=(5, 3))(torch.tensor([[[1.0, 0.5, 0.0, 0.0, 0.5, 1.0]]]))
    assert canvas[0, :, 0, 0].tolist() == [1, 0.5, 0]
    assert canvas[0, :, -1, 0].tolist() == [0, 0.5, 1]
    assert torch.equal(canvas[..., 0], canvas[..., 2])


def test_ink_counts_where_the_photo_is_light():
    photo = torch.zeros(1, 3, 4, 4)
    photo[..., :2] = 1
    assert Ink(photo)(photo) == 0
    assert Ink(photo)(1 - photo) == 0.5


def test_strokes_in_a_grid_are_horizontal_in_px():
    grid = load_renderer("grid", rows=2, cols=1, size=(24, 40))
    wall = Pixel(torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(1)))
    constraint = load_constraint("diffpaint_dots.horizontal:Horizontal(angle=20)")
    painting = paint(grid, wall, strokes=6, steps=4, constraints=[constraint], device="cpu", progress=False)
    names, table = grid.strokes(painting.actions[0])
    across, down = (table[:, names.index(f"end_{axis}")] - table[:, names.index(f"start_{axis}")] for axis in "xy")
    angle = torch.atan2(down.abs(), across.abs()).rad2deg()
    assert 19 < angle.max() < 20.01


def test_dark_spots_are_where_the_photo_is_dark():
    grid = load_renderer("grid", renderer="diffpaint_dots:Dots", rows=2, cols=3, size=(20, 31))
    photo = torch.linspace(0, 1, 31).expand(1, 3, 20, -1)  # dark at the left
    by_chance = load_initializer("diffpaint_dots.dark_spots:DarkSpots(tries=1)")(grid, photo, 4)
    spots = load_initializer("diffpaint_dots.dark_spots:DarkSpots(tries=20)")(grid, photo, 4)
    left, right = (grid.strokes(actions[0])[1][:, 0].mean() for actions in (spots, by_chance))
    assert left < right - 2


def test_the_faintest_dot_goes_where_the_error_is():
    photo = torch.ones(1, 3, 20, 30)
    photo[..., 14:17, 24:27] = 0
    start = torch.full((1, 3, 7), 0.1)
    start[0, :, 3] = torch.tensor([0.9, 0.2, 0.9])
    goal, strategy = Pixel(photo), DropFaint(every=2)
    painting = paint(Dots((20, 30)), goal, actions=start, steps=4, lr=1e-3, strategy=strategy, progress=False)
    x, y, _, opacity = painting.actions[0, :, :4].T
    assert opacity[:2].min() > 0.8
    assert 24 < x[2] * 30 < 27
    assert 14 < y[2] * 20 < 17
