"""Contact sheets of an agent: the picture, the painter's canvas, the engine's replay (as the paper's Figure 7)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from diffpaint import Renderer
from diffpaint.io.images import write_image

from .replays import replay_all

FRAME = 2  # px around each group
SIDE = 64  # px, that pictures are shown at, at least


def painted_sheet(path: Path, pictures: Tensor, actions: Tensor, painter: Renderer, across: int = 4) -> None:
    """Write a contact sheet.

    Args:
        path: Of the picture; its folder is made.
        pictures: (B, 3, S, S) in [0, 1].
        actions: (B, T, A) in [0, 1], what the agent painted.
        painter: Whose actions they are; without a brush of the engine there is no third column.
        across: Groups in a row.
    """
    with torch.no_grad():
        columns = [pictures, painter(actions)]
    if painter.brush is not None:
        columns.append(replay_all(actions, painter))
    groups = torch.cat([column.cpu() for column in columns], 3)
    factor = max(1, round(SIDE / groups.shape[2]))
    groups = groups.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    groups = torch.nn.functional.pad(groups, (FRAME,) * 4, value=0.75)
    blank = -len(groups) % across
    groups = torch.cat([groups, groups.new_ones(blank, *groups.shape[1:])])
    page = torch.cat([torch.cat(list(row), 2) for row in groups.split(across)], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, page)
