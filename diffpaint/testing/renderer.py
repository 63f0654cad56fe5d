"""The suite for renderers."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch
from torch import Tensor

from ..compositing import lay
from ..expression import load_renderer
from ..optimize import paint
from ..renderer import Renderer
from .parts import Dark, noise_like

NUMBERS = 64  # actions up to which every gradient is compared; of more, random sums of them


class RendererConformance:
    """What every renderer must do. Define the fixture ``renderer``; a small canvas makes the suite fast.

    Attributes:
        strokes: Passed to ``renderer.initial``.
        atol: Largest difference between two ways to the same canvas.
        has_strokes: Whether the renderer's actions are strokes, which are exported and filmed one by one.
    """

    strokes: int = 3
    atol: float = 1e-5
    has_strokes: bool = True

    @pytest.fixture
    def renderer(self) -> Renderer:
        """The renderer under test."""
        raise NotImplementedError("define a `renderer` fixture that returns a small instance of your renderer")

    @pytest.fixture
    def actions(self, renderer: Renderer) -> Tensor:
        """Actions of two canvases, (2, T, A)."""
        actions = renderer.initial(2, self.strokes, torch.Generator().manual_seed(0))
        return renderer.shared_from(actions, actions)

    def test_declares_its_actions_and_size(self, renderer: Renderer) -> None:
        """Names are unique and the size is two whole numbers."""
        names, size = renderer.action_names, tuple(renderer.size)
        assert names, "action_names is empty"
        assert len(set(names)) == len(names), f"some names of actions stand twice in {names}"
        assert len(size) == 2, f"size is (height, width), got {size}"
        assert all(isinstance(side, int) for side in size), f"size is two whole numbers, got {size}"
        assert set(renderer.shared) <= set(names), f"shared names {renderer.shared} that are no actions"

    def test_initial_actions_are_in_range_and_follow_the_generator(self, renderer: Renderer) -> None:
        """(B, T, A) strictly within [0, 1], the same for the same seed and others for another."""
        first, again, other = (
            renderer.initial(2, self.strokes, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
        )
        wanted = f"(2, strokes, {len(renderer.action_names)})"
        assert first.ndim == 3, f"initial gave {tuple(first.shape)}, wanted {wanted}"
        assert first.shape[::2] == (2, len(renderer.action_names)), f"initial gave {tuple(first.shape)}, not {wanted}"
        assert first.min() > 0, "initial actions of 0 have no finite logit"
        assert first.max() < 1, "initial actions of 1 have no finite logit"
        assert torch.equal(first, again), "initial gave two different starts for one seed; draw from `generator` alone"
        assert not torch.equal(first, other), "initial gave the same start for two seeds; draw from `generator`"

    def test_canvas_has_shape_and_range(self, renderer: Renderer, actions: Tensor) -> None:
        """(B, 3, H, W) in [0, 1]."""
        canvas = renderer(actions)
        assert canvas.shape == (2, 3, *renderer.size), f"the canvas is {tuple(canvas.shape)}"
        assert canvas.min() >= 0, f"the canvas goes down to {canvas.min():g}"
        assert canvas.max() <= 1, f"the canvas goes up to {canvas.max():g}"

    def test_extreme_actions_stay_in_range(self, renderer: Renderer, actions: Tensor) -> None:
        """All zeros, all ones, and zeros and ones at random give a finite canvas in [0, 1]."""
        generator = torch.Generator().manual_seed(0)
        mixed = [torch.rand(actions.shape, generator=generator).round() for _ in range(8)]
        for extreme in (torch.zeros_like(actions), torch.ones_like(actions), *mixed):
            canvas = renderer(extreme)
            assert torch.isfinite(canvas).all(), "the canvas holds NaN or infinity for actions of 0 and 1"
            assert canvas.min() >= -1e-6, f"the canvas goes down to {canvas.min():g}; are colour and alpha in [0, 1]?"
            assert canvas.max() <= 1 + 1e-6, f"the canvas goes up to {canvas.max():g}; are colour and alpha in [0, 1]?"

    def test_leaves_the_canvas_that_it_paints_on_alone(self, renderer: Renderer, actions: Tensor) -> None:
        """``forward(actions, canvas)`` does not write into ``canvas``; None is white."""
        white = torch.ones(2, 3, *renderer.size)
        kept = white.clone()
        self._same(renderer(actions, white), renderer(actions), "a white canvas and none at all give two paintings")
        assert torch.equal(white, kept), "forward writes into the canvas that it is given; copy it first"

    def test_batch_items_are_independent(self, renderer: Renderer, actions: Tensor) -> None:
        """Each canvas of a batch is what it would be alone."""
        alone = torch.cat([renderer(item) for item in actions.split(1)])
        self._same(renderer(actions), alone, "a canvas depends on the others of its batch")

    def test_its_stacks_are_what_it_paints(self, renderer: Renderer, actions: Tensor) -> None:
        """Where it says how its strokes lie over one another, that is the canvas."""
        try:
            stacks = renderer.stacks(actions[:1])
        except ValueError as error:
            pytest.skip(str(error))
        ground = noise_like(renderer(actions[:1])).sigmoid()
        off = (lay(stacks, ground) - renderer(actions[:1], ground)).abs().max()
        assert off < 1e-4, f"stacks laid over a canvas differ from forward by {off:.2g}"

    def test_every_action_gets_a_finite_gradient(self, renderer: Renderer, actions: Tensor) -> None:
        """No named action is cut off from the canvas, but for those that are fixed."""
        canvas = renderer(actions.requires_grad_())
        (gradient,) = torch.autograd.grad((canvas * noise_like(canvas)).sum(), actions)
        assert torch.isfinite(gradient).all(), "a gradient is NaN or infinite"
        reached = gradient.abs().amax((0, 1))
        dead = [name for name, most in zip(renderer.action_names, reached, strict=True) if most == 0]
        dead = sorted(set(dead) - set(renderer.fixed))
        assert not dead, f"no gradient reaches {', '.join(dead)}"

    def test_gradient_is_exact(self, renderer: Renderer) -> None:
        """Gradcheck in float64."""
        precise = copy.deepcopy(renderer).double()
        actions = renderer.initial(1, 1, torch.Generator().manual_seed(0)).double().requires_grad_()
        with torch.no_grad():
            weight = noise_like(precise(actions))
        fast = actions.numel() > NUMBERS
        good = torch.autograd.gradcheck(
            lambda given: (precise(given) * weight).sum(), (actions,), eps=1e-6, atol=1e-4, fast_mode=fast
        )
        assert good, "the gradient is not that of the canvas"

    def test_parameters_are_frozen(self, renderer: Renderer) -> None:
        """Actions are all that is optimised."""
        free = [name for name, parameter in renderer.named_parameters() if parameter.requires_grad]
        assert not free, f"{', '.join(free)} would be trained; end __init__ with self.requires_grad_(False)"

    def test_wrong_actions_are_explained(self, renderer: Renderer, actions: Tensor) -> None:
        """The error says what was given and what the last axis means."""
        width = len(renderer.action_names) + 1
        with pytest.raises(ValueError, match=renderer.action_names[0]) as error:
            renderer(torch.rand(2, actions.shape[1], width))
        assert str(width) in str(error.value), f"the error does not say that {width} actions were given: {error.value}"
        with pytest.raises(ValueError, match="batch"):
            renderer(actions[0])

    def test_wrong_canvas_is_explained(self, renderer: Renderer, actions: Tensor) -> None:
        """The error says what was given and what is wanted."""
        height, width = renderer.size
        with pytest.raises(ValueError, match=str(height)) as error:
            renderer(actions, torch.ones(2, 3, height + 1, width))
        assert str(height + 1) in str(error.value), f"the error does not say what was given: {error.value}"

    def test_time_lapse_ends_with_the_canvas(self, renderer: Renderer, actions: Tensor) -> None:
        """The last frame is what ``forward`` gives; a renderer of strokes has a frame for each."""
        frames = list(renderer.frames(actions))
        wanted = actions.shape[1] if self.has_strokes else 1
        assert len(frames) == wanted, f"{len(frames)} frames, wanted {wanted}: one a stroke, or one in all"
        self._same(frames[-1], renderer(actions), "the last frame is not the canvas")

    def test_time_lapse_leaves_gradients_on(self, renderer: Renderer, actions: Tensor) -> None:
        """Reading a frame does not switch autograd off for the reader."""
        next(iter(renderer.frames(actions)))
        assert torch.is_grad_enabled(), "frames switches autograd off for whoever reads it; use it as a decorator"

    def test_strokes_follow_one_another_in_chains(self, renderer: Renderer, actions: Tensor) -> None:
        """Every stroke has one before it or none, and no two the same."""
        strokes = actions.shape[1]
        before = renderer.previous(strokes)
        assert len(before) == strokes, f"previous gave {len(before)} indices for {strokes} strokes"
        late = [index for index, previous in enumerate(before) if not -1 <= previous < index]
        assert not late, f"stroke {late and late[0]} is said to come after one that is not drawn before it"
        followed = {previous for previous in before if previous >= 0}
        assert len(followed) == strokes - before.count(-1), "two strokes are said to come after the same one"

    def test_strokes_are_exported(self, renderer: Renderer, actions: Tensor) -> None:
        """One row a stroke, finite, one number a column."""
        columns, table = renderer.strokes(actions[0])
        wanted = (actions.shape[1], len(columns))
        assert table.shape == wanted, f"strokes gave a table {tuple(table.shape)}, wanted {wanted}"
        assert bool(columns) == self.has_strokes, (
            f"strokes gave the columns {columns}; has_strokes is {self.has_strokes}"
        )
        assert torch.isfinite(table).all(), "the table of strokes holds NaN or infinity"

    def test_actions_do_not_depend_on_the_size(self, renderer: Renderer) -> None:
        """Paintings are optimised small and rendered large: the same actions are for both."""
        options = {} if renderer.spec is None else renderer.spec["options"]
        taken = inspect.signature(type(renderer)).parameters
        required = {name for name, one in taken.items() if one.default is one.empty and one.kind is not one.VAR_KEYWORD}
        if "scale" in taken or "size" not in taken or required - {"size"} - set(options):
            pytest.skip("made without load_renderer, or without a size: nothing to make a larger one from")
        larger = type(renderer)(**options | {"size": tuple(2 * side for side in renderer.size)})
        if renderer.spec is None and larger.action_names != renderer.action_names:
            pytest.skip("made with other options than a plain one; make it with load_renderer to have this checked")
        assert larger.action_names == renderer.action_names, "the names of actions depend on the size of the canvas"
        shapes = [tuple(one.initial(1, self.strokes).shape) for one in (renderer, larger)]
        assert shapes[0] == shapes[1], f"actions are {shapes[0]}, and {shapes[1]} on a canvas twice as large"

    def test_makes_itself_again_from_its_name(self, renderer: Renderer, actions: Tensor) -> None:
        """A document names it and its options; what those make paints the same."""
        if renderer.spec is None:
            pytest.skip("made without load_renderer")
        again = load_renderer(renderer.spec["name"], **renderer.spec["options"])
        self._same(again(actions), renderer(actions), "two renderers of the same options paint differently")

    def test_can_be_optimised(self, renderer: Renderer) -> None:
        """A few steps of :func:`diffpaint.paint` lower an objective."""
        losses = paint(renderer, Dark(), strokes=self.strokes, steps=5, device="cpu", progress=False).losses
        assert losses[-1] < losses[0], f"the mean lightness went from {losses[0]:g} to {losses[-1]:g} in 5 steps"

    def _same(self, one: Tensor, other: Tensor, what: str) -> None:
        torch.testing.assert_close(one, other, atol=self.atol, rtol=0, msg=lambda difference: f"{what}: {difference}")
