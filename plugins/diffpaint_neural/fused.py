"""The generator once it learns no more: the same function in less time and a fraction of the memory.

Its normalisation goes into the weights of its layers, and of what those saw, backward needs the signs and no values:
autograd would keep all of it for gradients of weights that want none. Pixels lie channels last, which is faster.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, linear

from diffpaint.backward import once_differentiable, recomputed

from .raster import inputs_of, resample
from .stroke_maps import stroke_maps


class FusedGAN(nn.Module):
    """What a generator draws in evaluation, with the arguments that it takes.

    Args:
        network: A :class:`.gan.GANNetwork`, whose weights it takes over.
    """

    def __init__(self, network: Any):
        super().__init__()
        self.radius, self.noise = network.radius, network.noise
        factor, bias = _normalised(network.start)
        self.channels, pixels = len(factor), network.enter.out_features // len(factor)
        factor, bias = factor.repeat_interleave(pixels), bias.repeat_interleave(pixels)
        self.enter = _Layer(network.enter.weight * factor[:, None], network.enter.bias * factor + bias)
        self.grow = nn.ModuleList()
        layers: Any = zip(network.grow, network.settle, strict=True)
        for grow, settle in layers:
            factor, bias = _normalised(settle)
            self.grow.append(_Layer(grow.weight * factor[:, None, None], bias))
        leave: Any = network.leave
        self.leave = _Layer(leave.weight, leave.bias)
        self.requires_grad_(False)

    def forward(self, actions: Tensor, size: tuple[int, int] = (64, 64), noise: Tensor | None = None) -> Tensor:
        """As the network's."""
        inputs = inputs_of(actions) if noise is None else torch.cat([inputs_of(actions), noise], 1)
        level = linear(inputs, self.enter.weight, self.enter.bias).unflatten(1, (self.channels, 4, 4)).relu()
        *lines, finest = recomputed(self._lines, actions)
        for shown, layer in zip(lines, self.grow, strict=True):
            level = _Grown.apply(level, shown, layer.weight, layer.bias)
        drawn = _Merged.apply(level, finest, self.leave.weight, self.leave.bias)
        return resample(torch.sigmoid(drawn)[:, 0], size)

    def _lines(self, actions: Tensor) -> tuple[Tensor, ...]:
        return stroke_maps(actions, self.radius, len(self.grow))


class _Layer(nn.Module):
    """Weight and bias."""

    def __init__(self, weight: Tensor, bias: Tensor):
        super().__init__()
        last = torch.channels_last if weight.ndim == 4 else torch.contiguous_format
        self.weight = nn.Parameter(weight.detach().clone(memory_format=last))
        self.bias = nn.Parameter(bias.detach().clone())


class _Grown(torch.autograd.Function):
    """What is positive of a transposed convolution of two tensors together; once differentiable in those."""

    @staticmethod
    def forward(ctx, level: Tensor, shown: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        drawn = conv_transpose2d(_together(level, shown), weight, bias, 2, 1).relu_()
        ctx.save_for_backward(weight.to(drawn.dtype), drawn > 0)  # as gradients come, under autocast
        ctx.channels = level.shape[1], shown.shape[1]
        return drawn

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        weight, positive = ctx.saved_tensors
        return *_apart(conv2d(grad * positive, weight, None, 2, 1), ctx.channels), None, None


class _Merged(torch.autograd.Function):
    """A convolution of two tensors together; once differentiable in those."""

    @staticmethod
    def forward(ctx, level: Tensor, shown: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        drawn = conv2d(_together(level, shown), weight, bias, padding=1)
        ctx.save_for_backward(weight.to(drawn.dtype))
        ctx.channels = level.shape[1], shown.shape[1]
        return drawn

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        (weight,) = ctx.saved_tensors
        return *_apart(conv_transpose2d(grad, weight, None, padding=1), ctx.channels), None, None


def _normalised(settle: Any) -> tuple[Tensor, Tensor]:
    """Factor and summand of each channel that the normalisation in front comes down to."""
    norm = settle[0]
    factor = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return factor, norm.bias - norm.running_mean * factor


def _together(level: Tensor, shown: Tensor) -> Tensor:
    return torch.cat([level, shown], 1).contiguous(memory_format=torch.channels_last)


def _apart(grad: Tensor, channels: tuple[int, int]) -> list[Tensor]:
    """Each with its pixels side by side again, or what comes next would be slow."""
    return [part.contiguous(memory_format=torch.channels_last) for part in grad.split(channels, 1)]
