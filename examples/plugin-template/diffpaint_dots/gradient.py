"""``gradient``: a renderer without strokes."""

import torch
from diffpaint import Renderer
from torch import Tensor


class Gradient(Renderer):
    """A canvas that goes evenly from one colour at the top to another at the bottom; it covers what was there.

    It has no strokes: one action is the whole canvas, and actions are (B, 1, 6).

    Args:
        size: (H, W) of the canvas, px.
    """

    action_names = tuple(f"{end}_{color}" for end in ("top", "bottom") for color in ("red", "green", "blue"))

    def __init__(self, size: tuple[int, int] = (64, 64)):
        super().__init__()
        self.size = (size[0], size[1])

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        return super().initial(batch, 1, generator)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        self.check(actions, canvas)
        top, bottom = actions[:, 0].unflatten(1, (2, 3, 1, 1)).unbind(1)  # (B, 3, 1, 1) each
        height, width = self.size
        down = torch.linspace(0, 1, height, dtype=actions.dtype, device=actions.device)[:, None]  # (H, 1)
        return torch.lerp(top, bottom, down).expand(-1, -1, -1, width)
