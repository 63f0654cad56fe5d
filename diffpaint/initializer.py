"""Initializers: where a painting begins, before it is optimised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from .constraints import Constraint
from .renderer import Renderer


class Initializer:
    """Where a painting begins: by chance, unless a subclass knows better.

    Attributes:
        pictures: Options that are pictures of the canvas's size, as of :class:`diffpaint.Objective`.
        strokes: In each cell, where it gives as many and no other number; None if it gives as many as are wanted.
    """

    pictures: ClassVar[tuple[str, ...]] = ()
    strokes: int | None = None

    def __call__(
        self,
        renderer: Renderer,
        target: Tensor,
        strokes: int,
        *,
        seed: int = 0,
        constraints: Sequence[Constraint] = (),
        progress: bool = False,
    ) -> Tensor:
        """Actions (B, T, A) in [0, 1] to start from.

        Args:
            renderer: That will paint; the actions are for it.
            target: (B, 3, H, W) in [0, 1], the picture that is painted, of the renderer's canvas.
            strokes: As ``renderer.initial`` takes them: of a grid, in each cell.
            seed: Of everything random.
            constraints: That the painting will obey; the actions need not.
            progress: Show a progress bar, where it takes time.

        Raises:
            ValueError: A renderer or a number of strokes that it has no actions for.
        """
        return renderer.initial(len(target), strokes, torch.Generator().manual_seed(seed))
