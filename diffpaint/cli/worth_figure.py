"""The picture of what strokes are worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..compositing import Stack, lay
from ..io.images import to_pil
from ..painting import Painting

#: matplotlib's inferno, by Nathaniel Smith and Stefan van der Walt (CC0): even steps of worth are even to the eye.
COLORS = ("000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4")
NOTHING = 0.5  # grey of strokes that are worth nothing
GROUND = 0.08  # grey of where no stroke is
DECADES = 3  # of worth from the darkest to the brightest
PANEL = 480  # px, longest side of a view
GAP, LETTER = 16, 15  # px


def worth_most(value: Tensor, share: float) -> Tensor:
    """The fewest strokes (N,) that hold a share of all worth (T,), those worth most first.

    >>> worth_most(torch.tensor([1.0, -2.0, 6.0, 3.0]), 0.5).tolist()
    [2]
    """
    order = value.argsort(descending=True, stable=True)
    held = value[order].clamp(min=0).cumsum(0)
    return order[: int((held < share * held[-1]).sum()) + 1] if held[-1] > 0 else order[:0]


def composited(
    stacks: Sequence[Stack], canvas: Tensor, color: Tensor | None = None, shown: Tensor | None = None
) -> Tensor:
    """All strokes over a canvas, in drawing order.

    Args:
        stacks: Of the strokes.
        canvas: (1, 3, H, W), what they are painted on.
        color: (T, 3), other colours than their own.
        shown: (T,), by which their alphas are multiplied.

    Returns:
        (1, 3, H, W).
    """
    first, changed = 0, []
    for stack in stacks:
        part = slice(first, first + stack.alpha.shape[1])
        first = part.stop
        ink = stack.color if color is None else color[None, part, :, None, None]
        alpha = stack.alpha if shown is None else stack.alpha * shown[None, part, None, None, None]
        changed.append(stack._replace(color=ink, alpha=alpha))
    return lay(changed, canvas)


def draw_worth(painting: Painting, stacks: Sequence[Stack], value: Tensor) -> np.ndarray:
    """Four views: the painting; its strokes by worth; and those that hold half, and nine tenths, of all worth.

    Args:
        painting: One.
        stacks: Its strokes.
        value: (T,), what each is worth.

    Returns:
        uint8 (H, W, 3), sRGB.
    """
    ground = torch.full_like(painting.background, GROUND)
    views = [("painting", painting.canvas), ("", composited(stacks, ground, color=_colored(value)))]
    for name, share in (("half of all worth", 0.5), ("nine tenths", 0.9)):
        chosen = worth_most(value, share)
        shown = torch.zeros_like(value).index_fill(0, chosen, 1)
        text = f"{name}: {len(chosen)} of {len(value)} strokes"
        views.append((text, composited(stacks, painting.background, shown=shown)))
    height, width = painting.canvas.shape[2:]
    factor = PANEL / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    across, down = size[0] + GAP, size[1] + GAP + 2 * LETTER
    sheet = Image.new("RGB", (2 * across + GAP, 2 * down + GAP), "white")
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(LETTER)
    for index, (text, canvas) in enumerate(views):
        left, top = GAP + index % 2 * across, GAP + index // 2 * down
        sheet.paste(to_pil(canvas).resize(size, Image.Resampling.LANCZOS), (left, top))
        drawing.text((left, top + size[1] + LETTER // 3), text, fill="black", font=font)
    _draw_scale(sheet, drawing, font, (GAP + across, GAP + size[1] + LETTER // 3), size[0])
    return np.asarray(sheet)


def _colored(value: Tensor) -> Tensor:
    """Colours (T, 3) of worth (T,): by its logarithm below the largest; grey where it is nothing."""
    known = torch.tensor([[int(color[at : at + 2], 16) / 255 for at in (0, 2, 4)] for color in COLORS])
    decades = torch.log10(value.clamp(min=1e-30) / value.max().clamp(min=1e-30))
    place = (1 + decades / DECADES).clamp(0, 1) * (len(known) - 1)
    below = place.floor().long().clamp(max=len(known) - 2)
    color = torch.lerp(known[below], known[below + 1], (place - below)[:, None])
    return torch.where(value[:, None] > 0, color, NOTHING)


def _draw_scale(sheet: Image.Image, drawing: ImageDraw.ImageDraw, font: Any, at: tuple[int, int], width: int) -> None:
    """What the colours mean, in a line below the second view."""
    text = ("worth, of the largest: 1/" + str(10**DECADES), " 1   none or less")
    x, y = at
    drawing.text((x, y), text[0], fill="black", font=font)
    x += math.ceil(drawing.textlength(text[0] + " ", font=font))
    scale = _colored(torch.logspace(-DECADES, 0, max(2, width // 4))).expand(1, LETTER, -1, -1)
    sheet.paste(to_pil(scale.permute(0, 3, 1, 2)), (x, y + 1))
    x += scale.shape[2]
    drawing.text((x, y), text[1], fill="black", font=font)
    x += math.ceil(drawing.textlength(text[1] + " ", font=font))
    drawing.rectangle((x, y + 1, x + LETTER, y + LETTER), fill=(round(255 * NOTHING),) * 3)
