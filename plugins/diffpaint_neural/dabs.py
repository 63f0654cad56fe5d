"""``neural-dabs``: a stroke as the dabs that the engine would have thrown, so that dots are dots.

The engine draws a stroke as many dabs along its curve, each with a random offset and radius. So does this painter: a
dab is a Gaussian whose place, widths and weight a small network gives from what it sees of the curve there and from
normal numbers of its own. An upright Gaussian is separable, so all dabs of a stroke add up in a single product of
(H x K) by (K x W); alpha is one minus the transparency of all, ``1 - exp(-sum)``.

Nothing in it knows the raster. With the noise held still a stroke is a smooth function of its action.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .boxes import draw_in_boxes, extent
from .curve import SOFTEST, along, gaussian_profile
from .painter import NeuralPainter

NOISE = 5  # normal numbers that a dab takes
INPUTS = 8  # numbers that a dab sees of its place on the curve


class DabsNetwork(nn.Module):
    """Alpha of strokes from actions and noise.

    Args:
        radius: (low, high) px on a 64-px cell for size 0 and 1.
        dabs: K, at most, along the curve.
        hidden: Width of the network that looks at each dab.
    """

    t: Tensor

    def __init__(self, radius: tuple[float, float], dabs: int = 192, hidden: int = 32):
        super().__init__()
        self.radius = radius
        self.noise = NOISE * dabs
        self.options = {"dabs": dabs, "hidden": hidden}
        out = nn.Linear(hidden, 6)
        self.at_dab = nn.Sequential(
            *(nn.Linear(INPUTS + NOISE, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), out)
        )
        self.spread = nn.Parameter(torch.tensor(math.log(0.7)))  # of offsets, in radii, before the network has a say
        with torch.no_grad():
            out.weight.mul_(0.1)
            out.bias.copy_(torch.tensor([-0.7, -0.7, 0.0, 0.0, 0.0, 0.0]))
        self.register_buffer("t", (torch.arange(dabs) + 0.5) / dabs, persistent=False)

    def forward(self, actions: Tensor, size: tuple[int, int] = (64, 64), noise: Tensor | None = None) -> Tensor:
        """Alpha (N, H, W) in [0, 1] of each stroke, of actions (N, 12) in [0, 1] and noise (N, ``noise``)."""
        if noise is None:
            raise ValueError("dabs are thrown at random: pass noise of shape (strokes, noise)")
        noise = noise.unflatten(1, (NOISE, -1))  # (N, NOISE, K)
        curve = along(actions, self.t, size, self.radius)
        output = self.at_dab(torch.cat([curve.features, noise.movedim(1, 2)], -1)).movedim(-1, 0)  # (6, N, K)
        spread = (curve.radius * output[:2].exp()).square() + SOFTEST**2
        offset = output[2:4] + (self.spread + output[5]).exp() * noise.movedim(1, 0)[:2]
        centre = curve.position + curve.radius * offset
        # a dab's weight: as many lie here as it stands for
        mass = output[4].exp() * (curve.speed / curve.radius + 1) / len(self.t)
        (x, y), (wide, high) = centre, spread.sqrt()

        def draw(some: Tensor, top: Tensor, left: Tensor, box: tuple[int, int]) -> Tensor:
            down = gaussian_profile(y[some], high[some], box[0], size[0], top) * mass[some, :, None]
            across = gaussian_profile(x[some], wide[some], box[1], size[0], left)
            return 1 - torch.matmul(down.transpose(1, 2), across).neg_().exp()  # faster than expm1()

        return draw_in_boxes(extent(y, high, mass), extent(x, wide, mass), size, draw)


class NeuralDabs(NeuralPainter):
    """Strokes of a MyPaint brush dab by dab: with the engine's grain, at any raster.

    See :class:`.painter.NeuralPainter`.
    """

    painter = "dabs"
    strokes_at_once = 512
    network_class = DabsNetwork
