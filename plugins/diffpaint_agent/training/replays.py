"""Canvases of many small paintings as the real engine draws them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from diffpaint import Renderer
from diffpaint_mypaint import Brush, carried_brush, draw_painting

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
    brush = Brush(carried_brush(painter.brush, painter.brush_file))
    tables = (painter.strokes(one)[1].double().numpy() for one in actions.cpu())
    drawn = [draw_painting(table, brush, side, side, cell=side, oversample=factor) for table in tables]
    return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255
