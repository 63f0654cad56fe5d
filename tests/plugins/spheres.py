"""Spheres in space, seen by one camera: its height and its turn are of the whole canvas."""

import torch

from diffpaint import StrokeRenderer


class Spheres(StrokeRenderer):
    """Shaded spheres.

    Args:
        size: (H, W) of the canvas, px.
    """

    action_names = ("east", "up", "north", "radius", "red", "green", "blue", "camera_turn", "camera_height")
    shared = ("camera_turn", "camera_height")

    def __init__(self, size=(64, 64)):
        super().__init__()
        self.size = (size[0], size[1])

    def stroke(self, actions):
        """Discs, as large as they are near, lit from above."""
        east, up, north, radius, *_, turn, height = actions[:, :, None, None].unbind(1)
        east, up, north = east - 0.5, up - 0.5, north - 0.5
        angle = torch.pi * (turn - 0.5)
        right = east * angle.cos() - north * angle.sin()
        depth = 1.5 + east * angle.sin() + north * angle.cos()
        rows, cols = self.size
        x = torch.arange(cols, dtype=actions.dtype, device=actions.device) + 0.5 - cols * (0.5 + right / depth)
        y = torch.arange(rows, dtype=actions.dtype, device=actions.device)[:, None] + 0.5
        y = y - rows * (0.5 - (up - 0.5 * height) / depth)
        side = rows * (0.05 + 0.2 * radius) / depth
        alpha = (4 * (1 - torch.hypot(x, y + 1e-3) / side)).sigmoid()
        light = (0.75 - 0.25 * torch.tanh(y / side))[:, None]
        return (actions[:, 4:7, None, None] * light).expand(-1, -1, rows, cols), alpha[:, None]
