"""Filled closed curves whose order on the canvas is learned: what is nearer hides the rest, the more the nearer."""

import torch

from diffpaint import StrokeRenderer

CORNERS, ALONG = 3, 8  # quadratic pieces of a closed curve, and points on each


class Shapes(StrokeRenderer):
    """Closed Bezier curves, filled, with a depth ``z`` each instead of an order.

    Args:
        size: (H, W) of the canvas, px.
        softness: Of their edges, px.
    """

    action_names = (
        *(f"{place}_{axis}" for place in ("a", "ab", "b", "bc", "c", "ca") for axis in "xy"),
        *("red", "green", "blue", "opacity", "z"),
    )

    def __init__(self, size=(64, 64), softness: float = 1.0):
        super().__init__()
        self.size, self.softness = (size[0], size[1]), softness

    def stroke(self, actions):
        """Opacity times a soft inside, by the winding angle that a pixel sees."""
        points = actions[:, :12].unflatten(1, (CORNERS, 2, 2))  # (N, corner, (corner, control), xy)
        start, control, end = points[:, :, 0, None], points[:, :, 1, None], points[:, :, 0].roll(-1, 1)[:, :, None]
        t = torch.arange(ALONG, dtype=actions.dtype, device=actions.device)[:, None] / ALONG
        curve = ((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end).flatten(1, 2)  # (N, K, 2)
        (height, width), like = self.size, {"dtype": actions.dtype, "device": actions.device}
        pixel = torch.stack(
            torch.meshgrid(torch.arange(width, **like) + 0.5, torch.arange(height, **like) + 0.5, indexing="xy"), -1
        )
        to = curve[:, :, None, None] * pixel.new_tensor([width, height]) - pixel  # (N, K, H, W, 2)
        after = to.roll(-1, 1)
        turn = to[..., 0] * after[..., 1] - to[..., 1] * after[..., 0]
        angle = torch.atan2(turn, (to * after).sum(-1) + self.softness)
        winding = angle.sum(1).abs() / (2 * torch.pi)
        alpha = actions[:, 15, None, None] * (8 * (winding - 0.5)).sigmoid()
        return actions[:, 12:15, None, None], alpha[:, None]

    def forward(self, actions, canvas=None):
        """All shapes at once: colours mixed by nearness, over what is left of the canvas."""
        canvas = self.check(actions, canvas)
        color, alpha = self.stack(actions)
        near = (8 * actions[..., -1]).exp()[..., None, None, None] * alpha
        mixed = (near * color).sum(1) / near.sum(1).clamp(min=1e-6)
        bare = (1 - alpha).prod(1)
        return mixed * (1 - bare) + canvas * bare

    @torch.no_grad()
    def frames(self, actions, canvas=None):
        """With one shape more each."""
        for count in range(1, actions.shape[1] + 1):
            yield self(actions[:, :count], canvas)
