import math

import pytest
import torch

from diffpaint import Renderer, StrokeRenderer
from diffpaint.renderer import STROKE_ACTION


class Flat(Renderer):
    """One colour over the whole canvas: a renderer without strokes."""

    action_names = ("red", "green", "blue")

    def __init__(self, size=(4, 6)):
        super().__init__()
        self.size = size

    def forward(self, actions, canvas=None):
        canvas = self.check(actions, canvas)
        return actions.mean(1)[:, :, None, None].expand_as(canvas)


def test_initial_actions_stay_off_the_ends_and_spread_over_the_range(dots):
    actions = dots().initial(3, 50, torch.Generator().manual_seed(0))
    assert actions.shape == (3, 50, 7)
    assert 0.05 <= actions.min() < 0.06
    assert 0.94 < actions.max() <= 0.95


def test_without_a_canvas_it_paints_on_white(dots):
    actions = torch.zeros(2, 1, 7)  # no pressure
    assert torch.equal(dots()(actions), torch.ones(2, 3, 16, 20))


def test_paints_on_the_canvas_that_it_is_given(dots, rand):
    canvas = rand(2, 3, 16, 20)
    assert torch.equal(dots()(torch.zeros(2, 1, 7), canvas), canvas)


def test_the_last_stroke_lies_on_top(dots):
    big = [1.0, 1.0]
    actions = torch.tensor([[[*big, 1.0, 0.0, 0.0, 0.5, 0.5], [*big, 0.0, 0.0, 1.0, 0.5, 0.5]]])
    renderer = dots((21, 21))
    centre = renderer(actions)[0, :, 10, 10]
    torch.testing.assert_close(centre, torch.tensor([0.0, 0.0, 1.0]), atol=1e-5, rtol=0)
    other = renderer(actions.flip(1))[0, :, 10, 10]
    torch.testing.assert_close(other, torch.tensor([1.0, 0.0, 0.0]), atol=1e-5, rtol=0)


def test_many_strokes_are_rendered_as_each_would_be_alone(dots, rand):
    renderer = dots()
    many = renderer.strokes_at_once
    actions = rand(2, many, 7)  # two items: more than are rendered at once
    color, alpha = renderer.stack(actions)
    assert color.shape == (2, many, 3, 1, 1)
    assert alpha.shape == (2, many, 1, 16, 20)
    for b, t in ((0, 0), (0, many - 1), (1, 0), (1, many - 1)):
        alone = renderer.stroke(actions[b, t : t + 1])
        assert torch.equal(color[b, t], alone[0][0])
        torch.testing.assert_close(alpha[b, t], alone[1][0], atol=1e-6, rtol=0)


def test_without_strokes_the_canvas_stays(dots, rand):
    canvas = rand(2, 3, 16, 20)
    renderer = dots()
    assert torch.equal(renderer(torch.empty(2, 0, 7), canvas), canvas)
    assert renderer.strokes(torch.empty(0, 7))[1].shape == (0, 7)


def test_frames_grow_by_one_stroke_each(dots, rand):
    renderer, actions = dots(), rand(2, 4, 7)
    frames = list(renderer.frames(actions))
    assert len(frames) == 4
    for count, frame in enumerate(frames, 1):
        torch.testing.assert_close(frame, renderer(actions[:, :count]), atol=1e-6, rtol=0)
        assert not frame.requires_grad


def test_strokes_are_exported_in_pixels(dots):
    renderer = dots((32, 48))
    actions = torch.tensor([[0.7, 0.0, 0.1, 0.2, 0.3, 0.5, 0.25], [0.7, 1.0, 0.1, 0.2, 0.3, 0.0, 1.0]])
    columns, table = renderer.strokes(actions)
    assert columns == ("pressure", "radius", "red", "green", "blue", "x", "y")
    expected = torch.tensor([[0.7, 0.5, 0.1, 0.2, 0.3, 24.0, 8.0], [0.7, 3.0, 0.1, 0.2, 0.3, 0.0, 32.0]])
    torch.testing.assert_close(table, expected, atol=1e-5, rtol=0)
    assert actions[0, 5] == 0.5  # they are not changed


def test_a_size_stays_a_size_where_no_radius_is_known(dots):
    class Unknown(dots):
        radius = None

    columns, table = Unknown().strokes(torch.full((1, 7), 0.5))
    assert columns == Unknown.action_names
    assert table[0, 1] == 0.5


def test_exported_strokes_are_where_the_paint_is(dots):
    renderer = dots((40, 60))
    actions = torch.tensor([[1.0, 0.7, 0.0, 0.0, 0.0, 0.4, 0.6]])
    _, ((_, radius, _, _, _, x, y),) = renderer.strokes(actions)
    paint = 1 - renderer(actions[None])[0, 0]
    down, across = torch.arange(40)[:, None] + 0.5, torch.arange(60) + 0.5
    assert (paint * across).sum() / paint.sum() == pytest.approx(x.item(), abs=1e-3)
    assert (paint * down).sum() / paint.sum() == pytest.approx(y.item(), abs=1e-3)
    spread = (paint * (across - x).square()).sum() / paint.sum()
    assert math.sqrt(spread) == pytest.approx(radius.item(), rel=1e-2)


def test_positions_are_found_by_name(dots):
    renderer = dots()
    assert renderer.positions() == ([5], [6])
    renderer.action_names = STROKE_ACTION
    assert renderer.positions() == ([6, 8, 10], [7, 9, 11])
    renderer.action_names = ("red", "max", "x_ray", "y")  # only x, and names that end in _x
    assert renderer.positions() == ([], [3])


def test_a_renderer_without_strokes_has_one_frame_and_no_columns(rand):
    renderer, actions = Flat(), rand(2, 3, 3)
    frames = list(renderer.frames(actions.requires_grad_()))
    assert len(frames) == 1
    assert torch.equal(frames[0], renderer(actions))
    assert not frames[0].requires_grad
    columns, table = renderer.strokes(actions[0])
    assert columns == ()
    assert table.shape == (3, 0)


def test_knows_its_device_and_its_cell(dots):
    assert Flat().device == torch.device("cpu")  # it holds nothing
    renderer = dots((12, 30))
    assert renderer.device == torch.device("cpu")
    assert renderer.to("meta").device == torch.device("meta")
    assert renderer.cell == 12.0


def test_is_abstract():
    with pytest.raises(TypeError, match="forward"):
        Renderer()
    with pytest.raises(TypeError, match="stroke"):
        StrokeRenderer()


@pytest.mark.parametrize("shape", [(2, 4, 6), (4, 7), (1, 2, 4, 7), (7,)])
def test_wrong_actions_are_explained(dots, shape):
    with pytest.raises(ValueError, match="pressure, size, red") as error:
        dots()(torch.zeros(shape))
    assert str(shape) in str(error.value)
    assert "(batch, strokes, 7)" in str(error.value)


@pytest.mark.parametrize("shape", [(2, 3, 16, 21), (1, 3, 16, 20), (2, 1, 16, 20), (3, 16, 20)])
def test_wrong_canvas_is_explained(dots, shape):
    with pytest.raises(ValueError, match="canvas") as error:
        dots()(torch.zeros(2, 1, 7), torch.zeros(shape))
    assert str(shape) in str(error.value)
    assert "(2, 3, 16, 20)" in str(error.value)


def test_long_lists_of_actions_are_cut_in_messages():
    renderer = Flat()
    renderer.action_names = tuple(f"knob{index}" for index in range(300))
    with pytest.raises(ValueError, match="knob15, and 284 more"):
        renderer(torch.zeros(1, 1, 3))
