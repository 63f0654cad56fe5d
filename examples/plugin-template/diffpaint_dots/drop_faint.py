"""``drop-faint``: a strategy that moves what is hardly seen to where it is wanted."""

from dataclasses import dataclass

import torch
from diffpaint import Moment, Strategy
from diffpaint.strategy import Change
from torch import Tensor


@dataclass(frozen=True)
class DropFaint(Strategy):
    """Every few steps, the faintest dot of all goes, and a new one comes on top where the error is largest.

    Args:
        every: Steps between two changes.
    """

    every: int = 10

    def __call__(self, moment: Moment, canvas: Tensor, gradient: Tensor) -> Change | None:
        if (moment.step + 1) % self.every:
            return None
        names = moment.renderer.action_names
        faintest = int(moment.actions[..., names.index("opacity")].mean(0).argmin())
        kept = [index for index in range(moment.actions.shape[1]) if index != faintest]
        new = torch.full_like(moment.actions[:, :1], 0.5)
        place = gradient.abs().sum(1).flatten(1).argmax(1)  # (B,)
        height, width = canvas.shape[2:]
        new[:, 0, names.index("x")] = (place % width + 0.5) / width
        new[:, 0, names.index("y")] = (place // width + 0.5) / height
        return Change(torch.cat([moment.actions[:, kept], new], 1), [*kept, -1])
