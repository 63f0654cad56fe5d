"""Random transforms that keep an optimisation from exploiting one placement of the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate


@dataclass(frozen=True)
class RandomAffine:
    """Shifts, scales and rotates pictures, in one resampling; what comes in at the edges is mirrored.

    Draws from torch's global generator on the CPU, so that every device sees the same transforms.

    Attributes:
        jitter: Largest shift along each axis, px.
        scale: Largest relative change of size: 0.1 draws from 0.9 to 1.1.
        rotate: Largest angle to either side, degrees.

    Raises:
        ValueError: A number that is negative or not finite, or a scale of 1 and more.
    """

    jitter: float
    scale: float
    rotate: float

    def __post_init__(self):
        # grid_sample mirrors at NaN by reading from anywhere
        if not all(0 <= value < math.inf for value in (self.jitter, self.scale, self.rotate)) or self.scale >= 1:
            raise ValueError(
                "jitter, scale and rotate are finite and from 0, and scale below 1; "
                f"got {self.jitter}, {self.scale} and {self.rotate}"
            )

    def __call__(self, pictures: Tensor, views: int = 1) -> Tensor:
        """Draw anew and transform.

        Args:
            pictures: (B, 3, H, W).
            views: How many transforms; each is of all pictures alike.

        Returns:
            (views * B, 3, H, W), the views one after another.
        """
        if not (self.jitter or self.scale or self.rotate):
            return pictures.repeat(views, 1, 1, 1)
        height, width = pictures.shape[2:]
        thetas = []
        for across, down, size, turn in (2 * torch.rand(views, 4) - 1).tolist():
            zoom, angle = 1 / (1 + size * self.scale), math.radians(turn * self.rotate)
            cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
            # affine_grid counts both axes from -1 to 1: the aspect ratio keeps the rotation from shearing
            row = [cos, -sin * height / width, 2 * across * self.jitter / width]
            thetas.append([row, [sin * width / height, cos, 2 * down * self.jitter / height]])
        grid = affine_grid(pictures.new_tensor(thetas), [views, 3, height, width], align_corners=False)
        grid = grid.repeat_interleave(len(pictures), 0)
        return grid_sample(pictures.repeat(views, 1, 1, 1), grid, padding_mode="reflection", align_corners=False)


@dataclass(frozen=True)
class Placed:
    """Shows whole pictures at random sizes, turned, anywhere in a frame of their own size.

    Of several views the first fills the frame. A thing that is recognised wherever it lies, and small, has a shape; one
    that fills the frame need only have the texture. Draws from torch's global generator on the CPU.

    Attributes:
        least: The smallest size, as a fraction of the frame; sizes go up to all of it, evenly by their logarithm.
        jitter: How far a picture may reach out of the frame, px.
        rotate: Largest angle to either side, degrees.

    Raises:
        ValueError: A size that is not above 0 and at most 1, or another number that is negative or not finite.
    """

    least: float
    jitter: float
    rotate: float

    def __post_init__(self):
        if not (0 < self.least <= 1 and all(0 <= value < math.inf for value in (self.jitter, self.rotate))):
            raise ValueError(
                "the smallest size is above 0 and at most 1, jitter and rotate are finite and from 0; "
                f"got {self.least}, {self.jitter} and {self.rotate}"
            )

    def __call__(self, pictures: Tensor, ground: Tensor, views: int = 1) -> Tensor:
        """Draw anew and transform.

        Args:
            pictures: (B, 3, H, W).
            ground: (B, 3, 1, 1), the colour around them.
            views: How many transforms; each is of all pictures alike.

        Returns:
            (views * B, 3, H, W), the views one after another.
        """
        height, width = pictures.shape[2:]
        thetas = []
        for view, (size, turn, across, down) in enumerate(torch.rand(views, 4).tolist()):
            shown = 1.0 if view == 0 < views - 1 else self.least ** (1 - size)
            angle = math.radians((2 * turn - 1) * self.rotate)
            cos, sin = math.cos(angle) / shown, math.sin(angle) / shown
            right = (2 * across - 1) * (1 - shown + 2 * self.jitter / width) / shown
            below = (2 * down - 1) * (1 - shown + 2 * self.jitter / height) / shown
            thetas.append([[cos, -sin * height / width, right], [sin * width / height, cos, below]])
        grid = affine_grid(pictures.new_tensor(thetas), [views, 3, height, width], align_corners=False)
        grid = grid.repeat_interleave(len(pictures), 0)
        ground = ground.repeat(views, 1, 1, 1)
        return grid_sample(pictures.repeat(views, 1, 1, 1) - ground, grid, align_corners=False) + ground


def noisy(pictures: Tensor, most: float) -> Tensor:
    """Pictures (B, 3, H, W) under Gaussian noise, each under its own, of a deviation of up to ``most``.

    The deviation is drawn evenly by its square. Draws from torch's global generator on the CPU.
    """
    deviation = most * torch.rand(len(pictures), 1, 1, 1).sqrt()
    return pictures + (deviation * torch.randn(pictures.shape)).to(pictures)


def resized(pictures: Tensor, shorter: int) -> Tensor:
    """Pictures (B, 3, H, W) at another size, the shorter side ``shorter`` px: bilinear, averaged where they shrink."""
    height, width = pictures.shape[2:]
    factor = shorter / min(height, width)
    size = round(height * factor), round(width * factor)
    if size == (height, width):
        return pictures
    return interpolate(pictures, size, mode="bilinear", antialias=factor < 1).clamp(0, 1)
