"""Strategies: strokes that are added, moved and dropped while a painting is optimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor

from .renderer import Moment


class Change(NamedTuple):
    """Other strokes than before.

    Attributes:
        actions: (B, T, A) in [0, 1], all strokes from now on, in drawing order.
        kept: T indices: which stroke each was before, -1 for one that is new. Those that were there stay what they are,
            whatever ``actions`` say of them, and the optimiser goes on with them as if nothing had happened.
    """

    actions: Tensor
    kept: list[int]


class Strategy(ABC):
    """Changes strokes after a step, by what it is given and its options alone: a resumed run asks a new one."""

    @abstractmethod
    def __call__(self, moment: Moment, canvas: Tensor, gradient: Tensor) -> Change | None:
        """Change strokes, or leave them, by None.

        Args:
            moment: Of the step that was done, with the actions and the renderer.
            canvas: (B, 3, H, W) in [0, 1], of that step.
            gradient: Of the objective at that canvas, of the same shape: where its error is.
        """
