"""``neural-gan``: the paper's conditional GAN (section 2), from action straight to stroke, for alpha.

A generator draws, a critic compares with the engine's strokes of the same actions. It draws strokes with grain. With
noise it draws another stroke each time; without, the grain is always the same for an action.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from .fused import FusedGAN
from .painter import NeuralPainter
from .raster import INPUTS, inputs_of, resample
from .stroke_maps import STROKE_MAPS, stroke_maps


class GANNetwork(nn.Module):
    """Alpha of strokes from actions: the generator.

    The paper's, with soft lines along the curve shown to each of its layers: see :mod:`.stroke_maps`.

    Args:
        radius: (low, high) px on a 64-px cell for size 0 and 1.
        noise: Normal numbers that a stroke takes beside its action.
        channels: At 4 x 4 px; half as many at each size up to 32 x 32, and 8 at 64 x 64.
    """

    def __init__(self, radius: tuple[float, float], noise: int = 0, channels: int = 256):
        super().__init__()
        self.radius = radius
        self.noise = noise
        self.options = {"noise": noise, "channels": channels}
        widths = [channels, channels >> 1, channels >> 2, channels >> 3, 8]
        self.enter = nn.Linear(INPUTS + noise, 16 * channels)
        self.start = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(wide + STROKE_MAPS, narrow, 4, 2, 1, bias=False)
            for wide, narrow in itertools.pairwise(widths)
        )
        self.settle = nn.ModuleList(nn.Sequential(nn.BatchNorm2d(width), nn.ReLU()) for width in widths[1:])
        self.leave = nn.Conv2d(widths[-1] + STROKE_MAPS, 1, 3, padding=1)

    def forward(self, actions: Tensor, size: tuple[int, int] = (64, 64), noise: Tensor | None = None) -> Tensor:
        """Alpha (N, H, W) in [0, 1] of each stroke, of actions (N, 12) in [0, 1] and noise (N, ``noise``)."""
        inputs = inputs_of(actions) if noise is None else torch.cat([inputs_of(actions), noise], 1)
        level = self.start(self.enter(inputs).unflatten(1, (-1, 4, 4)))
        *lines, finest = stroke_maps(actions, self.radius, len(self.grow))
        for shown, grow, settle in zip(lines, self.grow, self.settle, strict=True):
            level = settle(grow(torch.cat([level, shown], 1)))
        return resample(torch.sigmoid(self.leave(torch.cat([level, finest], 1)))[:, 0], size)


class NeuralGAN(NeuralPainter):
    """Strokes of a MyPaint brush by a conditional GAN: with grain, as in the paper. See :class:`NeuralPainter`."""

    painter = "gan"
    network_class = GANNetwork
    any_shape = False
    mixed = True

    def fused(self, network: GANNetwork) -> FusedGAN:
        """See :class:`FusedGAN`."""
        return FusedGAN(network)
