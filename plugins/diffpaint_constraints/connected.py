"""A constraint on where strokes begin."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from diffpaint import Constraint, Moment, Renderer

from .columns import replaced


@dataclass(frozen=True)
class Connected(Constraint):
    """Each stroke starts where the one before it ended, in a grid that of its own cell; the first starts freely."""

    needs = ("start_x", "start_y", "end_x", "end_y")

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Move the starts, whatever the progress."""
        columns = self.check(renderer)
        start, end = columns[:2], columns[2:]
        before = torch.tensor(renderer.previous(actions.shape[1]), device=actions.device)
        moved = torch.where(before[:, None] < 0, actions[..., start], actions[:, before.clamp(min=0)][..., end])
        return replaced(actions, start, moved)

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the two points are the same, exactly, for every stroke but the first."""
        return torch.equal(self(actions, renderer, Moment()), actions)
