"""A mosaic of glyphs: each stroke is one of a few, and which one becomes plainer as the painting goes on."""

import torch
from PIL import Image, ImageDraw
from torch.nn.functional import grid_sample

from diffpaint import StrokeRenderer

SHARPEST = 40.0


class Glyphs(StrokeRenderer):
    """Letters, each with a colour.

    Args:
        size: (H, W) of the canvas, px.
        letters: To choose from.
    """

    radius = (4.0, 20.0)

    def __init__(self, size=(64, 64), letters: str = "oxv"):
        super().__init__()
        self.size = (size[0], size[1])
        self.action_names = ("x", "y", "size", "red", "green", "blue", *(f"is_{letter}" for letter in letters))
        bank = []
        for letter in letters:
            picture = Image.new("L", (24, 24))
            ImageDraw.Draw(picture).text((4, 0), letter, fill=255, font_size=22)
            bank.append(torch.tensor(list(picture.tobytes()), dtype=torch.float32).unflatten(0, (24, 24)) / 255)
        self.register_buffer("bank", torch.stack(bank), persistent=False)

    def stroke(self, actions):
        """A mean of all letters at first, and one of them in the end."""
        x, y, size = actions[:, :3].unbind(1)
        sharp = 1 + (SHARPEST - 1) * self.moment.progress
        shape = torch.einsum("nk,khw->nhw", (sharp * actions[:, 6:]).softmax(1), self.bank.to(actions))
        (height, width), (low, high) = self.size, self.radius
        radius = low * (high / low) ** size * self.cell / 64
        zero = torch.zeros_like(x)
        theta = torch.stack(
            [
                torch.stack([width / 2 / radius, zero, width * (0.5 - x) / radius], 1),
                torch.stack([zero, height / 2 / radius, height * (0.5 - y) / radius], 1),
            ],
            1,
        )
        grid = torch.nn.functional.affine_grid(theta, [len(x), 1, height, width], align_corners=False)
        return actions[:, 3:6, None, None], grid_sample(shape[:, None], grid, align_corners=False)
