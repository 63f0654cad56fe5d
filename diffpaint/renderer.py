"""Renderers: differentiable functions from actions to a canvas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from .compositing import Stack, over
from .io.brief import listed

#: The action of every painter, each in [0, 1]. x and y are fractions of the canvas, y downwards; control is the control
#: point of a quadratic Bezier; the brush's radius in px on a 64-px canvas is low * (high / low) ** size.
STROKE_ACTION = (
    *("start_pressure", "end_pressure", "size", "red", "green", "blue"),
    *("start_x", "start_y", "control_x", "control_y", "end_x", "end_y"),
)


@dataclass(frozen=True, eq=False)
class Moment:
    """Where an optimisation is: what a renderer, an objective or a constraint may depend on beside its input.

    :func:`diffpaint.paint` and :func:`diffpaint.param_f` keep ``moment`` of every renderer, objective, and other module
    whose class has that attribute up to date. Elsewhere it is what it is by default: the finished painting.

    Attributes:
        step: Of the optimiser, from 0, of ``steps``; 0 of 0 where nobody knows.
        actions: (B, T, A) in [0, 1] as they are rendered, for what is penalised in strokes; None where there are none.
        renderer: Whose actions they are; None likewise.
        background: (B, 3, H, W) in [0, 1], what they are painted on; None likewise.
    """

    step: int = 0
    steps: int = 0
    actions: Any = None
    renderer: Any = None
    background: Any = None

    @property
    def progress(self) -> float:
        """From 0, the first step, to 1, the finished painting; 1 where nobody knows how many steps there will be."""
        return min(1.0, self.step / self.steps) if self.steps else 1.0


FINISHED = Moment()


def tell(moment: Moment | None, *modules: nn.Module) -> None:
    """Tell modules, and all that they hold, the moment: those whose class declares an attribute ``moment``."""
    for part in (part for module in modules for part in module.modules() if hasattr(type(part), "moment")):
        part.__dict__.pop("moment", None)
        part.__dict__.update({} if moment is None else {"moment": moment})


@contextmanager
def at(moment: Moment, *modules: nn.Module) -> Iterator[None]:
    """:func:`tell`, and take it back at the end."""
    try:
        tell(moment, *modules)
        yield
    finally:
        tell(None, *modules)


class Renderer(nn.Module, ABC):
    """A differentiable function from actions to a canvas.

    Actions are all that is optimised: a renderer's own parameters, if it has any, are frozen
    (``requires_grad_(False)`` at the end of its ``__init__``).

    Attributes:
        action_names: What the numbers of one action mean. A name that is ``x`` or ends in ``_x`` is a horizontal
            position, as a fraction of the width from the left; ``y`` and ``_y`` likewise, from the top.
        shared: Those of them that are of the whole canvas, such as a camera or the colour of the ground: the same in
            all strokes. Constraints leave them alone.
        fixed: Those of them that no gradient reaches, such as where a patch lies: initializers and strategies set them.
        size: (H, W) of the canvas, px.
        brush: The MyPaint brush that its strokes imitate, for replay; None if there is none.
        brush_file: That brush itself, as documents carry it; None where it is found by name.
        lr: What Adam's learning rate on the logits of its actions should be about.
        spec: ``{"name": ..., "options": ...}`` if :func:`diffpaint.load_renderer` made it; documents hold it.
        origin: What else they say of it: ``distribution`` and ``version`` that it comes from, and as ``defaults`` the
            options that were left out. One that passes options on adds those of what it made.
        moment: Of the optimisation that it is part of; see :class:`Moment`.
    """

    action_names: tuple[str, ...]
    shared: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    size: tuple[int, int]
    brush: str | None = None
    brush_file: dict[str, Any] | None = None
    lr: float = 0.1
    spec: dict[str, Any] | None = None
    moment: Moment = FINISHED

    def __init__(self) -> None:
        super().__init__()
        self.origin: dict[str, Any] = {}

    @property
    def cell(self) -> float:
        """Side, in px of the canvas, of the square that brushes take for 64 px: what radii and speeds refer to."""
        return float(self.size[0])

    @property
    def device(self) -> torch.device:
        """Where it computes: the device of its parameters and buffers."""
        held = next(chain(self.parameters(), self.buffers()), None)
        return torch.device("cpu") if held is None else held.device

    @abstractmethod
    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Render actions.

        Args:
            actions: (B, T, A) in [0, 1]: batch, strokes in drawing order, action.
            canvas: (B, 3, H, W) in [0, 1] to paint on; white if None.

        Returns:
            (B, 3, H, W) in [0, 1], sRGB.

        Raises:
            ValueError: Shapes that do not fit; see :meth:`check`.
        """

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        """Actions to start from, (batch, T, A): uniform in [0.05, 0.95], so that no logit starts saturated.

        Args:
            batch: B.
            strokes: T here. A renderer made of parts may take it as strokes for each part.
            generator: Source of randomness, on the CPU.
        """
        return 0.05 + 0.9 * torch.rand(batch, strokes, len(self.action_names), generator=generator)

    @torch.no_grad()  # as a decorator it holds only while the generator runs, not in whoever reads it
    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas as it grows, (B, 3, H, W) each, the last as ``forward``; once without strokes. No gradients."""
        yield self(actions, canvas)

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """Names of columns, and a table (T, columns) of strokes in canvas coordinates, of actions (T, A) of one canvas.

        In drawing order, as a painting is saved. Without strokes, no columns.
        """
        return (), actions.new_zeros(len(actions), 0)

    def stacks(self, actions: Tensor) -> list[Stack]:
        """All strokes of actions (1, T, A) as :func:`diffpaint.over` composites them, in drawing order.

        Raises:
            ValueError: It has no such strokes.
        """
        raise ValueError(f"{type(self).__name__} has no strokes that lie over one another")

    def previous(self, strokes: int) -> list[int]:
        """Which of T strokes comes before each in its own chain, whose positions are in the same coordinates.

        A renderer made of parts, such as a grid, has a chain for each; -1 stands for what is before its first.
        """
        return list(range(-1, strokes - 1))

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Check the shapes of what ``forward`` was given, and return the canvas to paint on.

        Raises:
            ValueError: Says the shape that was given, the shape that is wanted, and what the axes mean.
        """
        name, width = type(self).__name__, len(self.action_names)
        if actions.ndim != 3 or actions.shape[-1] != width:
            raise ValueError(
                f"{name} takes actions of shape (batch, strokes, {width}), got {tuple(actions.shape)}; "
                f"the last axis is {listed(self.action_names)}"
            )
        wanted = (len(actions), 3, *self.size)
        if canvas is not None and canvas.shape != wanted:
            given = tuple(canvas.shape)
            raise ValueError(f"{name} paints on a canvas of shape (batch, 3, height, width) = {wanted}, got {given}")
        return actions.new_ones(wanted) if canvas is None else canvas

    def positions(self) -> tuple[list[int], list[int]]:
        """Indices of the actions that are horizontal, and vertical, positions of strokes."""
        return positions_among(["" if name in self.shared else name for name in self.action_names])

    def shared_from(self, source: Tensor, actions: Tensor) -> Tensor:
        """Actions (B, T, A) with the shared ones that the first stroke of ``source``, (B, T, A), has."""
        if not self.shared:
            return actions
        columns = [self.action_names.index(name) for name in self.shared]
        actions = actions.clone()
        actions[..., columns] = source[:, :1, columns]
        return actions


class StrokeRenderer(Renderer):
    """A renderer whose actions are strokes, composited in order.

    A subclass sets ``action_names`` and ``size`` and implements :meth:`stroke`; compositing, batches, time-lapse frames
    and export come from here. One that composites otherwise overrides :meth:`forward` and :meth:`frames`; it paints a
    whole canvas, and no grid takes it.

    Attributes:
        radius: (low, high), px on a 64-px canvas for ``size`` 0 and 1, where one of the actions is ``size``.
        reach: How far from its curve a stroke lays paint at most, in radii, where it is known.
        strokes_at_once: Strokes rendered in one call of :meth:`stroke`; more fall out of the processor's cache.
    """

    radius: tuple[float, float] | None = None
    reach: float | None = None
    strokes_at_once: int = 32

    @property
    def stitches(self) -> bool:
        """Whether it composites by :func:`diffpaint.over`, as a grid does with its strokes."""
        return all(getattr(type(self), name) is getattr(StrokeRenderer, name) for name in ("forward", "frames"))

    @abstractmethod
    def stroke(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Color (N, 3, 1, 1) or (N, 3, H, W), and alpha (N, 1, H, W), in [0, 1], of strokes (N, A), each alone."""

    def stroke_numbered(self, actions: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`stroke`, of strokes that may depend on their numbers (N,) on the canvas, from 0, too.

        For painters with noise: what is random about a stroke is fixed by its number, so that it is drawn the same in
        whichever company. All others leave this as it is.
        """
        return self.stroke(actions)

    def stack(self, actions: Tensor, numbers: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Strokes of a batch, rendered a few at a time.

        Args:
            actions: (B, T, A) in [0, 1].
            numbers: (T,), of each of them on its canvas; None counts from 0.

        Returns:
            color (B, T, 3, 1, 1) or (B, T, 3, H, W), and alpha (B, T, 1, H, W).
        """
        if actions.numel() == 0:
            blank = actions.new_zeros(*actions.shape[:2], 1, *self.size)
            return blank.new_zeros(*actions.shape[:2], 3, 1, 1), blank
        numbers = torch.arange(actions.shape[1]) if numbers is None else numbers
        numbers, parts = numbers.to(actions.device).repeat(len(actions)), []
        together = (part.split(self.strokes_at_once) for part in (actions.flatten(0, 1), numbers))
        for part, number in zip(*together, strict=True):
            color, alpha = self.stroke_numbered(part, number)
            wanted = (len(part), 1, *self.size)
            if alpha.shape != wanted or color.shape not in ((len(part), 3, 1, 1), (len(part), 3, *self.size)):
                raise ValueError(
                    f"{type(self).__name__}.stroke returned color {tuple(color.shape)} and alpha {tuple(alpha.shape)} "
                    f"for {len(part)} strokes; wanted ({len(part)}, 3, 1, 1) or ({len(part)}, 3, H, W), and {wanted}"
                )
            parts.append((color, alpha))
        if len(parts) > 1:
            parts = [tuple(torch.cat(part) for part in zip(*parts, strict=True))]
        color, alpha = (part.unflatten(0, actions.shape[:2]) for part in parts[0])
        return color, alpha

    def stacks(self, actions: Tensor) -> list[Stack]:
        """See :meth:`Renderer.stacks`; those that composite otherwise than by ``over`` have none."""
        return [Stack(*self.stack(actions))] if self.stitches else super().stacks(actions)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Composite the strokes in order; see :meth:`Renderer.forward`."""
        canvas = self.check(actions, canvas)
        return over(*self.stack(actions), canvas)

    @torch.no_grad()  # as a decorator it holds only while the generator runs, not in whoever reads it
    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas after each stroke, (B, 3, H, W), T of them."""
        canvas = self.check(actions, canvas)
        for index in range(actions.shape[1]):
            canvas = over(*self.stack(actions[:, index : index + 1], torch.tensor([index])), canvas)
            yield canvas

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """The strokes in canvas coordinates: positions in px; ``size`` becomes ``radius`` in px where it is known.

        All other actions stay as they are, but for shared ones, which are of no stroke. Pixels are counted from the top
        left corner of the canvas.
        """
        names, table = list(self.action_names), actions.detach().clone()
        for side, columns in zip(self.size[::-1], self.positions(), strict=True):
            table[:, columns] *= side
        if self.radius is not None and "size" in names:
            (low, high), column = self.radius, names.index("size")
            table[:, column] = low * (high / low) ** table[:, column] * (self.cell / 64)
            names[column] = "radius"
        own = [column for column, name in enumerate(self.action_names) if name not in self.shared]
        return tuple(names[column] for column in own), table[:, own]


def positions_among(names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Indices of the names of horizontal, and of vertical, positions; see :attr:`Renderer.action_names`."""
    x, y = ([i for i, name in enumerate(names) if f"_{name}".endswith(ending)] for ending in ("_x", "_y"))
    return x, y
