"""Gaussians of ink whose densities add up on the canvas, in any order."""

import torch

from diffpaint import StrokeRenderer


class Inks(StrokeRenderer):
    """Soft spots of ink: what one takes of a colour, the others have no more to take.

    Args:
        size: (H, W) of the canvas, px.
    """

    action_names = ("x", "y", "size", "red", "green", "blue")
    radius = (2.0, 24.0)

    def __init__(self, size=(64, 64)):
        super().__init__()
        self.size = (size[0], size[1])

    def stroke(self, actions):
        """The same Gaussian in every colour."""
        (height, width), (low, high) = self.size, self.radius
        x, y, size = actions[:, :3, None, None].unbind(1)
        across = torch.arange(width, dtype=actions.dtype, device=actions.device) + 0.5 - x * width
        down = torch.arange(height, dtype=actions.dtype, device=actions.device)[:, None] + 0.5 - y * height
        radius = low * (high / low) ** size * self.cell / 64
        return actions[:, 3:, None, None], torch.exp(-(across**2 + down**2) / radius**2)[:, None]

    def forward(self, actions, canvas=None):
        """Add the densities of all."""
        canvas = self.check(actions, canvas)
        color, alpha = self.stack(actions)
        return canvas * torch.exp(-2 * ((1 - color) * alpha).sum(1))

    @torch.no_grad()
    def frames(self, actions, canvas=None):
        """One spot after another."""
        canvas = self.check(actions, canvas)
        for spot in actions.split(1, 1):
            canvas = self.forward(spot, canvas)
            yield canvas
