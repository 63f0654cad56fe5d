"""``neural-vae``: the paper's two-stage painter (section 2, from World Models), for alpha.

A variational autoencoder learns a space of strokes; a predictor then learns where in that space the stroke of an action
lies. Painting needs the predictor and the decoder. The code of a stroke is too small to hold its grain, so strokes come
out smooth: the paper's "smudging".
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .painter import NeuralPainter
from .raster import INPUTS, inputs_of, resample


class Encoder(nn.Module):
    """Alpha (N, 64, 64) in [0, 1] to mean and log-variance of its code, (N, latent) each."""

    def __init__(self, latent: int):
        super().__init__()
        widths = (1, 32, 64, 128, 256)
        steps = itertools.pairwise(widths)
        self.features = nn.Sequential(
            *(layer for wide, wider in steps for layer in (nn.Conv2d(wide, wider, 4, 2), nn.ReLU()))
        )
        self.code = nn.Linear(4 * widths[-1], 2 * latent)  # 2 x 2 px are left

    def forward(self, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        mean, log_variance = self.code(self.features(alpha[:, None]).flatten(1)).chunk(2, 1)
        return mean, log_variance


class Decoder(nn.Sequential):
    """A code (N, latent) to the logit of alpha, (N, 1, 64, 64)."""

    def __init__(self, latent: int):
        super().__init__(
            *(nn.Linear(latent, 1024), nn.Unflatten(1, (1024, 1, 1))),
            *(nn.ConvTranspose2d(1024, 128, 5, 2), nn.ReLU()),
            *(nn.ConvTranspose2d(128, 64, 5, 2), nn.ReLU()),
            *(nn.ConvTranspose2d(64, 32, 6, 2), nn.ReLU()),
            nn.ConvTranspose2d(32, 1, 6, 2),
        )


class VAENetwork(nn.Module):
    """Alpha of strokes from actions, by way of the code of a stroke.

    Args:
        radius: (low, high) px on a 64-px cell for size 0 and 1.
        latent: Length of the code.
        hidden: Widths of the predictor.
    """

    def __init__(self, radius: tuple[float, float], latent: int = 64, hidden: Sequence[int] = (256, 256, 256)):
        super().__init__()
        self.radius = radius
        self.options = {"latent": latent, "hidden": list(hidden)}
        widths = (INPUTS, *hidden)
        layers = [
            layer for wide, wider in itertools.pairwise(widths) for layer in (nn.Linear(wide, wider), nn.LeakyReLU())
        ]
        self.predictor = nn.Sequential(*layers, nn.Linear(widths[-1], latent))
        self.decoder = Decoder(latent)

    def forward(self, actions: Tensor, size: tuple[int, int] = (64, 64)) -> Tensor:
        """Alpha (N, H, W) in [0, 1] of each stroke, of actions (N, 12) in [0, 1]."""
        alpha = torch.sigmoid(self.decoder(self.predictor(inputs_of(actions))))[:, 0]
        return resample(alpha, size)


class NeuralVAE(NeuralPainter):
    """Strokes of a MyPaint brush by a variational autoencoder: smooth, as in the paper. See :class:`NeuralPainter`."""

    painter = "vae"
    network_class = VAENetwork
    any_shape = False
    mixed = True
