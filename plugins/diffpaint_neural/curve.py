"""The curve of a stroke: points on its Bezier, what the brush does there, and Gaussians on a raster."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from diffpaint.backward import once_differentiable
from diffpaint.renderer import STROKE_ACTION

PIXEL = 1 / 64  # of the height: the raster that strokes are learned at
SOFTEST = 0.4 * PIXEL  # least standard deviation, what the raster itself blurs
FAR = 8.0  # standard deviations, where a Gaussian ends: 1e-14


class Curve(NamedTuple):
    """Points along the Beziers of N strokes, K each; lengths in heights of the canvas.

    Attributes:
        position: x and y, (2, N, K).
        velocity: Likewise.
        speed: (N, K).
        radius: Of the brush, (N, 1).
        features: What a network sees of each point, (N, K, 8).
    """

    position: Tensor
    velocity: Tensor
    speed: Tensor
    radius: Tensor
    features: Tensor


def along(actions: Tensor, t: Tensor, size: tuple[int, int], radius: tuple[float, float]) -> Curve:
    """Points at ``t`` (K,) in [0, 1] of the strokes of actions (N, 12) in [0, 1].

    Args:
        actions: A STROKE_ACTION each.
        t: Where along the curve.
        size: (H, W) of the canvas.
        radius: (low, high) px on a 64-px cell for size 0 and 1.
    """
    # lengths are in heights of the canvas along both axes: strokes stay round on one that is not square
    stretch = actions.new_tensor([size[1] / size[0] if name.endswith("_x") else 1.0 for name in STROKE_ACTION])
    actions = actions * stretch
    start_pressure, end_pressure, extent = actions[:, 0:1], actions[:, 1:2], actions[:, 2:3]
    start, control, end = (actions[:, first : first + 2].T[..., None] for first in (6, 8, 10))  # (2, N, 1)
    position = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    velocity = 2 * (1 - t) * (control - start) + 2 * t * (end - control)
    speed = (velocity.square().sum(0) + 1e-4).sqrt()
    pressure = (1 - t) * start_pressure + t * end_pressure
    low, high = radius
    features = [pressure - 0.5, (extent - 0.5).expand_as(pressure), velocity[0], velocity[1], speed - 1, speed.log()]
    features += [(t - 0.5).expand_as(pressure), 0.2 * (pressure + 1e-3).log()]
    return Curve(position, velocity, speed, low * (high / low) ** extent * PIXEL, torch.stack(features, -1))


def gaussian_profile(centre: Tensor, deviation: Tensor, side: int, height: int, start: Tensor | None = None) -> Tensor:
    """Gaussians over a row of pixel centres.

    Args:
        centre: (N, ...), in heights of the canvas.
        deviation: Likewise.
        side: How many pixels.
        height: Of the canvas, px.
        start: (N,), the first pixel for each; 0 if None.

    Returns:
        (N, ..., side), 1 at the centre.
    """
    pixel = torch.arange(side, device=centre.device) + 0.5
    if start is not None:
        pixel = pixel + start.reshape(-1, *[1] * centre.ndim)
    return _Profile.apply(centre[..., None], deviation[..., None], (pixel / height).to(centre.dtype))


class _Profile(torch.autograd.Function):
    """With u the distance in deviations, p = exp(-u^2 / 2) has dp/dcentre = p u / deviation, dp/ddeviation u times it.

    Written out, this keeps one tensor of what autograd would keep six of, in a third of the time.
    """

    @staticmethod
    def forward(ctx, centre: Tensor, deviation: Tensor, pixel: Tensor) -> Tensor:
        # farther than FAR, exp() would work its way through the slow numbers at the end of floating point
        profile = (pixel - centre).div_(deviation).square_().clamp_max_(FAR**2).mul_(-0.5).exp_()
        ctx.save_for_backward(centre, deviation, pixel, profile)
        return profile

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        centre, deviation, pixel, profile = ctx.saved_tensors
        apart = (pixel - centre).div_(deviation)
        slope = (grad * profile).mul_(apart)
        of_centre = slope.sum(-1, keepdim=True).div_(deviation)
        return of_centre, slope.mul_(apart).sum(-1, keepdim=True).div_(deviation), None
