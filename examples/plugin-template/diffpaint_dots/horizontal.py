"""``horizontal``: a constraint that gets stricter as the painting goes on."""

import math
from dataclasses import dataclass

import torch
from diffpaint import Constraint, Moment, Renderer
from torch import Tensor


@dataclass(frozen=True)
class Horizontal(Constraint):
    """Strokes lie within an angle of horizontal, from their start to their end: any angle at first, this one at last.

    Args:
        angle: Degrees, above 0 and below 90.

    Raises:
        ValueError: Another angle.
    """

    angle: float = 10.0
    needs = ("start_x", "start_y", "end_x", "end_y")

    def __post_init__(self) -> None:
        if not 0 < self.angle < 90:
            raise ValueError(f"angle is in degrees, above 0 and below 90, got {self.angle}")

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        across, down = self._span(actions, renderer)
        angle = 90 - (90 - self.angle) * moment.progress
        most = 0.999 * math.tan(math.radians(angle)) * across.abs()  # a little less, so that rounding does no harm
        start_y, end_y = (renderer.action_names.index(name) for name in ("start_y", "end_y"))
        obeying = actions.clone()
        obeying[..., end_y] = actions[..., start_y] + torch.maximum(torch.minimum(down, most), -most)
        return obeying

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        across, down = self._span(actions, renderer)
        return bool((down.abs() <= math.tan(math.radians(self.angle)) * across.abs() + 1e-6).all())

    def _span(self, actions: Tensor, renderer: Renderer) -> tuple[Tensor, Tensor]:
        """How far strokes go from start to end, across and down, (B, T) each, as fractions of the height."""
        start_x, start_y, end_x, end_y = self.check(renderer)
        # positions are fractions of the canvas, or of a cell of a grid: strokes() tells how wide and how high it is
        ends = (torch.full_like(actions[0], end, device=renderer.device) for end in (0.0, 1.0))
        (names, least), (_, most) = (renderer.strokes(end) for end in ends)
        width, height = ((most - least)[:, names.index(name)].to(actions.device) for name in ("start_x", "start_y"))
        across, down = actions[..., end_x] - actions[..., start_x], actions[..., end_y] - actions[..., start_y]
        return across * (width / height), down
