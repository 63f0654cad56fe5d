"""A renderer that cannot be rendered larger: an action for every block of its pixels."""

import torch

from diffpaint import Renderer

BLOCK = 16  # px


class Pixels(Renderer):
    """Grey blocks, as many as fit on the canvas.

    Args:
        size: (H, W) of the canvas, px.
    """

    def __init__(self, size=(64, 64)):
        super().__init__()
        self.size = (size[0], size[1])
        self.action_names = tuple(f"grey_{index}" for index in range((size[0] // BLOCK) * (size[1] // BLOCK)))

    def forward(self, actions, canvas=None):
        """Blocks, stretched to the canvas."""
        self.check(actions, canvas)
        blocks = actions[:, 0].unflatten(1, (1, self.size[0] // BLOCK, -1))
        return torch.nn.functional.interpolate(blocks, self.size).expand(-1, 3, -1, -1)
