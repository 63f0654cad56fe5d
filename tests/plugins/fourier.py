"""A picture by its spectrum, with colours decorrelated as in photos (Olah et al. 2017)."""

import torch
from lucent.optvis.param.color import color_correlation_normalized

from diffpaint import Renderer

SHIFT = 0.4  # of all waves, so that no sine is 0 everywhere


class Fourier(Renderer):
    """Waves of a few frequencies; the actions do not depend on the size of the canvas.

    Args:
        size: (H, W) of the canvas, px.
        waves: Of each direction.
        decay: How much weaker waves get with their frequency.
    """

    lr = 0.05

    def __init__(self, size=(64, 64), waves: int = 6, decay: float = 1.0):
        super().__init__()
        self.size, self.waves = (size[0], size[1]), waves
        self.action_names = tuple(
            f"{part}_{channel}_{down}_{across}"
            for part in ("cos", "sin")
            for channel in range(3)
            for down in range(2 * waves - 1)
            for across in range(waves)
        )
        down, across = torch.arange(1 - waves, waves).double(), torch.arange(waves).double()
        scale = 1 / torch.hypot(down[:, None], across).clamp(min=1) ** decay
        for name, value in {"down": down, "across": across, "scale": scale}.items():
            self.register_buffer(name, value, persistent=False)
        self.register_buffer("mix", torch.as_tensor(color_correlation_normalized).double(), persistent=False)

    def initial(self, batch, strokes, generator=None):
        """One action is one picture."""
        return super().initial(batch, 1, generator)

    def forward(self, actions, canvas=None):
        """Sum the waves, mix the colours, and squash."""
        self.check(actions, canvas)
        (height, width), like = self.size, actions
        spectrum = actions[:, 0].logit(1e-6).unflatten(1, (2, 3, len(self.down), self.waves)) * self.scale.to(like)
        angles = [
            2 * torch.pi * (torch.arange(side).to(like) + 0.5)[:, None] / side * waves.to(like)
            for side, waves in ((height, self.down), (width, self.across))
        ]
        phase = [torch.polar(torch.ones_like(angle), angle + SHIFT) for angle in angles]
        waves = torch.complex(spectrum[:, 0], -spectrum[:, 1])
        picture = torch.einsum("hd,bcda,wa->bchw", phase[0], waves, phase[1]).real
        return torch.einsum("ij,bjhw->bihw", self.mix.to(like), picture).sigmoid()
