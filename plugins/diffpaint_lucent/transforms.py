"""Random transforms that keep an optimisation from exploiting one placement of the pixels."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def random_affine(pictures: Tensor, jitter: float, scale: float, rotate: float) -> Tensor:
    """Shift, scale and rotate all pictures alike, in one resampling; what comes in at the edges is mirrored.

    Draws from torch's global generator on the CPU, so that every device sees the same transforms.

    Args:
        pictures: (B, 3, H, W).
        jitter: Largest shift along each axis, px.
        scale: Largest relative change of size: 0.1 draws from 0.9 to 1.1.
        rotate: Largest angle to either side, degrees.

    Returns:
        (B, 3, H, W).
    """
    if not (jitter or scale or rotate):
        return pictures
    height, width = pictures.shape[2:]
    across, down, size, turn = (2 * torch.rand(4) - 1).tolist()
    zoom, angle = 1 / (1 + size * scale), math.radians(turn * rotate)
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    # affine_grid counts both axes from -1 to 1: the aspect ratio keeps the rotation from shearing
    theta = [
        [cos, -sin * height / width, 2 * across * jitter / width],
        [sin * width / height, cos, 2 * down * jitter / height],
    ]
    grid = affine_grid(pictures.new_tensor(theta)[None], [1, 3, height, width], align_corners=False)
    return grid_sample(pictures, grid.expand(len(pictures), -1, -1, -1), padding_mode="reflection", align_corners=False)
