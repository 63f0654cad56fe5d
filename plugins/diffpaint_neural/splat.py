"""``neural-splat``: a stroke as a few Gaussians along its Bezier, and a tiny network that turns their density to alpha.

The geometry is exact and not learned: K points on the curve. A small network looks at each point (pressure, size,
velocity, progress) and says how wide, where and how heavy the Gaussians are there, at each of S scales. An upright
Gaussian is separable, so the density map of one scale is a single product of (H x K) by (K x W). A second network,
the same for every pixel and modulated by pressure, size and length, makes alpha of the S densities.

Nothing in it knows the raster: it renders at any size. Trained on the squared error it predicts the mean of all strokes
that the engine might draw for an action; the irreducible rest is the engine's own randomness.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn

from diffpaint.backward import once_differentiable, recomputed
from diffpaint.fast import share_out, takes

from .boxes import draw_in_boxes, extent
from .curve import SOFTEST, Curve, along, gaussian_profile
from .painter import NeuralPainter

FAST_SHAPE = (8, 4)  # channels and scales that compiled code knows; of points it wants a multiple of four
FILL = 0.4  # standard deviation along the curve that joins neighbouring points, in their distance


class SplatNetwork(nn.Module):
    """Alpha of strokes from actions.

    Args:
        radius: (low, high) px on a 64-px cell for size 0 and 1.
        points: K, Gaussians along the curve.
        scales: S, Gaussians at each point.
        hidden: Width of the network that looks at each point.
        channels: Width of the network that looks at each pixel.
    """

    t: Tensor
    weight: Tensor

    def __init__(
        self, radius: tuple[float, float], points: int = 24, scales: int = 4, hidden: int = 32, channels: int = 8
    ):
        super().__init__()
        self.radius = radius
        self.options = {"points": points, "scales": scales, "hidden": hidden, "channels": channels}
        points_out, modulation_out = nn.Linear(hidden, 5 * scales), nn.Linear(32, 2 * channels)
        self.at_point = nn.Sequential(nn.Linear(8, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), points_out)
        self.modulation = nn.Sequential(nn.Linear(4, 32), nn.GELU(), modulation_out)
        self.pixel_in = nn.Linear(scales, channels)
        self.pixel_mid = nn.Linear(channels, channels)
        self.pixel_out = nn.Linear(channels, 1)
        # all scales centred on the curve, from half the radius to twice it; no modulation
        widths = torch.linspace(-0.8, 0.8, scales)
        with torch.no_grad():
            points_out.weight.zero_()
            points_out.bias.copy_(torch.cat([widths, widths, torch.zeros(3 * scales)]))
            modulation_out.weight.zero_()
            modulation_out.bias.zero_()
            self.pixel_out.bias.fill_(-3.0)
        t = torch.linspace(0, 1, points)
        weight = torch.full_like(t, 1 / (points - 1))
        weight[0] = weight[-1] = 0.5 / (points - 1)
        self.register_buffer("t", t, persistent=False)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, actions: Tensor, size: tuple[int, int] = (64, 64)) -> Tensor:
        """Alpha of each stroke.

        Args:
            actions: (N, 12) in [0, 1], a STROKE_ACTION each.
            size: (H, W) of the raster.

        Returns:
            (N, H, W) in [0, 1].
        """
        x, y, mass, length = self._gaussians(along(actions, self.t, size, self.radius))
        scale, shift = self.modulation(torch.cat([actions[:, :3] - 0.5, length - 1], 1))[..., None].chunk(2, 1)
        weight, bias = self.pixel_in.weight * (1 + scale), self.pixel_in.bias[:, None] * (1 + scale) + shift
        layers = self.pixel_mid, self.pixel_out
        rest = [part for layer in layers for part in (layer.weight, layer.bias[:, None])]
        if weight.shape[1:] == FAST_SHAPE and len(self.t) % 4 == 0 and takes(mass, weight, *rest):
            gaussians = torch.stack([x[0] * size[0], y[0] * size[0], x[1] * size[0], y[1] * size[0], mass], 1)
            own, shared = (
                torch.cat([weight.flatten(1), bias.flatten(1)], 1),
                torch.cat([part.flatten() for part in rest]),
            )
            return _Drawn.apply(gaussians.flatten(2), own, shared, size)

        def draw(some: Tensor, top: Tensor, left: Tensor, box: tuple[int, int]) -> Tensor:
            down = gaussian_profile(y[0][some], y[1][some], box[0], size[0], top)
            across = gaussian_profile(x[0][some], x[1][some], box[1], size[0], left)
            return recomputed(_ink, down, across, mass[some], weight[some], bias[some], *rest)

        return draw_in_boxes(extent(*y, mass), extent(*x, mass), size, draw)

    def _gaussians(self, curve: Curve) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], Tensor, Tensor]:
        """(centre, deviation) along x and along y, and mass, (N, S, K) each, in heights; length (N, 1)."""
        output = self.at_point(curve.features).unflatten(-1, (5, -1)).permute(2, 0, 3, 1)  # (5, N, S, K)
        radius = curve.radius[:, None]  # (N, 1, 1)
        spread = (radius * output[:2].exp()).square() + SOFTEST**2
        joined = (curve.velocity * (FILL / (len(self.t) - 1))).square()[:, :, None]  # (2, N, 1, K)
        deviation = (spread + joined).sqrt()
        centre = curve.position[:, :, None] + radius * output[2:4]
        mass = (
            output[4].exp() * self.weight * (curve.speed[:, None] / radius + 1)
        )  # dabs lie a part of the radius apart
        return (centre[0], deviation[0]), (centre[1], deviation[1]), mass, curve.speed.mean(1, keepdim=True)


def _ink(down: Tensor, across: Tensor, mass: Tensor, *layers: Tensor) -> Tensor:
    """Alpha (M, h, w) of Gaussians (M, S, K, h) down and (M, S, K, w) across, of mass (M, S, K).

    The density of each scale is one product. Three layers make alpha of them, the same for every pixel: channels come
    before pixels, so that a layer is one product a stroke, with its modulation in the matrix.
    """
    density = torch.matmul((down * mass[..., None]).transpose(2, 3), across)  # (M, S, h, w)
    density = density.flatten(2).to(down.dtype)  # in 16 bits, as it comes under autocast, 1 + density would be coarse
    weight, bias, *rest = layers
    # log1p() and expm1() take eight times as long: what they know more of the smallest densities is not needed
    level = torch.baddbmm(bias, weight, (density + 1).log()).relu_()
    weight, bias, *rest = rest
    level = torch.baddbmm(bias, weight.expand(len(level), -1, -1), level).relu_()
    weight, bias = rest
    level = torch.baddbmm(bias, weight.expand(len(level), -1, -1), level)[:, 0].sigmoid()
    # where no Gaussian reaches there is no paint, whatever the networks say
    alpha = level * (1 - (-4 * density.sum(1)).exp())
    return alpha.unflatten(1, (down.shape[-1], across.shape[-1]))


class _Drawn(torch.autograd.Function):
    """Alpha (N, H, W) by compiled code, once differentiable in all that it is given; see ``kernels``."""

    @staticmethod
    def forward(ctx, gaussians: Tensor, own: Tensor, shared: Tensor, size: tuple[int, int]) -> Tensor:
        from .kernels.strokes import draw

        ctx.save_for_backward(gaussians, own, shared)
        alpha = gaussians.new_zeros(len(gaussians), *size)
        parts = [part.detach().contiguous().numpy() for part in (gaussians, own, shared, alpha)]
        share_out(functools.partial(draw, *parts), len(alpha))
        return alpha

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        from .kernels.strokes import take_back

        gaussians, own, shared = ctx.saved_tensors
        learned = len(gaussians) if ctx.needs_input_grad[2] else 0
        found = [torch.zeros_like(gaussians), torch.zeros_like(own), shared.new_zeros(learned, len(shared))]
        parts = [part.detach().contiguous().numpy() for part in (gaussians, own, shared, grad, *found)]
        share_out(functools.partial(take_back, *parts), len(grad))
        return *found[:2], found[2].sum(0) if learned else None, None


class NeuralSplat(NeuralPainter):
    """Strokes of a MyPaint brush as Gaussians along their curve: the mean stroke, fast, at any raster.

    See :class:`NeuralPainter`.
    """

    painter = "splat"
    strokes_at_once = 512
    network_class = SplatNetwork
