"""Strokes as they lie on the canvas: the painter's own alpha of each, cropped, with its place and its colour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from diffpaint import Painting, Renderer, StrokeRenderer
from diffpaint.compositing import Stack

FAINT = 1 / 512  # alpha that no picture of 8 bits shows


class Mark(NamedTuple):
    """One stroke.

    Attributes:
        color: (3,) in [0, 1], sRGB; the mean of a stroke that has several.
        alpha: float32 (h, w) in [0, 1]; of a stroke that shows nowhere, (0, 0).
        top: Row of the canvas of its first pixel; may lie beyond the canvas.
        left: Column, likewise.
    """

    color: np.ndarray
    alpha: np.ndarray
    top: int
    left: int


def check_marks(renderer: Renderer) -> None:
    """ValueError for a renderer that has no strokes that lie over one another."""
    whole = isinstance(renderer, StrokeRenderer) and not renderer.stitches
    if whole or type(renderer).stacks is Renderer.stacks:
        raise ValueError(
            f"a {type(renderer).__name__} lays no strokes over one another, so they cannot be drawn one by one"
        )


@torch.no_grad()
def marks(painting: Painting) -> Iterator[Mark]:
    """The strokes of one painting in drawing order, at the size of its canvas.

    Raises:
        ValueError: Its renderer has no strokes that lie over one another.
    """
    renderer = painting.renderer
    for stack in renderer.stacks(painting.actions.to(renderer.device)):
        yield from _of_a_stack(stack, renderer.size)


def _of_a_stack(stack: Stack, size: tuple[int, int]) -> Iterator[Mark]:
    color, alpha = stack.color[0].cpu(), stack.alpha[0, :, 0].cpu().numpy()
    corners = _corners(stack, size)
    for number, shown in enumerate(alpha):
        tone = color[number] if color.shape[-2:] == (1, 1) else _mean(color[number], shown)
        top, left = corners[number]
        rows, columns = np.flatnonzero((shown > FAINT).any(1)), np.flatnonzero((shown > FAINT).any(0))
        if len(rows):
            shown = shown[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            top, left = top + int(rows[0]), left + int(columns[0])
        else:
            shown = shown[:0, :0]
        yield Mark(tone.flatten().numpy(), shown, top, left)


def _corners(stack: Stack, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Row and column of the canvas of each stroke's first pixel: where the windows lead, asked of numbered pixels."""
    if stack.windows is None:
        return [(0, 0)] * stack.alpha.shape[1]
    left, right, top, bottom = stack.wider
    height, width = size[0] + top + bottom, size[1] + left + right
    numbered = torch.arange(height * width).reshape(1, 1, height, width)
    found = {}
    for strokes, view in stack.windows:
        first = view(numbered)[..., 0, 0, 0].flatten().tolist()
        found |= {
            number: (pixel // width - top, pixel % width - left)
            for number, pixel in zip(range(*strokes.indices(stack.alpha.shape[1])), first, strict=True)
        }
    return [found[number] for number in range(stack.alpha.shape[1])]


def _mean(color: torch.Tensor, alpha: np.ndarray) -> torch.Tensor:
    weight = torch.from_numpy(alpha) + 1e-6
    return (color * weight).sum((1, 2)) / weight.sum()
