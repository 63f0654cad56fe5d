"""The Start interface: where a painting begins, before it is optimised."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from .renderer import Renderer


class Start(Protocol):
    """Gives actions to start from. A plugin registers what makes one of a name: ``diffpaint paint --init KIND:NAME``.

    Attributes:
        strokes: In each cell, where it gives as many and no other number; None if it gives as many as are wanted.
    """

    strokes: int | None

    def __call__(self, renderer: Renderer, target: Tensor, strokes: int) -> Tensor:
        """Actions to start from.

        Args:
            renderer: That will paint.
            target: (1, 3, H, W) in [0, 1], the picture that is painted, of the renderer's canvas.
            strokes: In each cell.

        Returns:
            (1, T, A) in [0, 1], for that renderer.
        """
        ...
