"""A painting obeys its constraints: at every step, when it breaks, when it is interrupted, and in its document."""

import signal

import pytest
import torch

from diffpaint import NotFiniteError, Objective, Pixel, paint, param_f
from diffpaint.constraints import constrain
from diffpaint.io.document import read_document
from diffpaint_constraints import Connected, Fix, Greyscale, Levels, Limit, Palette

QUIET = {"device": "cpu", "progress": False}
COLORS = ((0.1, 0.2, 0.3), (0.9, 0.7, 0.2), (0.95, 0.95, 0.9))
TARGET = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(7))
DOTTED = [Palette(COLORS), Levels("pressure", 4), Limit("pressure", 0.2, 0.9), Limit("size", 0, 0.25), Fix("x", 0.3)]


def all_hold(constraints, actions, renderer):
    return all(constraint.holds(actions, renderer) for constraint in constraints)


def test_a_painting_of_dots_obeys_in_its_document(dots, tmp_path):
    renderer = dots()
    painting = paint(renderer, Pixel(TARGET), strokes=12, steps=10, constraints=DOTTED, **QUIET)
    assert painting.losses[-1] < painting.losses[0]
    assert torch.equal(painting.canvas, renderer(painting.actions))
    painting.save(tmp_path / "painting.json")
    document = read_document(tmp_path / "painting.json")
    assert document == painting.document()
    table = dict(zip(document["stroke_columns"], zip(*document["strokes"], strict=True), strict=True))
    assert set(zip(*(table[name] for name in ("red", "green", "blue")), strict=True)) <= set(COLORS)
    assert len(set(table["pressure"])) <= 4
    assert all(0.2 <= pressure <= 0.9 for pressure in table["pressure"])
    assert {round(x, 4) for x in table["x"]} == {6.0}
    smallest, largest = (1.0 * 6.0**size * 16 / 64 for size in (0, 0.25))
    assert all(smallest - 1e-6 <= radius <= largest + 1e-6 for radius in table["radius"])


def test_every_step_is_constrained(dots):
    seen = []
    watch = {"callback": lambda step, canvas, loss: seen.append(canvas)}
    paint(dots(), Pixel(TARGET), steps=3, constraints=[Greyscale()], **watch, **QUIET)
    assert len(seen) == 3
    for canvas in seen:
        assert torch.equal(canvas[:, 0], canvas[:, 1])
        assert torch.equal(canvas[:, 0], canvas[:, 2])


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
    assert error.value.step == 3
    assert all_hold(DOTTED, error.value.painting.actions, dots())


def test_an_interrupted_painting_obeys_and_resumes_as_if_it_had_not_been(dots, tmp_path):
    settings = {"strokes": 8, "steps": 8, "constraints": DOTTED, **QUIET}
    checkpoint = tmp_path / "state.ckpt"

    def callback(number, canvas, loss):
        if number == 2:
            signal.raise_signal(signal.SIGINT)

    whole = paint(dots(), Pixel(TARGET), **settings)
    stopped = paint(dots(), Pixel(TARGET), checkpoint=checkpoint, callback=callback, **settings)
    assert stopped.interrupted
    assert all_hold(DOTTED, stopped.actions, dots())
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
    with pytest.raises(ValueError, match=r'constraints was \["Palette.*, now \['):
        paint(dots(), dark, constraints=constraints, resume=True, **settings)


def test_lucents_canvas_is_constrained_and_still_learns(dots):
    renderer = dots()
    constraints = [Palette(COLORS), Limit("size", 0.6, 1)]
    param = param_f(renderer, strokes=6, seed=0, device="cpu", constraints=constraints)
    (logits,), image_f = param()
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
    last = param.painting.actions
    assert all_hold(constraints, last, renderer)
    nearest = torch.tensor(COLORS[0]).expand(6, 3)
    assert not torch.equal(first[0, :, 2:5], nearest)
    assert torch.equal(last[0, :, 2:5], nearest)
