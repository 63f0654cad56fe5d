"""The network of a CPPN at many points, a tile of them at a time, so that its layers never leave the cache.

A layer is h = W a + b, and the next one's input is a = (t, t^2) with t = atan(h). Autograd would keep h, t and a of
every layer at every point, more than a gigabyte for 512 x 512 px. Here the forward pass keeps none of them and the
backward pass computes each tile anew: with the derivatives of one tile in the cache that is quicker than reading them
back from memory. torch.utils.checkpoint for each tile gives the same, but takes half as long again.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diffpaint.backward import once_differentiable

CACHED = 2**17  # numbers in one layer of a tile, for each thread: the tile of all layers then stays in the cache
CACHED_ON_GPU = 2**22  # there a tile must be large enough to fill the device


def evaluate(points: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """Evaluate B networks at P points; differentiable once, and with respect to the parameters only.

    Args:
        points: (1, I, P), the same for all networks.
        parameters: A weight (B, outputs, inputs) and a bias (B, outputs, 1) for each layer. Every layer but the last
            has K outputs, and every layer but the first 2 K inputs: t and then t^2 of the layer before.

    Returns:
        (B, outputs of the last layer, P).
    """
    return _Evaluate.apply(points.expand(len(parameters[0]), -1, -1), *parameters)


class _Evaluate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, points: Tensor, *parameters: Tensor) -> Tensor:
        ctx.save_for_backward(points, *parameters)
        tile = _tile(points, parameters)
        painted = points.new_empty(len(points), parameters[-1].shape[1], points.shape[-1])
        shared = [_layer(points, parameters, tile)] * (len(parameters) // 2 - 1)  # what was is not needed again
        for part, target in zip(points.split(tile, -1), painted.split(tile, -1), strict=True):
            last = _inputs(part, parameters, shared)[-1]
            target.copy_(torch.baddbmm(parameters[-1], parameters[-2], last))
        return painted

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        points, *parameters = ctx.saved_tensors
        tile = _tile(points, parameters)
        total = [torch.zeros_like(parameter) for parameter in parameters]
        layers = [_layer(points, parameters, tile) for _ in range(len(parameters) // 2 - 1)]
        spare = _layer(points, parameters, tile)
        for part, slope in zip(points.split(tile, -1), grad.split(tile, -1), strict=True):
            inputs = _inputs(part, parameters, layers)
            for index in reversed(range(len(inputs))):
                total[2 * index].baddbmm_(slope, inputs[index].mT)
                total[2 * index + 1] += slope.sum(-1, keepdim=True)
                if index == 0:
                    break
                before, activation = (buffer[..., : part.shape[-1]] for buffer in spare)
                torch.bmm(parameters[2 * index].mT, slope, out=activation)
                (by_angle, by_square), (angle, _) = activation.chunk(2, 1), inputs[index].chunk(2, 1)
                slope = torch.addcmul(by_angle, angle, by_square, value=2, out=before)  # d/dt of (t, t^2)
                value = layers[index - 1][0][..., : part.shape[-1]]
                slope.div_(value.square_().add_(1))  # d/dh of atan(h)
        return None, *total


def _tile(points: Tensor, parameters: Sequence[Tensor]) -> int:
    """How many points at a time."""
    numbers = CACHED * torch.get_num_threads() if points.device.type == "cpu" else CACHED_ON_GPU
    batch, width = parameters[0].shape[:2]
    return min(points.shape[-1], max(64, numbers // (batch * width)))


def _layer(points: Tensor, parameters: Sequence[Tensor], tile: int) -> tuple[Tensor, Tensor]:
    """Room for one layer of a tile, made once: h (B, K, tile) and a (B, 2 K, tile)."""
    batch, width = parameters[0].shape[:2]
    return points.new_empty(batch, width, tile), points.new_empty(batch, 2 * width, tile)


def _inputs(points: Tensor, parameters: Sequence[Tensor], layers: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """The input of every layer at the points of a tile, written into ``layers``."""
    inputs = [points]
    for index, layer in enumerate(layers):
        value, activation = (buffer[..., : points.shape[-1]] for buffer in layer)
        torch.baddbmm(parameters[2 * index + 1], parameters[2 * index], inputs[-1], out=value)
        angle, square = activation.chunk(2, 1)
        torch.atan(value, out=angle)
        torch.mul(angle, angle, out=square)
        inputs.append(activation)
    return inputs
