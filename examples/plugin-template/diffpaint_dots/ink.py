"""``ink``: an objective that keeps the paper bare."""

from diffpaint import Objective
from diffpaint.objective import check_canvas, check_target
from torch import Tensor


class Ink(Objective):
    """Darkness of the canvas where the photo is light. Beside another objective it keeps the paper bare.

    Args:
        target: (1, 3, H, W) or (B, 3, H, W) in [0, 1], the photo at the canvas's size, or its path in a text; None
            counts all darkness alike.

    Raises:
        ValueError: A target of another shape. From ``forward``: a canvas of another size.
    """

    pictures = ("target",)
    target: Tensor | None

    def __init__(self, target: Tensor | None = None):
        super().__init__()
        self.register_buffer("target", target if target is None else check_target(target), persistent=False)

    def forward(self, canvas: Tensor) -> Tensor:
        darkness = 1 - canvas.mean(1, keepdim=True)  # (B, 1, H, W)
        if self.target is not None:
            check_canvas(canvas, self.target)
            darkness = darkness * self.target.mean(1, keepdim=True)
        return darkness.mean()
