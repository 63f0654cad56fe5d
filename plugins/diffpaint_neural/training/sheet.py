"""Contact sheets: the engine's strokes beside the painter's, ink on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from diffpaint.io.files import replacing
from diffpaint_mypaint import Manifest, read_shard

FRAME = 3  # px around each group


def sheet(path: Path, columns: Sequence[Tensor], across: int = 4) -> None:
    """Write a picture of strokes side by side, white paper and black ink.

    Args:
        path: Of a .png file; its folder is made.
        columns: Alphas (N, 64, 64) of the same N actions, left to right.
        across: Groups in a row.
    """
    groups = 1 - torch.cat(list(columns), 2)
    groups = torch.nn.functional.pad(groups, (FRAME,) * 4, value=0.75)
    blank = -len(groups) % across
    groups = torch.cat([groups, groups.new_ones(blank, *groups.shape[1:])])
    page = torch.cat([torch.cat(list(row), 1) for row in groups.split(across)], 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        Image.fromarray((page * 255).round().byte().cpu().numpy()).save(temporary)


def painted_sheet(
    show: Callable[[Tensor, Tensor], Tensor], data: Path, manifest: Manifest, path: Path, device: torch.device
) -> None:
    """A contact sheet of strokes of a data set: real left, painted right, as the paper's Figures 3 and 5."""
    actions, alpha = read_shard(data, manifest.shards - 1)
    chosen, real = torch.from_numpy(actions[:32]), torch.from_numpy(alpha[:32]).float() / 255
    sheet(path, (real, show(chosen.to(device), real.to(device)).cpu()))
