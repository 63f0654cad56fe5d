"""What agents are measured by."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from diffpaint import STROKE_ACTION, load_renderer
from diffpaint_agent import load_agent, open_pictures
from diffpaint_agent.training.figures import measure, visible_ink
from diffpaint_agent.training.replays import replay_all


def stroke(**values):
    """A thick black stroke across the middle, but for what ``values`` say."""
    middle = {"start_pressure": 1.0, "end_pressure": 1.0, "size": 0.8, "red": 0.0, "green": 0.0, "blue": 0.0}
    middle |= {"start_x": 0.2, "start_y": 0.5, "control_x": 0.5, "control_y": 0.5, "end_x": 0.8, "end_y": 0.5}
    return [{**middle, **values}[name] for name in STROKE_ACTION]


LOW, HIGH = ({"start_y": y, "control_y": y, "end_y": y, "size": 0.2} for y in (0.8, 0.2))


@pytest.fixture(scope="module")
def painter():
    return load_renderer("neural-splat", size=(28, 28))


def test_ink_under_a_later_stroke_is_not_visible(painter):
    """A stroke under its like is hidden but for what shows through, and one far from others is not hidden."""
    alpha = painter.stack(torch.tensor([[stroke()]]))[1]
    ink, seen = visible_ink(torch.tensor([[stroke(), stroke()]]), painter)
    assert ink.tolist() == pytest.approx([float(alpha.sum())] * 2, rel=1e-4)
    assert seen.tolist() == pytest.approx([float((alpha * (1 - alpha)).sum()), float(alpha.sum())], rel=1e-4)
    ink, seen = visible_ink(torch.tensor([[stroke(**LOW), stroke(**HIGH)]]), painter)
    assert seen.tolist() == pytest.approx(ink.tolist(), rel=0.01)


def test_replays_show_what_the_painter_believes(painter):
    """In the right place, order and colour, and as thick: once blurred, for a dry brush is grainy."""
    down = {"start_x": 0.5, "control_x": 0.5, "end_x": 0.5, "start_y": 0.2, "end_y": 0.8}
    thick = {"size": 0.5}
    actions = torch.tensor(
        [[stroke(**LOW), stroke(**HIGH)], [stroke(**thick, red=1.0), stroke(**thick, **down, blue=1.0)]]
    )
    believed, replayed = (avg_pool2d(canvas, 7, 1, 3) for canvas in (painter(actions), replay_all(actions, painter)))
    off = (believed - replayed).abs().mean((1, 2, 3))
    assert (off < 0.2 * (1 - replayed).mean((1, 2, 3))).all()
    swapped = avg_pool2d(replay_all(actions.flip(1), painter), 7, 1, 3)
    assert (believed - swapped)[1].abs().mean() > 2 * off[1]
    assert torch.equal(avg_pool2d(replay_all(actions, painter), 7, 1, 3), replayed)  # the engine begins anew each time


def test_figures_at_another_size_than_the_agent_sees(untrained, mnist, digits):
    trained = load_agent(untrained())
    small, chosen, actions = measure(trained, digits, count=6, progress=False)
    large, same, again = measure(trained, open_pictures(str(mnist), 24), seen=digits[1], count=6, progress=False)
    assert torch.equal(chosen, same)
    assert torch.equal(actions, again)
    assert large.mse == pytest.approx(small.mse, rel=0.3)
    assert large.mse != small.mse


def test_without_labels_nothing_is_read(untrained, mnist):
    trained = load_agent(untrained())
    learned, tests = open_pictures(str(mnist), 12)
    figures, _, _ = measure(trained, (learned, type(tests)("digits", tests.pictures, None)), count=4, progress=False)
    assert figures.read is None
    assert "read right" not in figures.table()
    assert figures.mse > 0
