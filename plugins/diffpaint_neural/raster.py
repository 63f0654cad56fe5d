"""What painters that draw on a fixed raster of 64 x 64 share: what they see of an action, and other sizes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint.renderer import STROKE_ACTION

RASTER = 64  # px, the side that strokes are learned at
_INPUTS = [index for index, name in enumerate(STROKE_ACTION) if name not in ("red", "green", "blue")]
INPUTS = len(_INPUTS)  # numbers of an action that alpha depends on: all but colour


def inputs_of(actions: Tensor) -> Tensor:
    """What alpha depends on, (N, INPUTS) in [-1, 1], of actions (N, 12) in [0, 1]."""
    return 2 * actions[:, _INPUTS] - 1


def resample(alpha: Tensor, size: tuple[int, int]) -> Tensor:
    """Alpha (N, 64, 64) on another raster, (N, H, W): bilinear, averaged where it gets smaller."""
    if size == (RASTER, RASTER):
        return alpha
    resized = nn.functional.interpolate(alpha[:, None], size, mode="bilinear", antialias=size[0] < RASTER)
    return torch.clamp(resized[:, 0], 0, 1)
