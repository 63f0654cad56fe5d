"""Strategies: strokes that are added, moved and dropped while a painting is optimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from torch import Tensor

from .renderer import Moment


class Change(NamedTuple):
    """Other strokes than before.

    Attributes:
        actions: (B, T, A) in [0, 1], all strokes from now on, in drawing order.
        kept: (B, T), which stroke of its canvas each was before, -1 for one that is new. The optimiser goes on with
            those that were there: with its state, and with the numbers that are as they were.
    """

    actions: Tensor
    kept: Tensor


class Strategy(ABC):
    """Changes strokes after a step, by what it is given and its options alone: a resumed run asks a new one.

    Attributes:
        pictures: Options that are pictures of the canvas's size, as of :class:`diffpaint.Objective`.
        first: With how many strokes a painting should begin; None leaves that to whoever paints.
        schedule: Of learning rates, as of :func:`diffpaint.paint`, unless that is given another; None leaves them as
            they are.
    """

    pictures: ClassVar[tuple[str, ...]] = ()
    first: int | None = None
    schedule: Callable[[float], float] | None = None

    @abstractmethod
    def __call__(self, moment: Moment, canvas: Tensor, gradient: Tensor) -> Change | None:
        """Change strokes, or leave them, by None.

        Args:
            moment: Of the step that was done, with the actions, the renderer and the background.
            canvas: (B, 3, H, W) in [0, 1], of that step.
            gradient: Of the objective at that canvas, of the same shape: where its error is.
        """
