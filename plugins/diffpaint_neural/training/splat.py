"""Train ``neural-splat``: squared error, Adam, a cosine learning rate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint.training import pace
from diffpaint_mypaint import Manifest

from ..splat import SplatNetwork
from .run import Recipe
from .settings import SplatSettings


class SplatRecipe(Recipe):
    """The mean stroke, by squared error."""

    painter = "splat"
    about = "The mean stroke, as Gaussians along its curve; no part of the paper. Colour is exact by compositing."

    def __init__(self, manifest: Manifest, settings: SplatSettings):
        super().__init__()
        self.settings = settings
        self.network = SplatNetwork(manifest.radius)
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See :meth:`Recipe.step`."""
        actions, alpha = batch
        loss = nn.functional.mse_loss(self.network(actions), alpha)
        self.update("network", loss, self.settings.lr * pace(number, self.settings.steps))
        return {"mse": loss}
