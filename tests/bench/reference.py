"""The algorithm of the paper's code, written anew as the baseline of benchmarks: plain, and not slow on purpose.

A generator of the paper's shape draws a stroke in colour on white, 64 x 64. Its mask is one minus its mean colour,
divided by its maximum. Every stroke is padded to the whole canvas and blended there, one after another; autograd keeps
them all. Weights are random: they change neither time nor memory.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

SIDE = 64


class ReferencePainter(nn.Module):
    """Strokes (N, 3, 64, 64) in [0, 1] of actions (N, 12)."""

    def __init__(self, channels: int = 256):
        super().__init__()
        self.enter = nn.Linear(12, 16 * channels)
        layers = []
        for factor in (1, 2, 4):
            layers += [
                nn.ConvTranspose2d(channels // factor, channels // factor // 2, 4, 2, 1),
                nn.BatchNorm2d(channels // factor // 2),
                nn.ReLU(),
            ]
        self.grow = nn.Sequential(*layers, nn.ConvTranspose2d(channels // 8, 3, 4, 2, 1), nn.Sigmoid())
        self.eval().requires_grad_(False)

    def forward(self, actions: Tensor) -> Tensor:
        return self.grow(self.enter(actions).unflatten(1, (-1, 4, 4)))


def paint(painter: ReferencePainter, actions: Tensor, rows: int, cols: int, overlap: int) -> Tensor:
    """Paint cells with strokes of their own.

    Args:
        painter: Of the strokes.
        actions: (T, rows * cols, 12) in [0, 1].
        rows: Of cells.
        cols: Likewise.
        overlap: Of neighbouring cells, px.

    Returns:
        (1, 3, H, W) in [0, 1].
    """
    stride = SIDE - overlap
    height, width = SIDE + (rows - 1) * stride, SIDE + (cols - 1) * stride
    canvas = torch.ones(1, 3, height, width)
    for layer in actions:
        for cell, stroke in enumerate(painter(layer)):
            top, left = cell // cols * stride, cell % cols * stride
            mask = 1 - stroke.mean(0)
            mask = mask / mask.max()
            around = (left, width - SIDE - left, top, height - SIDE - top)
            whole = pad(mask, around)
            color = layer[cell, 3:6, None, None].expand(3, height, width)
            canvas = whole * color + (1 - whole) * canvas
    return canvas
