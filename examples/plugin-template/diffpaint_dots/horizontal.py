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
        start_x, start_y, end_x, end_y = self.check(renderer)
        most = math.tan(math.radians(self.angle)) * (1 - 1e-3)  # so that rounding leaves it within the angle
        most = most + 9 * (1 - moment.progress)  # steep at first
        bound = most * (actions[..., end_x] - actions[..., start_x]).abs() * self._aspect(renderer)
        down = actions[..., end_y] - actions[..., start_y]
        obeying = actions.clone()
        obeying[..., end_y] = actions[..., start_y] + torch.maximum(torch.minimum(down, bound), -bound)
        return obeying

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        start_x, start_y, end_x, end_y = self.check(renderer)
        across = (actions[..., end_x] - actions[..., start_x]).abs() * self._aspect(renderer)
        down = (actions[..., end_y] - actions[..., start_y]).abs()
        return bool((down <= math.tan(math.radians(self.angle)) * across + 1e-6).all())

    @staticmethod
    def _aspect(renderer: Renderer) -> float:
        """Positions are fractions of the width and of the height."""
        return renderer.size[1] / renderer.size[0]
