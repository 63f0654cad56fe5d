"""``neural-gan``: the paper's conditional GAN (section 2), from action straight to stroke, for alpha.

A generator draws, a critic compares with the engine's strokes of the same actions. It draws strokes with grain. With
noise it draws another stroke each time; without, the grain is always the same for an action.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from .painter import NeuralPainter
from .raster import SEEN, resample, seen


class GANNetwork(nn.Module):
    """Alpha of strokes from actions: the generator.

    Args:
        radius: (low, high) px on a 64-px cell for size 0 and 1.
        noise: Normal numbers that a stroke takes beside its action.
        channels: At 4 x 4 px; half as many at each size up.
    """

    def __init__(self, radius: tuple[float, float], noise: int = 0, channels: int = 256):
        super().__init__()
        self.radius = radius
        self.noise = noise
        self.options = {"noise": noise, "channels": channels}
        widths = [channels >> step for step in range(4)]
        layers = [
            layer
            for wide, narrow in itertools.pairwise(widths)
            for layer in (nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU())
        ]
        self.enter = nn.Linear(SEEN + noise, 16 * channels)
        self.draw = nn.Sequential(
            *(nn.Unflatten(1, (channels, 4, 4)), nn.BatchNorm2d(channels), nn.ReLU()),
            *layers,
            nn.ConvTranspose2d(widths[-1], 1, 4, 2, 1),
        )

    def forward(self, actions: Tensor, size: tuple[int, int] = (64, 64), noise: Tensor | None = None) -> Tensor:
        """Alpha (N, H, W) in [0, 1] of each stroke, of actions (N, 12) in [0, 1] and noise (N, ``noise``)."""
        inputs = seen(actions) if noise is None else torch.cat([seen(actions), noise], 1)
        return resample(torch.sigmoid(self.draw(self.enter(inputs)))[:, 0], size)


class NeuralGAN(NeuralPainter):
    """Strokes of a MyPaint brush by a conditional GAN: with grain, as in the paper. See :class:`NeuralPainter`."""

    painter = "gan"
    network_class = GANNetwork
    any_shape = False
