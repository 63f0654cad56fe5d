"""Strokes where the picture needs them: peaks, edges, candidates, and the strategy that puts them there."""

import math

import pytest
import torch

import diffpaint
from diffpaint import Pixel, StrokeRenderer, load_initializer, load_renderer, load_strategy, paint, read_image
from diffpaint.renderer import Moment
from diffpaint_grid import rounds
from diffpaint_grid.placing import begun, directions, peaks, refitted
from diffpaint_grid.rounds import Rounds


@pytest.fixture(scope="module")
def photo():
    return read_image("tests/data/chelsea.jpg", (48, 72))


@pytest.fixture
def scattered():
    return load_renderer("scatter", size=(48, 72))


def painted(renderer, photo, strategy, steps=40, **options):
    given = {"steps": steps, "device": "cpu", "progress": False} | options
    return paint(renderer, Pixel(photo), strategy=strategy, **given)


def test_peaks_lie_where_the_error_is():
    error = torch.zeros(40, 60)
    error[10:14, 40:44] = 3.0
    error[30:34, 8:12] = 1.0
    places = peaks(error, 8, 2.0)
    near, far = (((places - torch.tensor(place)).float().norm(dim=1) < 8).sum() for place in ([12, 42], [32, 10]))
    assert near + far == 8
    assert near > far >= 1  # three quarters of the error are near


def test_peaks_of_no_error_are_somewhere():
    places = peaks(torch.zeros(5, 7), 3, 20.0)
    assert places.shape == (3, 2)
    assert (places >= 0).all()
    assert (places < torch.tensor([5, 7])).all()


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.2, -0.7])
def test_directions_go_along_edges(angle):
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(40.0), indexing="ij")
    wave = (0.5 * (x * -math.sin(angle) + y * math.cos(angle))).sin() / 2 + 0.5
    found = directions(wave.expand(3, -1, -1))[20, 20]
    assert math.sin(float(found) - angle) == pytest.approx(0, abs=0.05)


def test_each_new_stroke_brings_the_canvas_nearer(scattered, photo):
    canvas = torch.full_like(photo[0], 0.5)
    new = begun(scattered, photo[0], canvas, 4, 4, torch.Generator().manual_seed(0))
    assert new.shape == (4, 15)
    before = (canvas - photo[0]).square().sum()
    for one in new:
        assert (scattered(one[None, None], canvas[None])[0] - photo[0]).square().sum() < before


def test_a_refitted_stroke_is_drawn_as_it_was(scattered):
    """Strokes that fill their patches, or next to nothing of them, lie in others, and look the same."""
    actions = scattered.initial(1, 40, torch.Generator().manual_seed(3))[0]
    actions[:20, 6:12] = 0.5 + 0.1 * (actions[:20, 6:12] - 0.5)  # short
    actions[:20, 2] = 0.05  # and thin
    actions[20:, [6, 7]], actions[20:, [10, 11]] = 0.05, 0.95  # from corner to corner
    actions[:, -1] = 0.6
    found = refitted(scattered, actions)
    moved = (found != actions).any(1)
    assert moved.sum() > 30
    names, before = scattered.strokes(actions)
    after = scattered.strokes(found)[1]
    pixels = [index for index, name in enumerate(names) if name == "radius" or name.endswith(("_x", "_y"))]
    assert (after[moved][:, pixels] - before[moved][:, pixels]).abs().quantile(0.9) < 0.5
    assert (after[:20, -1] <= before[:20, -1]).all()
    assert (after[20:, -1] >= before[20:, -1]).all()
    again = refitted(scattered, found)
    assert (again != found).any(1).sum() <= 4  # it comes to rest


def test_all_strokes_come_and_the_picture_nearer(scattered, photo):
    strategy = Rounds(40, target=photo)
    start = load_initializer("draft")(scattered, photo, strategy.first)
    painting = painted(scattered, photo, strategy, steps=60, actions=start)
    assert painting.actions.shape == (1, 40, 15)
    sides = scattered.placed(painting.actions[0])[1]
    assert torch.equal(sides, sides.sort().values)
    grid = load_renderer("grid", rows=4, cols=5, size=(48, 72))
    even = paint(grid, Pixel(photo), strokes=2, steps=60, device="cpu", progress=False)
    assert painting.losses[-1] < 0.75 * even.losses[-1]


class Blots(StrokeRenderer):
    """A disc in the middle of its patch, black: no place, no colour, and one radius."""

    action_names = ("size", "opacity")
    radius = (8.0, 8.0)

    def __init__(self, size=(64, 64)):
        super().__init__()
        self.size = size

    def stroke(self, actions):
        y, x = (torch.linspace(-1, 1, side) for side in self.size)
        width = 0.3 + 0.5 * actions[:, 0, None, None]
        disc = torch.sigmoid(20 * (width - (x**2 + y[:, None] ** 2).sqrt()))
        return actions.new_zeros(len(actions), 3, 1, 1), (disc * actions[:, 1, None, None])[:, None]


class Spots(Blots):
    """The same in one colour each, at a place."""

    action_names = ("x", "y", "opacity", "red", "green", "blue")
    radius = None

    def stroke(self, actions):
        y, x = (torch.linspace(0, 1, side) for side in self.size)
        apart = (x - actions[:, 0, None, None]) ** 2 + (y[:, None] - actions[:, 1, None, None]) ** 2
        return actions[:, 3:, None, None], ((-40 * apart).exp() * actions[:, 2, None, None])[:, None]


@pytest.mark.parametrize("name", ["Blots", "Spots"])
def test_strokes_of_other_kinds_are_placed_too(photo, name):
    renderer = load_renderer("scatter", renderer=f"{__name__}:{name}", size=(48, 72))
    painting = painted(
        renderer, photo, Rounds(30, target=photo), actions=load_initializer("draft")(renderer, photo, 12)
    )
    assert painting.actions.shape[1] == 30
    assert painting.actions.isfinite().all()
    assert painting.losses[-1] < 0.9 * painting.losses[0]


def test_another_focus_is_another_strategy(photo):
    left, right = torch.zeros(1, 3, 48, 72), torch.zeros(1, 3, 48, 72)
    left[..., :36], right[..., 36:] = 1, 1
    assert len({repr(Rounds(30, target=photo, focus=focus)) for focus in (left, right, None)}) == 3


def test_it_begins_with_a_few(scattered, photo):
    strategy = load_strategy("rounds(strokes=100)", photo)
    begun = painted(scattered, photo, strategy, steps=1000, callback=lambda *_: True)
    assert begun.actions.shape[1] == strategy.first == 12


def test_batches_have_places_of_their_own(scattered, photo):
    pictures = torch.cat([photo, photo.flip(3)])
    painting = paint(
        scattered,
        Pixel(pictures),
        strategy=Rounds(20, target=pictures),
        batch=2,
        steps=20,
        device="cpu",
        progress=False,
    )
    assert painting.actions.shape == (2, 20, 15)
    assert not torch.equal(painting.actions[0, :, -3:], painting.actions[1, :, -3:])


@pytest.mark.parametrize("stop", [3, 15, 22])
def test_a_resumed_painting_is_the_same(scattered, photo, tmp_path, stop):
    strategy, file = Rounds(30, target=photo, seed=3), tmp_path / "a.ckpt"
    whole = painted(scattered, photo, strategy, steps=30)
    painted(scattered, photo, strategy, steps=30, checkpoint=file, callback=lambda step, *_: step == stop)
    resumed = painted(scattered, photo, strategy, steps=30, checkpoint=file, resume=True)
    assert torch.equal(resumed.actions, whole.actions)


def test_constraints_hold(scattered, photo):
    limit, grey = diffpaint.load_constraint("limit(name=size, low=0, high=0.3)"), diffpaint.load_constraint("greyscale")
    painting = painted(scattered, photo, Rounds(30, target=photo), constraints=[limit, grey])
    assert painting.actions.shape[1] == 30
    assert limit.holds(painting.actions, scattered)
    assert grey.holds(painting.actions, scattered)


@pytest.mark.parametrize(("options", "moves"), [({}, 10), ({"moves": 2}, 2)])
def test_those_worth_least_are_moved(scattered, photo, monkeypatch, options, moves):
    """A stroke that is covered by others is worth nothing: it goes."""
    monkeypatch.setattr(rounds, "MOVED", 0.1)
    generator = torch.Generator().manual_seed(0)
    actions = scattered.initial(1, 10, generator)
    hidden = actions[:, :1].clone()
    hidden[..., :2] = 1e-4  # no pressure
    actions = torch.cat([hidden, actions[:, 1:]], 1)
    canvas = scattered(actions)
    ground = torch.ones_like(canvas)
    strategy = Rounds(10, target=photo, **options)
    steps = [step for step in range(100) if strategy(Moment(step, 100, actions, scattered, ground), canvas, canvas)]
    assert len(steps) == moves
    change = strategy(Moment(steps[0], 100, actions, scattered, ground), canvas, canvas)
    assert sorted(change.kept[0].tolist()) == [-1, *range(1, 10)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strokes": 0}, "strokes must be at least 1, got 0"),
        ({"moves": -1}, "moves must be at least 0, got -1"),
        ({"target": torch.full((1, 3, 4, 4), 7.0)}, "target holds 7"),
    ],
)
def test_bad_arguments_are_explained(photo, options, said):
    with pytest.raises(ValueError, match=said):
        Rounds(**{"target": photo} | options)


def test_other_renderers_are_refused(photo):
    with pytest.raises(ValueError, match="rounds place strokes of scatter; Grid is another renderer"):
        painted(load_renderer("grid", rows=2, cols=2, size=(48, 72)), photo, Rounds(10, target=photo), strokes=1)
