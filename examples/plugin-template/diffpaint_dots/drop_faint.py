"""``drop-faint``: a strategy that moves what is hardly seen to where it is wanted."""

from dataclasses import dataclass

import torch
from diffpaint import Moment, Strategy, StrokeRenderer
from diffpaint.strategy import Change
from torch import Tensor


@dataclass(frozen=True)
class DropFaint(Strategy):
    """Every few steps, the faintest dot of all goes, and a new one comes on top where the error is largest.

    Args:
        every: Steps between two changes; the last comes so early that as many steps are left.

    Raises:
        ValueError: Less than one step. When it is called: a renderer of other strokes, such as a grid, where strokes
            belong to cells.
    """

    every: int = 10

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be at least 1 step, got {self.every}")

    def __call__(self, moment: Moment, canvas: Tensor, gradient: Tensor) -> Change | None:
        names, done = moment.renderer.action_names, moment.step + 1
        if not isinstance(moment.renderer, StrokeRenderer) or not {"x", "y", "opacity"} <= set(names):
            raise ValueError(f"drop-faint moves dots of x, y and opacity; {type(moment.renderer).__name__} has others")
        if done % self.every or done + self.every > moment.steps:
            return None
        faintest = int(moment.actions[..., names.index("opacity")].mean(0).argmin())
        kept = [index for index in range(moment.actions.shape[1]) if index != faintest]
        new = torch.full_like(moment.actions[:, :1], 0.5)  # (B, 1, A)
        place = gradient.abs().sum(1).flatten(1).argmax(1)  # (B,)
        height, width = canvas.shape[2:]
        new[:, 0, names.index("x")] = (place % width + 0.5) / width
        new[:, 0, names.index("y")] = (place // width + 0.5) / height
        actions = torch.cat([moment.actions[:, kept], new], 1)
        return Change(actions, torch.tensor([*kept, -1]).expand(len(actions), -1))
