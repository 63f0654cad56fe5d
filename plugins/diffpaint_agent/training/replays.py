"""Canvases of many small paintings as the real engine draws them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from diffpaint import Renderer
from diffpaint_mypaint import Brush, draw_painting, read_brush

FINE = 256  # px, at least: strokes are drawn this large and averaged down, as those that painters learned from


def replay_all(actions: Tensor, painter: Renderer) -> Tensor:
    """Draw paintings with the brush that the painter imitates.

    Args:
        actions: (B, T, A) in [0, 1].
        painter: Whose actions they are, of a square canvas.

    Returns:
        (B, 3, S, S) in [0, 1], on the canvas of the painter.

    Raises:
        ValueError: The painter imitates no brush of the engine.
    """
    if painter.brush is None:
        raise ValueError(f"{type(painter).__name__} imitates no MyPaint brush, so there is nothing to replay with")
    side = painter.size[0]
    factor = -(-FINE // side)
    brush = Brush(read_brush(painter.brush))
    drawn = []
    for one in actions.cpu():
        table = painter.strokes(one)[1].double().numpy()
        table[:, [2, *range(6, 12)]] *= factor
        fine = draw_painting(table, brush, side * factor, side * factor, cell=side * factor)
        blocks = fine.reshape(side, factor, side, factor, 3).astype(np.float32).mean((1, 3)) / 255
        drawn.append(torch.from_numpy(blocks).permute(2, 0, 1))
    return torch.stack(drawn)
