"""The critic: whether a canvas shows the picture that it was painted from (the paper's section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..agent import SMALLEST


class Critic(nn.Module):
    """How much a canvas is like its picture, by looking at both together.

    Args:
        size: Side of both, px.
        channels: Of the first layer; each layer halves the side and doubles the channels.
    """

    def __init__(self, size: int, channels: int):
        super().__init__()
        layers, side, width, wider = [], size, 6, channels
        while side > SMALLEST:
            layers += [nn.Conv2d(width, wider, 4, 2, 1), nn.LeakyReLU(0.2)]
            side, width, wider = side // 2, wider, 2 * wider
        self.judge = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side**2, 1))

    def forward(self, canvas: Tensor, picture: Tensor) -> Tensor:
        """(B,), higher is better, of canvases and pictures (B, 3, size, size) in [0, 1]."""
        return self.judge(1 - torch.cat([canvas, picture], 1))[:, 0]

    def penalty(self, canvas: Tensor, picture: Tensor) -> Tensor:
        """How far slopes between canvas and picture are from 1, squared (Gulrajani et al. 2017)."""
        share = torch.rand(len(canvas), 1, 1, 1, device=canvas.device)
        between = torch.lerp(picture, canvas, share).requires_grad_()
        (slope,) = torch.autograd.grad(self(between, picture).sum(), between, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()
