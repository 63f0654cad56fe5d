"""Train ``neural-splat``: squared error, Adam, a cosine learning rate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint.training import warmup_cosine
from diffpaint_mypaint import Manifest

from ..splat import SplatNetwork
from .run import PainterRecipe
from .settings import SplatSettings


class SplatRecipe(PainterRecipe):
    """Train neural-splat, the mean stroke, by squared error: ten minutes on a CPU."""

    settings_class = SplatSettings
    painter = "splat"
    about = "The mean stroke, as Gaussians along its curve; no part of the paper. Colour is exact by compositing."

    def __init__(self, manifest: Manifest, settings: SplatSettings):
        super().__init__(manifest, settings)
        self.settings = settings
        self.network = SplatNetwork(manifest.radius, points=settings.points)
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See :meth:`PainterRecipe.step`."""
        actions, alpha = batch
        loss = nn.functional.mse_loss(self.network(actions), alpha)
        self.update("network", loss, self.settings.lr * warmup_cosine(number, self.settings.steps))
        return {"mse": loss}
