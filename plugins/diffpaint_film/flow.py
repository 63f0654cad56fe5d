"""What moves from one frame of a film to the next, and where anything changes at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, max_pool2d

from diffpaint_grid import blurred

NOISE = 0.015  # by which a blurred picture changes where nothing happens
BLUR = 2.0  # px, the standard deviation of that blur
AROUND = 6  # px, how far around what changes strokes may move too
CUT = 0.12  # mean difference of a frame and the one before, moved, from which on it is another scene


def flow(before: Tensor, after: Tensor) -> Tensor:
    """Where what is in ``before`` has gone in ``after``: DIS optical flow (Kroeger et al. 2016), by OpenCV.

    Args:
        before: (1, 3, H, W) in [0, 1].
        after: Likewise.

    Returns:
        (2, H, W), px across and down, for every pixel of ``before``.

    Raises:
        ValueError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise ValueError("films need OpenCV: pip install 'diffpaint[film]'") from None
    grey = [np.ascontiguousarray((part[0].mean(0) * 255).round().byte().cpu().numpy()) for part in (before, after)]
    if min(grey[0].shape) < 16:  # smaller than a patch of its finest scale
        return torch.zeros(2, *grey[0].shape)
    find: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = find.calc(grey[0], grey[1], None)
    return torch.from_numpy(found).permute(2, 0, 1)


def changed(seen: Tensor, after: Tensor) -> Tensor:
    """Where a frame is another picture than was ``seen`` there, and around it: (1, 1, H, W), 1 or 0."""
    apart = blurred((after - seen).abs(), BLUR).amax(1, keepdim=True) > NOISE
    return max_pool2d(apart.float(), 2 * AROUND + 1, 1, AROUND)


def is_cut(before: Tensor, after: Tensor, moved: Tensor) -> bool:
    """Whether a frame shows another scene: what it shows is nowhere near in the frame before."""
    height, width = before.shape[2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    at = torch.stack([(columns + moved[0] + 0.5) / width, (rows + moved[1] + 0.5) / height], -1) * 2 - 1
    found = grid_sample(after, at[None], padding_mode="border", align_corners=False)
    return bool((found - before).abs().mean() > CUT)
