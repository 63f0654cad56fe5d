"""What agents are measured by."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import avg_pool2d

from diffpaint import load_renderer
from diffpaint.renderer import STROKE_ACTION
from diffpaint_agent import Pictures, load_agent, open_pictures
from diffpaint_agent.demonstrations import read_demonstrations
from diffpaint_agent.training import figures as module
from diffpaint_agent.training.figures import measure, visible_ink
from diffpaint_agent.training.replays import replay_all
from diffpaint_agent.training.sheet import painted_sheet

pytestmark = pytest.mark.usefixtures("engine")


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


class Ink:
    """Reads a label from how dark a canvas is, as different for canvases and replays as those are."""

    def reads(self, pictures):
        return (pictures.mean((1, 2, 3)) * 1e4).long() % 10


def test_figures_are_of_what_they_say(untrained, digits, monkeypatch):
    monkeypatch.setattr(module, "train_judge", lambda *given, **options: Ink())
    trained, tests = load_agent(untrained()), digits[1]
    figures, chosen, actions = measure(trained, digits, count=30, progress=False)
    assert chosen.tolist() == [index * 100 // 30 for index in range(30)]
    real, painter = tests[chosen], trained.painter(12)
    assert torch.equal(actions, trained.act(real, painter))
    shown = {"real": real, "painted": painter(actions), "replayed": replay_all(actions, painter)}
    errors = {kind: float((canvas - real).square().mean()) for kind, canvas in shown.items()}
    assert (figures.mse, figures.mse_replayed) == (pytest.approx(errors["painted"]), pytest.approx(errors["replayed"]))
    assert errors["painted"] != pytest.approx(errors["replayed"])
    right = {
        kind: float((Ink().reads(canvas) == tests.labels[chosen]).float().mean()) for kind, canvas in shown.items()
    }
    assert figures.read == pytest.approx(right)
    assert len(set(right.values())) == 3
    after = [float((Ink().reads(frame) == tests.labels[chosen]).float().mean()) for frame in painter.frames(actions)]
    assert figures.read_after == pytest.approx(after)
    assert figures.read_after[-1] == pytest.approx(right["painted"])
    assert "read right after 1, 2, ... strokes" in figures.table()


class Taught:
    """An agent that paints what it is given, whatever it sees."""

    def __init__(self, actions, painter):
        self.left, self.one = actions, painter

    def painter(self, size):
        return self.one

    def act(self, pictures, painter):
        some, self.left = self.left[: len(pictures)], self.left[len(pictures) :]
        return some


def test_order_is_measured_digit_by_digit(painter):
    """Painted as the demonstrations wants it, but for the 1s, which are painted backwards."""
    demonstrations = read_demonstrations("digits", 8)
    labels = torch.arange(7).repeat(20)
    actions = demonstrations.actions[labels]
    back = actions[labels == 1].flip(1)
    back[..., 6:] = back[..., [10, 11, 8, 9, 6, 7]]
    actions[labels == 1] = back
    tests = Pictures("made up", torch.full((140, 1, 28, 28), 255, dtype=torch.uint8), labels)
    learned = Pictures("without labels", tests.pictures, None)
    figures, _, _ = measure(Taught(actions, painter), (learned, tests), demonstrations=demonstrations, progress=False)
    assert figures.directions == {demonstrations.names[0]: 1, demonstrations.names[1]: 0}
    assert figures.sequences == dict.fromkeys(demonstrations.names[:7], 20)
    assert figures.order.pop(demonstrations.names[1]) < -0.9
    assert min(figures.order.values()) > 0.99


def test_a_sheet_shows_picture_canvas_and_replay(untrained, digits, tmp_path):
    trained = load_agent(untrained())
    painter, pictures = trained.painter(12), digits[1][slice(2)]
    actions = trained.act(pictures, painter)
    painted_sheet(tmp_path / "sheet.png", pictures, actions, painter)
    with Image.open(tmp_path / "sheet.png") as sheet:
        page = torch.from_numpy(np.asarray(sheet, dtype=np.float32) / 255).permute(2, 0, 1)
    wanted = (pictures, painter(actions), replay_all(actions, painter))
    for column, canvases in enumerate(wanted):  # 12 px are shown five times larger, in frames of 2 px
        for row, canvas in enumerate(canvases):
            left = row * (3 * 60 + 4) + 2 + column * 60
            assert (page[:, 4:62:5, left + 2 : left + 60 : 5] - canvas).abs().max() < 0.01


def test_figures_at_another_size_than_the_agent_sees(untrained, mnist, digits):
    trained = load_agent(untrained())
    small, chosen, actions = measure(trained, digits, count=6, progress=False)
    large, same, again = measure(trained, open_pictures(str(mnist), 24), shown_to=digits[1], count=6, progress=False)
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
