"""Constraints hold exactly: in the actions, in the saved document, and in what the engine draws."""

import itertools
import signal
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import diffpaint
from diffpaint import (
    Connected,
    Constraint,
    Fix,
    Greyscale,
    Levels,
    Limit,
    NotFiniteError,
    Objective,
    Painting,
    Palette,
    Pixel,
    Renderer,
    check_constraints,
    constrain,
    paint,
    param_f,
)
from diffpaint_mypaint import Brush, read_brush
from diffpaint_mypaint.replay import replay

QUIET = {"device": "cpu", "progress": False}
COLORS = ((0.1, 0.2, 0.3), (0.9, 0.7, 0.2), (0.95, 0.95, 0.9))
THIRDS = [float(np.float32(level / 3)) for level in range(4)]


class Lines(Renderer):
    """Actions of a painter, of which nothing is ever drawn."""

    action_names = diffpaint.STROKE_ACTION
    size = (8, 8)

    def forward(self, actions, canvas=None):
        raise AssertionError("constraints draw nothing")


class Ink(Renderer):
    """Strokes without colour, which may start somewhere and end nowhere."""

    action_names = ("pressure", "start_x", "start_y")
    size = (8, 8)

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas) * actions[:, :, :1, None].mean(1, keepdim=True)


@pytest.fixture
def actions(rand):
    """Two canvases of 50 strokes, the ends of [0, 1] among them."""
    drawn = rand(2, 50, 12)
    drawn[0, 0], drawn[0, 1] = 0.0, 1.0
    return drawn


@pytest.fixture
def make_grid():
    """2 x 3 cells that touch but do not overlap: 18 px a side at scale 1."""

    def made(scale=1):
        return diffpaint.load_renderer("grid", rows=2, cols=3, size=(36, 54), overlap=0.0, scale=scale)

    return made


def column(actions, name, renderer=Lines):
    return actions[..., renderer.action_names.index(name)]


def table(document, *names):
    """Columns of a document's strokes, {name: one number a stroke}."""
    columns = zip(*document["strokes"], strict=True)
    named = dict(zip(document["stroke_columns"], columns, strict=True))
    return [named[name] for name in names] if names else named


def same_but(one, other, *names):
    """Whether actions are the same in all other columns."""
    others = [index for index, name in enumerate(Lines.action_names) if name not in names]
    return torch.equal(one[..., others], other[..., others])


EACH = [
    Greyscale(),
    Palette(COLORS),
    Limit("size", 0.1, 0.3),
    Fix("end_pressure", 0.7),
    Levels("red", 4),
    Connected(),
]


# each alone


@pytest.mark.parametrize("constraint", EACH, ids=repr)
@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_stays_in_range_and_leaves_what_it_was_given(constraint, progress, actions):
    before = actions.clone()
    done = constraint(actions, Lines(), progress)
    assert torch.equal(actions, before)
    assert done.shape == actions.shape
    assert done.dtype == actions.dtype
    assert done.min() >= 0
    assert done.max() <= 1


@pytest.mark.parametrize("constraint", EACH, ids=repr)
def test_holds_exactly_in_the_end(constraint, actions):
    assert not constraint.holds(actions, Lines())
    done = constraint(actions, Lines(), 1.0)
    assert constraint.holds(done, Lines())
    assert torch.equal(constrain(actions, [constraint], Lines()), done)


@pytest.mark.parametrize("constraint", EACH, ids=repr)
def test_canvases_of_a_batch_are_independent(constraint, actions):
    together = constraint(actions, Lines(), 1.0)
    assert torch.equal(together, torch.cat([constraint(part, Lines(), 1.0) for part in actions.split(1)]))


@pytest.mark.parametrize("constraint", EACH, ids=repr)
@pytest.mark.parametrize("progress", [0.0, 0.5, 0.999, 1.0])
def test_gradient_is_finite_and_reaches_all_that_is_free(constraint, progress, actions, rand):
    actions = (0.05 + 0.9 * actions).requires_grad_()
    weight = rand(*actions.shape)
    (gradient,) = torch.autograd.grad((constraint(actions, Lines(), progress) * weight).sum(), actions)
    assert gradient.isfinite().all()
    reached = gradient.abs().amax((0, 1))
    dead = {name for name, most in zip(Lines.action_names, reached, strict=True) if most == 0}
    assert dead == ({"end_pressure"} if isinstance(constraint, Fix) else set())


@pytest.mark.parametrize(
    "constraint", [constraint for constraint in EACH if not isinstance(constraint, Levels)], ids=repr
)
def test_gradient_is_exact_where_it_is_smooth(constraint, rand):
    actions = (0.05 + 0.9 * rand(1, 3, 12, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: constraint(a, Lines(), 0.5), (actions,))


def test_greyscale_is_the_mean(actions):
    done = Greyscale()(actions, Lines(), 0.0)
    mean = actions[..., 3:6].mean(-1)
    for name in ("red", "green", "blue"):
        assert torch.equal(column(done, name), mean)
    assert same_but(done, actions, "red", "green", "blue")


def test_a_palette_gives_the_nearest_colour(actions):
    done = Palette(COLORS)(actions, Lines(), 1.0)
    for free, color in zip(actions.reshape(-1, 12).tolist(), done.reshape(-1, 12)[:, 3:6], strict=True):
        nearest = min(COLORS, key=lambda c: sum((a - b) ** 2 for a, b in zip(free[3:6], c, strict=True)))
        assert torch.equal(color, torch.tensor(nearest))
    assert same_but(done, actions, "red", "green", "blue")


def test_a_palette_hardens_with_progress(actions):
    palette = Palette(COLORS)
    end = palette(actions, Lines(), 1.0)
    far = [(palette(actions, Lines(), step / 10) - end)[..., 3:6].abs().mean().item() for step in range(11)]
    assert far == sorted(far, reverse=True)
    assert far[0] > 0.05
    assert far[9] < 0.01
    assert far[10] == 0


@pytest.mark.parametrize("colors", [[(0.2, 0.4, 0.6)], [(0.5, 0.5, 0.5)] * 3, [(0, 0, 0), (0, 0, 1e-6)]])
def test_a_palette_of_next_to_one_colour_has_no_nan(colors, actions):
    for progress in (0.0, 0.99, 1.0):
        free = actions.clone().requires_grad_()
        done = Palette(colors)(free, Lines(), progress)
        (gradient,) = torch.autograd.grad(done.sum(), free)
        assert gradient.isfinite().all()
        torch.testing.assert_close(done[..., 3:6], torch.tensor(colors[0]).expand(2, 50, 3).float())


def test_a_palette_takes_other_sequences(actions):
    assert Palette([list(color) for color in COLORS]) == Palette(np.array(COLORS)) == Palette(COLORS)
    assert "np." not in repr(Palette(np.array(COLORS)))


@pytest.mark.parametrize("low", [0.0, 0.1, 1 / 3])
@pytest.mark.parametrize("high", [0.7, 0.9999999, 1.0])
def test_a_limit_maps_the_whole_range_and_keeps_its_ends(low, high, actions):
    done = Limit("size", low, high)(actions, Lines(), 0.0)
    size = column(done, "size")
    torch.testing.assert_close(size, low + (high - low) * column(actions, "size"))
    assert size.min() == size[0, 0] == np.float32(low)
    assert size.max() == size[0, 1] == np.float32(high)
    assert same_but(done, actions, "size")


def test_levels_are_evenly_spaced_from_0_to_1(actions):
    done = Levels("size", 4)(actions, Lines(), 0.0)
    assert column(done, "size").unique().tolist() == THIRDS
    assert (column(done, "size") - column(actions, "size")).abs().max() <= 0.5 / 3 + 1e-6
    assert same_but(done, actions, "size")


@pytest.mark.parametrize("count", [2, 3, 10, 50, 256])
def test_a_level_stays_the_same_level(count, actions):
    levels = Levels("size", count)
    done = levels(actions, Lines(), 1.0)
    assert torch.equal(levels(done, Lines(), 1.0), done)
    assert {0.0, 1.0} <= set(column(done, "size").unique().tolist())


def test_levels_pass_the_gradient_on(actions, rand):
    actions.requires_grad_()
    weight = rand(*actions.shape)
    (gradient,) = torch.autograd.grad((Levels("size", 4)(actions, Lines(), 1.0) * weight).sum(), actions)
    assert torch.equal(gradient, weight)


def test_a_fixed_action_is_the_same_in_every_stroke(actions):
    done = Fix("end_pressure", 0.7)(actions, Lines(), 0.0)
    assert column(done, "end_pressure").unique().tolist() == [float(np.float32(0.7))]
    assert same_but(done, actions, "end_pressure")


def test_connected_strokes_follow_one_another(actions):
    done = Connected()(actions, Lines(), 0.0)
    for axis in "xy":
        assert torch.equal(column(done, f"start_{axis}")[:, 1:], column(actions, f"end_{axis}")[:, :-1])
        assert torch.equal(column(done, f"start_{axis}")[:, 0], column(actions, f"start_{axis}")[:, 0])
    assert same_but(done, actions, "start_x", "start_y")


def test_in_a_grid_the_stroke_before_is_of_the_same_cell(make_grid):
    grid = make_grid()
    origins = grid.lattice.origins(3)
    before = grid.previous(18)
    assert before[:6] == [-1] * 6
    assert all(origins[before[index]] == origins[index] for index in range(6, 18))
    assert all(0 <= index // 6 - before[index] // 6 == 1 for index in range(6, 18))
    assert grid.previous(0) == []


# together


def test_a_limit_after_levels_gives_levels_within_it(actions):
    both = [Levels("size", 3), Limit("size", 0.2, 0.4)]
    check_constraints(both, Lines())
    assert column(constrain(actions, both, Lines()), "size").unique().tolist() == pytest.approx([0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    "constraints",
    [
        [],
        EACH[:1] + EACH[2:4] + EACH[5:],
        [Greyscale(), *(Levels(name, 2) for name in ("red", "green", "blue"))],
        [Greyscale(), *(Limit(name, 0.2, 0.6) for name in ("red", "green", "blue")), Connected()],
        [Greyscale(), Palette([(0, 0, 0), (0.4, 0.4, 0.4), (1, 1, 1)])],
        [Limit("start_x", 0.2, 0.8), Limit("end_x", 0.2, 0.8), Connected()],
        [Levels("start_y", 5), Levels("end_y", 5), Connected()],
        [Limit("end_x", 0.2, 0.8), Connected()],
        [Fix("start_x", 0.5), Fix("end_x", 0.5), Connected()],
        [Limit("size", 0.0, 0.5), Fix("size", 0.5)],
    ],
    ids=repr,
)
def test_what_agrees_is_accepted(constraints, actions):
    check_constraints(constraints, Lines())
    done = constrain(actions, constraints, Lines())
    assert all(constraint.holds(done, Lines()) for constraint in constraints)


@pytest.mark.parametrize(
    ("constraints", "undone", "undoer"),
    [
        ([Limit("start_x", 0.2, 0.8), Connected()], 0, 1),
        ([Connected(), Limit("start_x", 0.2, 0.8)], 0, 1),
        ([Connected(), Limit("size", 0, 0.5), Fix("end_y", 0.5)], 0, 2),
        ([Levels("start_x", 256), Connected()], 0, 1),
        ([Greyscale(), Palette(COLORS)], 0, 1),
        ([Palette(COLORS), Greyscale()], 0, 1),
        ([Greyscale(), Limit("red", 0, 0.5), Limit("green", 0, 0.5)], 0, 1),
        ([Palette(COLORS), Fix("size", 0), Levels("red", 2)], 0, 2),
        ([Limit("size", 0, 0.4), Limit("size", 0.5, 1)], 0, 1),
        ([Fix("size", 0.2), Fix("size", 0.3)], 0, 1),
        ([Fix("size", 0.2), Limit("size", 0.5, 1)], 0, 1),
        ([Levels("red", 2), Greyscale()], 0, 1),
    ],
    ids=repr,
)
def test_one_that_undoes_another_is_refused_and_both_are_named(constraints, undone, undoer):
    with pytest.raises(ValueError, match="change the order, or drop one") as error:
        check_constraints(constraints, Lines())
    assert f"{constraints[undone]} is undone by {constraints[undoer]}" in str(error.value)


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        (Limit("sise", 0, 0.5), "sise among the actions of Lines, .*; did you mean size"),
        (Fix("start", 0.5), "did you mean start_x or start_y|did you mean start_y or start_x"),
        (Levels("hue", 3), r"hue among .*end_y$"),
    ],
)
def test_an_unknown_action_is_named_with_the_nearest(constraint, said):
    with pytest.raises(ValueError, match=said):
        check_constraints([constraint], Lines())


def test_only_some_of_many_actions_are_listed():
    class Network(Lines):
        action_names = tuple(f"weight_{index}" for index in range(1000))

    with pytest.raises(ValueError, match="and 984 more; did you mean weight_"):
        check_constraints([Fix("weight_x", 0.5)], Network())


@pytest.mark.parametrize(
    ("constraint", "lacks"),
    [(Greyscale(), "red, green, blue"), (Palette(COLORS), "red, green, blue"), (Connected(), "end_x, end_y")],
)
def test_a_renderer_without_what_is_needed_is_refused(constraint, lacks):
    with pytest.raises(ValueError, match=f"needs {lacks} among the actions of Ink"):
        check_constraints([constraint], Ink())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Limit("size", -0.1, 0.5), "low=-0.1"),
        (lambda: Limit("size", 0.5, 1.5), "high=1.5"),
        (lambda: Limit("size", 0.5, 0.5), "low < high"),
        (lambda: Limit("size", 0.6, 0.5), "low < high"),
        (lambda: Limit("size", float("nan"), 0.5), "low=nan"),
        (lambda: Fix("size", 1.1), "value=1.1"),
        (lambda: Fix("size", float("nan")), "value=nan"),
        (lambda: Levels("size", 1), "count=1"),
        (lambda: Levels("size", 257), "count=257"),
        (lambda: Levels("size", 2.5), "count=2.5"),
        (lambda: Palette([]), "at least one colour"),
        (lambda: Palette([(0, 0)]), r"got \(0.0, 0.0\)"),
        (lambda: Palette([(0, 0, 1.5)]), r"got \(0.0, 0.0, 1.5\)"),
        (lambda: Palette([(0, 0, float("nan"))]), "nan"),
    ],
)
def test_numbers_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@dataclass(frozen=True)
class Doubled(Constraint):
    """Leaves [0, 1]."""

    def needs(self):
        return ("size",)

    def __call__(self, actions, renderer, progress):
        return 2 * actions

    def holds(self, actions, renderer):
        return True


def test_a_constraint_that_leaves_the_range_is_refused():
    with pytest.raises(ValueError, match=r"Doubled\(\) gave something else"):
        check_constraints([Doubled()], Lines())


def test_checking_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    check_constraints(EACH[:1], Lines())
    assert torch.equal(torch.get_rng_state(), before)


# painting

TARGET = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(7))
DOTTED = [Palette(COLORS), Levels("pressure", 4), Limit("pressure", 0.2, 0.9), Limit("size", 0, 0.25), Fix("x", 0.3)]


def test_a_painting_of_dots_obeys_in_its_document(dots, tmp_path):
    renderer = dots()
    painting = paint(renderer, Pixel(TARGET), strokes=12, steps=10, constraints=DOTTED, **QUIET)
    assert painting.losses[-1] < painting.losses[0]
    assert torch.equal(painting.canvas, renderer(painting.actions))
    painting.save(tmp_path / "painting.json")
    document = diffpaint.read_document(tmp_path / "painting.json")
    assert document == painting.document()
    assert set(zip(*table(document, "red", "green", "blue"), strict=True)) <= set(COLORS)
    assert len(set(table(document)["pressure"])) <= 4
    assert all(0.2 <= pressure <= 0.9 for pressure in table(document)["pressure"])
    assert {round(x, 4) for x in table(document)["x"]} == {6.0}
    smallest, largest = (1.0 * 6.0**size * 16 / 64 for size in (0, 0.25))
    assert all(smallest - 1e-6 <= radius <= largest + 1e-6 for radius in table(document)["radius"])


def test_every_step_is_constrained(dots):
    seen = []
    paint(dots(), Pixel(TARGET), steps=3, constraints=[Greyscale()], callback=lambda _, c, __: seen.append(c), **QUIET)
    for canvas in seen:
        assert torch.equal(canvas[:, 0], canvas[:, 1])
        assert torch.equal(canvas[:, 0], canvas[:, 2])


def test_progress_runs_from_0_to_1(dots, dark):
    seen = []

    class Watched(Greyscale):
        def __call__(self, actions, renderer, progress):
            seen.append(progress)
            return super().__call__(actions, renderer, progress)

    paint(dots(), dark, steps=4, constraints=[Watched()], **QUIET)
    assert seen == [1.0, 0.0, 0.25, 0.5, 0.75, 1.0]  # the first is the check


def test_a_painting_whose_actions_are_all_fixed_can_still_be_painted(dots, dark):
    constraints = [Fix(name, 0.5) for name in dots.action_names]
    painting = paint(dots(), dark, steps=2, constraints=constraints, **QUIET)
    assert (painting.actions == 0.5).all()


def test_constraints_are_checked_before_the_first_step(dots):
    class Unused(Objective):
        def forward(self, canvas):
            pytest.fail("the first step was made")

    for constraint, said in ((Connected(), "start_x"), (Limit("siz", 0, 1), "did you mean size")):
        with pytest.raises(ValueError, match=said):
            paint(dots(), Unused(), constraints=[constraint], **QUIET)
        with pytest.raises(ValueError, match=said):
            param_f(dots(), constraints=[constraint])


def test_what_is_kept_when_something_breaks_obeys_too(dots):
    class Broken(Objective):
        calls = 0

        def forward(self, canvas):
            self.calls += 1
            return canvas.mean() * (float("nan") if self.calls > 3 else 1.0)

    with pytest.raises(NotFiniteError) as error:
        paint(dots(), Broken(), steps=6, constraints=DOTTED, **QUIET)
    assert all(constraint.holds(error.value.painting.actions, dots()) for constraint in DOTTED)


def test_an_interrupted_painting_obeys_and_resumes_as_if_it_had_not_been(dots, tmp_path):
    settings = {"strokes": 8, "steps": 8, "constraints": DOTTED, **QUIET}
    checkpoint = tmp_path / "state.ckpt"

    def callback(number, canvas, loss):
        if number == 2:
            signal.raise_signal(signal.SIGINT)

    whole = paint(dots(), Pixel(TARGET), **settings)
    stopped = paint(dots(), Pixel(TARGET), checkpoint=checkpoint, callback=callback, **settings)
    assert stopped.interrupted
    assert all(constraint.holds(stopped.actions, dots()) for constraint in DOTTED)
    resumed = paint(dots(), Pixel(TARGET), checkpoint=checkpoint, resume=True, **settings)
    assert torch.equal(resumed.actions, whole.actions)
    assert torch.equal(resumed.canvas, whole.canvas)
    assert resumed.losses == whole.losses


@pytest.mark.parametrize(
    "constraints",
    [[], DOTTED[:4], [*DOTTED[:4], Fix("x", 0.4)], [*DOTTED[1:], DOTTED[0]]],
    ids=["none", "fewer", "another", "in another order"],
)
def test_other_constraints_do_not_go_on_from_a_checkpoint(dots, dark, tmp_path, constraints):
    settings = {"strokes": 2, "steps": 2, "checkpoint": tmp_path / "state.ckpt", **QUIET}
    paint(dots(), dark, constraints=DOTTED, **settings)
    with pytest.raises(ValueError, match=r"constraints was \['Palette.*, now"):
        paint(dots(), dark, constraints=constraints, resume=True, **settings)


def assert_connected(document, scale):
    """Every stroke of a cell of 18 px starts where the last of the cell ended; the cell is where it ends."""
    last = {}
    for *start, x, y in zip(*table(document, "start_x", "start_y", "end_x", "end_y"), strict=True):
        cell = int(x // (18 * scale)), int(y // (18 * scale))
        assert last.get(cell, start) == start
        last[cell] = [x, y]
    assert sorted(last) == list(itertools.product(range(3), range(2)))


def test_strokes_of_a_grid_are_connected_within_their_cells(make_grid, rand):
    grid = make_grid()
    actions = constrain(0.01 + 0.98 * rand(2, 18, 12), [Connected()], grid)
    ground = torch.ones(2, 3, *grid.size)
    painting = Painting(grid(actions), actions, grid, 0, ground)
    for index in range(2):
        assert_connected(painting[index].document(), 1)
        assert_connected(painting[index].rendered_by(make_grid(3)).document(), 3)


@pytest.fixture(scope="module")
def picture():
    ramp = torch.linspace(0, 1, 54).expand(3, 36, 54).clone()
    ramp[1] = ramp[1].flip(1)
    ramp[2] = 0.3
    return ramp[None]


def test_a_painting_of_a_grid_obeys_in_its_document_at_any_scale(make_grid, picture):
    thin, grid = Limit("size", 0, 0.2), make_grid()
    constraints = [Greyscale(), thin, Fix("end_pressure", 0.0), Connected()]
    painting = paint(grid, Pixel(picture), strokes=3, steps=4, constraints=constraints, **QUIET)
    assert painting.losses[-1] < painting.losses[0]
    free = torch.zeros(2, grid.cells, 12)
    free[1, :, 2] = 0.2
    for scale in (1, 3):
        large = make_grid(scale)
        document = painting.rendered_by(large).document()
        assert_connected(document, scale)
        red, green, blue, pressure, radius = table(document, "red", "green", "blue", "end_pressure", "radius")
        assert red == green == blue
        assert set(pressure) == {0.0}
        low, high = (large.strokes(ends)[1][0, 2].item() for ends in free)
        assert all(low - 1e-5 <= one <= high + 1e-5 for one in radius)


def test_a_grey_painting_is_drawn_grey_by_the_engine(make_grid, picture):
    painting = paint(make_grid(), Pixel(picture), strokes=3, steps=3, constraints=[Greyscale()], **QUIET)
    drawn = replay(painting.document(), Brush(read_brush("classic/dry_brush")), 108).astype(int)
    assert drawn.min() < 200
    assert drawn.max(2).max() > drawn.min()
    assert (drawn.max(2) - drawn.min(2)).max() <= 1


def test_the_engine_is_handed_the_colours_of_the_palette_only(make_grid, picture, monkeypatch):
    handed, set_color = [], Brush.set_color

    def watched(self, *color):
        handed.append(color)
        set_color(self, *color)

    monkeypatch.setattr(Brush, "set_color", watched)
    painting = paint(make_grid(), Pixel(picture), strokes=3, steps=6, constraints=[Palette(COLORS)], **QUIET)
    replay(painting.document(), Brush(read_brush("classic/dry_brush")))
    assert len(handed) == 18
    assert 1 < len(set(handed)) <= 3
    assert set(handed) <= set(COLORS)


def test_lucents_canvas_is_constrained_and_still_learns(dots):
    renderer = dots()
    constraints = [Palette(COLORS), Limit("size", 0.6, 1)]
    (logits,), image_f = param_f(renderer, strokes=6, seed=0, device="cpu", constraints=constraints)()
    first = constrain(logits.detach().sigmoid(), constraints, renderer)
    assert torch.equal(image_f().detach(), renderer(first))
    with torch.no_grad():
        logits[..., 0] = 3.0  # pressed, so that colour counts
    goal = torch.tensor(COLORS[0])[:, None, None]
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(40):
        optimizer.zero_grad()
        (image_f() - goal).square().mean().backward()
        assert logits.grad.isfinite().all()
        optimizer.step()
    last = constrain(logits.detach().sigmoid(), constraints, renderer)
    assert all(constraint.holds(last, renderer) for constraint in constraints)
    nearest = torch.tensor(COLORS[0]).expand(6, 3)
    assert not torch.equal(first[0, :, 2:5], nearest)
    assert torch.equal(last[0, :, 2:5], nearest)
