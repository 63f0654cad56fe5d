"""Strokes in boxes: the same as on whole canvases, for less."""

import pytest
import torch

import diffpaint
from diffpaint import fast
from diffpaint_neural import boxes, splat
from diffpaint_neural.boxes import FAINT, draw_in_boxes, extent

PAINTERS = ["neural-splat", "neural-dabs"]


@pytest.fixture(autouse=True)
def _by_torch(monkeypatch):
    """Compiled code has no boxes."""
    monkeypatch.setattr(fast, "installed", lambda: False)


@pytest.fixture
def actions():
    """Strokes of all sorts, some of which hardly press or reach beyond the canvas."""
    actions = torch.rand(90, 12, generator=torch.Generator().manual_seed(0))
    actions[:5, :2] = 0
    actions[5:10, 6:] = actions[5:10, 6:].round()
    return actions


def with_gradient(painter, actions):
    actions = actions.clone().requires_grad_()
    alpha = painter.stroke(actions)[1]
    weights = torch.rand(alpha.shape, generator=torch.Generator().manual_seed(1))
    (alpha * weights).sum().backward()
    return alpha.detach(), actions.grad


@pytest.mark.parametrize("name", PAINTERS)
@pytest.mark.parametrize("size", [(64, 64), (50, 83)])
def test_boxes_change_neither_strokes_nor_gradients(actions, monkeypatch, name, size):
    painter = diffpaint.load_renderer(name, size=size)
    boxed, slope = with_gradient(painter, actions)
    monkeypatch.setattr(boxes, "WORTH", 10**9)
    whole, plain = with_gradient(painter, actions)
    assert (boxed == 0).sum() > (whole == 0).sum()  # or both ways were the same
    assert (boxed == 0).float().mean() > 0.2
    torch.testing.assert_close(boxed, whole, atol=2e-4, rtol=0)
    torch.testing.assert_close(slope, plain, atol=2e-3 * plain.abs().max().item(), rtol=0)


def test_whole_canvases_are_drawn_a_few_at_a_time(actions, monkeypatch):
    """Where boxes do not pay, as on a GPU, memory has a bound too, and the strokes are the same."""
    painter = diffpaint.load_renderer("neural-splat", size=(20, 30))
    monkeypatch.setattr(boxes, "WORTH", 10**9)
    together, slope = with_gradient(painter, actions)
    calls, draw_in_boxes = [], boxes.draw_in_boxes

    def counted(down, across, size, draw):
        def one(*arguments):
            calls.append(len(arguments[0]))
            return draw(*arguments)

        return draw_in_boxes(down, across, size, one)

    monkeypatch.setattr(splat, "draw_in_boxes", counted)
    monkeypatch.setattr(boxes, "WHOLE_AT_ONCE", 20 * 30 * 40)
    few, plain = with_gradient(painter, actions)
    assert calls == [40, 40, 10]
    torch.testing.assert_close(few, together, atol=1e-6, rtol=0)
    torch.testing.assert_close(plain, slope, atol=1e-4 * slope.abs().max().item(), rtol=0)


def test_gaussians_end_where_they_are_faint():
    centre, deviation = torch.tensor([[0.5], [0.5]]), torch.tensor([[0.1], [0.1]])
    (first, none), (last, at_all) = extent(centre, deviation, torch.tensor([[2.0], [FAINT / 2]]))
    torch.testing.assert_close(2 * torch.exp(-0.5 * ((last - 0.5) / 0.1) ** 2), torch.tensor(FAINT), rtol=1e-3, atol=0)
    torch.testing.assert_close(last - 0.5, 0.5 - first)
    assert none > at_all


def test_what_is_drawn_lands_in_its_box(monkeypatch):
    monkeypatch.setattr(boxes, "WORTH", 0)
    down = torch.tensor([[0.1, 0.9, -1.0, 0.2], [0.2, 2.0, -0.5, 0.1]])  # inside, over the edge, outside, nowhere
    across = torch.tensor([[0.6, 0.0, 0.0, 0.0], [0.7, 2.0, 1.0, 1.0]])

    def draw(some, top, left, box):
        return (1.0 + some)[:, None, None].expand(-1, *box)

    alpha = draw_in_boxes(down, across, (16, 32), draw)
    assert alpha.shape == (4, 16, 32)
    for number, (rows, columns) in enumerate([((1, 5), (9, 17)), ((12, 16), (0, 32))]):
        wanted = torch.zeros(16, 32)
        wanted[slice(*rows), slice(*columns)] = 1 + number
        assert torch.equal(alpha[number], wanted)
    assert not alpha[2:].any()
    assert draw_in_boxes(down[:, 2:], across[:, 2:], (16, 32), draw).shape == (2, 16, 32)
