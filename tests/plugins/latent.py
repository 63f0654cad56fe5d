"""A decoder of a latent vector, frozen: the canvas is what it makes of the one that is painted."""

from torch import nn

from diffpaint import Renderer


class Decoder(Renderer):
    """A network of fixed random weights; its latent vector is the action.

    Args:
        size: (H, W) of the canvas, px.
        latent: Numbers of the vector.
    """

    def __init__(self, size=(64, 64), latent: int = 8):
        super().__init__()
        self.size = (size[0], size[1])
        self.action_names = tuple(f"latent_{index}" for index in range(latent))
        layers = (nn.Linear(latent, 16 * 16), nn.Unflatten(1, (16, 4, 4)), nn.Upsample(scale_factor=4, mode="bilinear"))
        self.network = nn.Sequential(*layers, nn.Conv2d(16, 16, 3, padding=1), nn.Tanh(), nn.Conv2d(16, 3, 1))
        self.requires_grad_(False)

    def initial(self, batch, strokes, generator=None):
        """One action is one picture."""
        return super().initial(batch, 1, generator)

    def forward(self, actions, canvas=None):
        """Decode, and resize."""
        self.check(actions, canvas)
        small = self.network(actions[:, 0].logit(1e-6))
        return nn.functional.interpolate(small, self.size, mode="bilinear").sigmoid()
