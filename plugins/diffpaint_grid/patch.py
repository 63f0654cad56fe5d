"""Patches: canvases of a stroke renderer on a larger one, with a margin in which strokes have room to end."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from diffpaint import StrokeRenderer, load_renderer


def load_patch(name: str, **options: Any) -> StrokeRenderer:
    """A stroke renderer by name; ValueError if it is none, or composites otherwise than by ``over``."""
    renderer = load_renderer(name, **options)
    if not isinstance(renderer, StrokeRenderer):
        raise ValueError(f"a grid wraps stroke renderers; {name!r} is a {type(renderer).__name__}")
    return check_patch(renderer)


def check_patch(renderer: StrokeRenderer) -> StrokeRenderer:
    """Return the renderer, if it composites by ``over``; ValueError if not."""
    if not renderer.stitches:
        raise ValueError(
            f"a grid composites strokes by over; {type(renderer).__name__} has a forward or frames of its own, "
            "which the grid would not use: paint a whole canvas with it"
        )
    return renderer


def check_margin(margin: float) -> None:
    """ValueError for a margin on each side that leaves nothing of the patch."""
    if not 0 <= margin < 0.5:
        raise ValueError(f"margin is a fraction of the patch, 0 <= margin < 0.5, got {margin}")


def fit(renderer: StrokeRenderer, margin: float, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """What takes actions to those of the patch, (factor, shift), (A,) each: positions keep out of its margin.

    Where the painter says how far from its curve a brush reaches, sizes end at the largest that ends within it.

    Args:
        renderer: Of the patch.
        margin: On each side, as a fraction of the patch, from 0 up to but not including 0.5.
        size: (h, w) of the patch, px.

    Raises:
        ValueError: A margin out of range, or too narrow for the smallest stroke.
    """
    check_margin(margin)
    names = renderer.action_names
    factor, shift = torch.ones(len(names)), torch.zeros(len(names))
    for positions in renderer.positions():
        factor[positions], shift[positions] = 1 - 2 * margin, margin
    if renderer.reach and renderer.radius is not None and "size" in names:
        low, high = renderer.radius
        room = margin * min(size) / size[0] * 64  # px on 64; radii refer to the patch's height
        largest = min(high, room / renderer.reach)
        if 0 < largest <= low:
            raise ValueError(
                f"margin {margin:g} leaves strokes no room to end: the smallest reaches "
                f"{low * renderer.reach / 64:.2g} of the patch; take more, or 0 to have strokes cut off"
            )
        if margin:
            factor[names.index("size")] = math.log(largest / low) / math.log(high / low)
    return factor, shift
