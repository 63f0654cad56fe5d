"""Constraints on colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import ImageColor
from torch import Tensor

from diffpaint import Constraint, Moment, Renderer

from .columns import replaced, straight_through

COLOR = ("red", "green", "blue")
PALETTES = {
    "earth": "#2b1d14,#5a3a22,#8a4b2a,#b5763a,#d9a866,#efe3c8,#6b6a45",
    "sea": "#0b1f33,#14466b,#1f7a8c,#5fb3b3,#bfe3dc,#f4f1de,#d98c5f",
}


@dataclass(frozen=True)
class Greyscale(Constraint):
    """Red, green and blue are equal: the mean of the three."""

    needs = COLOR

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Put the mean of the three into each, whatever the progress."""
        columns = self.check(renderer)
        return replaced(actions, columns, actions[..., columns].mean(-1, keepdim=True).clamp(0, 1))

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the three are equal in every stroke."""
        color = actions[..., self.check(renderer)]
        return torch.equal(color, color[..., :1].expand_as(color))


@dataclass(frozen=True)
class Palette(Constraint):
    """Every stroke has one of a few colours.

    While a painting is optimised, the colour of a stroke is a mean of all colours, weighted by a softmax over minus the
    squared distance to the free colour. Its temperature falls by the factor 100, from the palette's variance. At
    progress 1 it is the nearest colour, exactly; its gradient is then that of the mean at progress 0.5, so that colours
    can be learned where progress is always 1, as in :func:`diffpaint.param_f`.

    Args:
        colors: At least one: (red, green, blue) each, sRGB in [0, 1]; or text, names and hex such as ``navy,#f4ecd8``,
            or the name of one of PALETTES.

    Raises:
        ValueError: No colours, or one that is not three numbers in [0, 1] or cannot be read.
    """

    colors: Sequence[Sequence[float]] | str

    def __post_init__(self) -> None:
        if isinstance(self.colors, str):
            texts = PALETTES.get(self.colors.strip(), self.colors).split(",")
            object.__setattr__(self, "colors", [_color(text.strip()) for text in texts])
        colors = tuple(tuple(float(channel) for channel in color) for color in self.colors)
        if not colors:
            raise ValueError("a palette needs at least one colour")
        for color in colors:
            if len(color) != 3 or not all(0 <= channel <= 1 for channel in color):
                raise ValueError(f"a palette's colour is three sRGB values in [0, 1], got {color}")
        object.__setattr__(self, "colors", colors)

    needs = COLOR

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Choose colours, the softer the smaller the progress, and exactly at 1."""
        columns, colors = self.check(renderer), actions.new_tensor(self.colors)
        distance = (actions[..., None, columns] - colors).square().sum(-1)  # (B, T, colours)
        softest = (colors - colors.mean(0)).square().sum(-1).mean().clamp(min=1e-6)
        temperature = softest * 0.01 ** (moment.progress if moment.progress < 1 else 0.5)
        chosen = ((-distance / temperature).softmax(-1) @ colors).clamp(0, 1)
        if moment.progress >= 1:
            chosen = straight_through(colors[distance.argmin(-1)], chosen)
        return replaced(actions, columns, chosen)

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the colour of every stroke is one of the palette."""
        color = actions[..., None, self.check(renderer)]
        return bool((color == color.new_tensor(self.colors)).all(-1).any(-1).all())


def _color(text: str) -> tuple[float, ...]:
    """(red, green, blue) in [0, 1] of a colour's name or hex."""
    try:
        color = ImageColor.getrgb(text)
    except ValueError:
        color = ()
    if len(color) != 3:  # four with opacity, which strokes have by their pressure
        raise ValueError(
            f"palette: {text!r} is no colour; write one as #1b2a49, or as navy, or name a whole palette: "
            f"{', '.join(PALETTES)}"
        )
    return tuple(channel / 255 for channel in color)
