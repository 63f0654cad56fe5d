"""Actions of the whole canvas: a camera, the colour of the ground."""

from dataclasses import dataclass

import pytest
import torch

import diffpaint
from diffpaint import Constraint, Painting, Strategy, paint, param_f
from diffpaint.strategy import Change


@pytest.fixture
def tinted(dots):
    class Tinted(dots):
        """Dots on a ground of a colour, and moved by a camera; ``camera_x`` is no position of a stroke."""

        action_names = (*dots.action_names, "camera_x", "ground")
        shared = ("camera_x", "ground")

        def stroke(self, actions):
            moved = actions.clone()
            moved[:, 5] = actions[:, 5] + 0.2 * (actions[:, 7] - 0.5)
            color, alpha = super().stroke(moved[:, :7])
            return color * actions[:, 8, None, None, None], alpha

    return Tinted


@dataclass(frozen=True)
class Middling(Constraint):
    """Everything is a half."""

    def __call__(self, actions, renderer, moment):
        return 0 * actions + 0.5

    def holds(self, actions, renderer):
        own = [index for index, name in enumerate(renderer.action_names) if name not in renderer.shared]
        return bool((actions[..., own] == 0.5).all())


def same_in_all(actions):
    return torch.equal(actions[:, :, 7:], actions[:, :1, 7:].expand(-1, actions.shape[1], -1))


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
def test_all_strokes_of_a_canvas_share_them_and_they_are_learned(tinted, dark, optimizer):
    renderer = tinted((10, 12))
    given = renderer.initial(2, 5, torch.Generator().manual_seed(0))
    painting = paint(renderer, dark, actions=given, steps=10, optimizer=optimizer, device="cpu", progress=False)
    assert same_in_all(painting.actions)
    assert not torch.equal(painting.actions[0, 0, 7:], painting.actions[1, 0, 7:])  # another canvas has its own
    assert (painting.actions[:, 0, 8] < given[:, 0, 8]).all()  # a darker ground is darker


def test_constraints_on_strokes_leave_them_alone(tinted, dark):
    renderer = tinted((10, 12))
    painting = paint(renderer, dark, constraints=[Middling()], strokes=3, steps=4, device="cpu", progress=False)
    assert (painting.actions[..., :7] == 0.5).all()
    assert (painting.actions[..., 7:] != 0.5).all()


def test_a_learning_rate_of_their_own(tinted, dark):
    renderer = tinted((10, 12))
    start = renderer.initial(1, 3, torch.Generator().manual_seed(0))
    start = renderer.shared_from(start, start)

    def moved(**options):
        painting = paint(renderer, dark, actions=start, steps=3, device="cpu", progress=False, **options)
        return (painting.actions - start).abs().amax((0, 1))

    slow = moved(lr={"ground": 1e-4})
    assert slow[8] < 0.01 * moved()[8]
    assert slow[0] > 0.01


def test_documents_hold_them_once_and_give_the_same_canvas(tinted, dark, tmp_path):
    renderer = tinted((10, 12))
    painting = paint(renderer, dark, strokes=3, steps=2, device="cpu", progress=False)
    document = painting.document()
    assert set(document["shared"]) == {"camera_x", "ground"}
    assert len(document["action_names"]) == len(document["actions"][0]) == 7
    assert "ground" not in document["stroke_columns"]
    painting.save(tmp_path / "a.json")
    again = Painting.load(tmp_path / "a.json", tinted((10, 12)))
    assert torch.equal(again.canvas, painting.canvas)
    assert torch.equal(again.actions, painting.actions)


def test_films_and_larger_renderings_know_them(tinted, dark):
    painting = paint(tinted((10, 12)), dark, strokes=3, steps=2, device="cpu", progress=False)
    assert torch.equal(list(painting.frames())[-1], painting.canvas)
    large = painting.rendered_by(tinted((20, 24)))
    assert torch.equal(large.actions, painting.actions)


def test_a_grid_shares_them_over_all_its_cells(tinted, dark):
    grid = diffpaint.load_renderer("grid", renderer=tinted((12, 12)), rows=2, cols=3)
    painting = paint(grid, dark, strokes=2, steps=3, device="cpu", progress=False)
    assert grid.shared == ("camera_x", "ground")
    assert painting.actions.shape == (1, 12, 9)
    assert same_in_all(painting.actions)
    assert grid.positions() == ([5], [6])


@pytest.mark.parametrize("name", ["grid", "pyramid"])
def test_in_grids_they_may_come_before_the_positions(dots, name, monkeypatch):
    class Lit(dots):
        """Dots in a light."""

        action_names = ("light", *dots.action_names)
        shared = ("light",)

        def stroke(self, actions):
            color, alpha = super().stroke(actions[:, 1:])
            return color * actions[:, :1, None, None], alpha

    monkeypatch.setitem(globals(), "Lit", Lit)
    monkeypatch.setitem(globals(), "Dots", dots)
    options = {"rows": 2, "cols": 3, "size": (32, 48), "levels": 2} if name == "pyramid" else {"rows": 2, "cols": 3}
    plain, lit = (diffpaint.load_renderer(name, renderer=f"{__name__}:{one}", **options) for one in ("Dots", "Lit"))
    actions = lit.initial(1, 2, torch.Generator().manual_seed(0))
    names, table = lit.strokes(actions[0])
    wanted = plain.strokes(actions[0, :, 1:])
    assert names == wanted[0]
    assert torch.equal(table, wanted[1])
    target = torch.rand(1, 3, *lit.size, generator=torch.Generator().manual_seed(0))
    start = diffpaint.load_initializer("draft")(lit, target, 2)
    assert start.shape == actions.shape


@dataclass(frozen=True)
class Lowest(Strategy):
    """After the second step, a new stroke is below all others and claims other shared actions; or the lowest goes."""

    dropped: bool

    def __call__(self, moment, canvas, gradient):
        if moment.step != 1:
            return None
        count = moment.actions.shape[1]
        if self.dropped:
            return Change(moment.actions[:, 1:], torch.arange(1, count)[None])
        new = torch.full_like(moment.actions[:, :1], 0.9)
        new[..., 0] = 0  # no pressure: it changes no canvas
        return Change(torch.cat([new, moment.actions], 1), torch.arange(-1, count)[None])


@pytest.mark.parametrize("dropped", [False, True])
def test_they_go_on_whichever_strokes_come_and_go(tinted, dark, dropped):
    renderer = tinted((10, 12))
    start = renderer.initial(1, 3, torch.Generator().manual_seed(0))
    start[0, 0, 0] = 1e-3  # so that the canvas is nearly the same without the first

    def run(strategy, steps=6):
        return paint(renderer, dark, actions=start, steps=steps, strategy=strategy, device="cpu", progress=False)

    changed = run(Lowest(dropped)).actions
    assert changed.shape[1] == (2 if dropped else 4)
    assert same_in_all(changed)
    torch.testing.assert_close(changed[:, 0, 7:], run(None).actions[:, 0, 7:], atol=2e-3, rtol=0)


def test_a_resumed_painting_is_the_same(tinted, dark, tmp_path):
    def run(**options):
        return paint(tinted((10, 12)), dark, strokes=3, steps=6, device="cpu", progress=False, **options)

    file = tmp_path / "a.ckpt"
    run(checkpoint=file, callback=lambda step, *_: step == 2)
    assert torch.equal(run(checkpoint=file, resume=True).actions, run().actions)


def test_lucent_gets_them_too(tinted):
    parameterization = param_f(tinted((10, 12)), strokes=3, seed=0, device="cpu")
    (logits,), image = parameterization()
    image().mean().backward()
    assert logits.grad[0, 0, 7:].abs().min() > 0
    assert logits.grad[0, 1:, 7:].abs().max() == 0  # the first stroke's are everybody's
    assert same_in_all(parameterization.painting.actions)
