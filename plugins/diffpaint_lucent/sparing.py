"""``sparing``: paint is dear, so that a picture has none that nothing asks for."""

from __future__ import annotations

import torch
from torch import Tensor

from diffpaint import Objective

CHROMA = 0.7  # of the price, what the colour costs; the rest is for light and dark


class Sparing(Objective):
    """How far the canvas is from what it is painted on, most dearly at its edges.

    Networks leave fog and hairs wherever they do not care, in whatever colour; this takes them away, and draws what
    they do care for to the middle. Colour costs more than light and dark, so that a fox is not blue.

    Args:
        edge: By how much more paint costs at the middle of an edge than in the middle of the canvas.

    Raises:
        ValueError: An edge below 0.
    """

    def __init__(self, edge: float = 6.0):
        super().__init__()
        if not 0 <= edge < float("inf"):
            raise ValueError(f"edge is finite and from 0, got {edge}")
        self.edge = edge

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean absolute difference to the ground, weighted; to white where nobody knows the ground."""
        height, width = canvas.shape[2:]
        across, down = (torch.linspace(-1, 1, side, device=canvas.device).square() for side in (width, height))
        dear = 1 + self.edge * torch.maximum(across, down[:, None])
        ground = 1.0 if self.moment.background is None else self.moment.background
        off = canvas - ground
        grey = off.mean(1, keepdim=True)
        return (((1 - CHROMA) * grey.abs() + CHROMA * (off - grey).abs()).mean(1) * dear).mean()
