"""Renderers: differentiable functions from actions to a canvas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .compositing import over

if TYPE_CHECKING:
    from .constraints import Constraint

#: The action of every painter, each in [0, 1]. x and y are fractions of the canvas, y downwards; control is the control
#: point of a quadratic Bezier; the brush's radius in px on a 64-px canvas is low * (high / low) ** size.
STROKE_ACTION = (
    *("start_pressure", "end_pressure", "size", "red", "green", "blue"),
    *("start_x", "start_y", "control_x", "control_y", "end_x", "end_y"),
)


class Renderer(nn.Module, ABC):
    """A differentiable function from actions to a canvas.

    Actions are all that is optimised: a renderer's own parameters, if it has any, are frozen
    (``requires_grad_(False)`` at the end of its ``__init__``).

    Attributes:
        action_names: What the numbers of one action mean. A name that is ``x`` or ends in ``_x`` is a horizontal
            position, as a fraction of the width from the left; ``y`` and ``_y`` likewise, from the top.
        size: (H, W) of the canvas, px.
        brush: The MyPaint brush that its strokes imitate, for replay; None if there is none.
        lr: What Adam's learning rate on the logits of its actions should be about.
        spec: ``{"name": ..., "options": ...}`` if :func:`diffpaint.load_renderer` made it; it goes into the saved
            painting.
    """

    action_names: tuple[str, ...]
    size: tuple[int, int]
    brush: str | None = None
    lr: float = 0.1
    spec: dict[str, Any] | None = None

    def __init__(self) -> None:
        super().__init__()

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
        """Actions to start from, (B, T, A): uniform in [0.05, 0.95], so that no logit starts saturated.

        Args:
            batch: B.
            strokes: T here. A renderer made of parts may take it as strokes for each part.
            generator: Source of randomness, on the CPU.
        """
        return 0.05 + 0.9 * torch.rand(batch, strokes, len(self.action_names), generator=generator)

    def draft(
        self,
        target: Tensor,
        strokes: int,
        seed: int = 0,
        constraints: Sequence[Constraint] = (),
        progress: bool = False,
    ) -> Tensor:
        """Actions to start from where a picture is to be painted: chance, unless a renderer knows better.

        Args:
            target: (B, 3, H, W) in [0, 1].
            strokes: As for :meth:`initial`.
            seed: Of everything random.
            constraints: That the painting will obey; the actions need not.
            progress: Show a progress bar, where it takes time.

        Returns:
            (B, T, A) in [0, 1].
        """
        return self.initial(len(target), strokes, torch.Generator().manual_seed(seed))

    @torch.no_grad()  # as a decorator it holds only while the generator runs, not in whoever reads it
    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas as it grows, (B, 3, H, W) each; the last equals ``forward``. Not differentiable.

        A renderer without strokes yields its canvas once.
        """
        yield self(actions, canvas)

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """The strokes in drawing order and in canvas coordinates, as a painting is saved.

        Args:
            actions: (T, A), of one canvas.

        Returns:
            Names of the columns, and (T, columns). Without strokes, no columns.
        """
        return (), actions.new_zeros(len(actions), 0)

    def previous(self, strokes: int) -> list[int]:
        """Which stroke comes before each in its own chain, whose positions are in the same coordinates.

        A renderer made of parts, such as a grid, has a chain for each part.

        Args:
            strokes: T.

        Returns:
            T indices, each less than its own place; -1 for the first of a chain.
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
                f"the last axis is {_listed(self.action_names)}"
            )
        wanted = (len(actions), 3, *self.size)
        if canvas is None:
            return actions.new_ones(wanted)
        if canvas.shape != wanted:
            raise ValueError(
                f"{name} paints on a canvas of shape (batch, 3, height, width) = {wanted}, got {tuple(canvas.shape)}"
            )
        return canvas

    def positions(self) -> tuple[list[int], list[int]]:
        """Indices of the actions that are horizontal, and vertical, positions."""
        x = [i for i, name in enumerate(self.action_names) if name == "x" or name.endswith("_x")]
        y = [i for i, name in enumerate(self.action_names) if name == "y" or name.endswith("_y")]
        return x, y


class StrokeRenderer(Renderer):
    """A renderer whose actions are strokes, composited in order.

    A subclass sets ``action_names`` and ``size`` and implements :meth:`stroke`; compositing, batches, time-lapse frames
    and export come from here.

    Attributes:
        radius: (low, high), px on a 64-px canvas for ``size`` 0 and 1, where one of the actions is ``size``.
        reach: How far from its curve a stroke lays paint at most, in radii, where it is known.
        strokes_at_once: Strokes rendered in one call of :meth:`stroke`; more fall out of the processor's cache.
    """

    radius: tuple[float, float] | None = None
    reach: float | None = None
    strokes_at_once: int = 32

    @abstractmethod
    def stroke(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Render strokes, each alone.

        Args:
            actions: (N, A) in [0, 1].

        Returns:
            color (N, 3, 1, 1) or (N, 3, H, W), and alpha (N, 1, H, W), both in [0, 1].
        """

    def stroke_numbered(self, actions: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Render strokes, each alone, that may depend on their number on the canvas too.

        For painters with noise: what is random about a stroke is fixed by its number, so that it is drawn the same in
        whichever company. All others leave this as it is.

        Args:
            actions: (N, A) in [0, 1].
            numbers: (N,), of each stroke on its canvas, from 0 in drawing order.

        Returns:
            As :meth:`stroke`.
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
        parts = []
        if numbers is None:
            numbers = torch.arange(actions.shape[1], device=actions.device)
        numbers = numbers.to(actions.device).repeat(len(actions))
        together = zip(
            actions.flatten(0, 1).split(self.strokes_at_once), numbers.split(self.strokes_at_once), strict=True
        )
        for part, number in together:
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

        All other actions stay as they are. Pixels are counted from the top left corner of the canvas.
        """
        names, table = list(self.action_names), actions.detach().clone()
        height, width = self.size
        x, y = self.positions()
        table[:, x] *= width
        table[:, y] *= height
        if self.radius is not None and "size" in names:
            low, high = self.radius
            column = names.index("size")
            table[:, column] = low * (high / low) ** table[:, column] * (self.cell / 64)
            names[column] = "radius"
        return tuple(names), table


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 16 else f"{', '.join(names[:16])}, and {len(names) - 16} more"
