"""Train ``neural-dabs`` by an energy score: no critic, no second network, and nothing that can collapse.

Let x be the engine's stroke and y, y' two of the painter's for the same action, with noise of their own. Then

    E|y - x| - 1/2 E|y - y'|

is least, over all painters, where y is distributed as x (Gneiting and Raftery 2007, section 4.3). Taken over whole
strokes that says little about grain, so the distance |.| here is the mean of Euclidean distances of small patches, at
several scales: what is learned is how patches look, where they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint.training import warmup_cosine
from diffpaint_mypaint import Manifest

from ..dabs import DabsNetwork
from .run import PainterRecipe
from .settings import DabsSettings

PATCHES = ((1, 1), (1, 2), (1, 4), (2, 4), (4, 4), (8, 4))  # (px averaged to one, side of the patch in these)


def patch_distance(one: Tensor, other: Tensor) -> Tensor:
    """Mean distance of the patches of strokes (N, 64, 64), at all scales; a scalar."""
    difference = (one - other)[:, None]
    total = difference.new_zeros(())
    for scale, side in PATCHES:
        level = nn.functional.avg_pool2d(difference, scale) if scale > 1 else difference
        square = level.square()
        if side > 1:
            square = nn.functional.avg_pool2d(square, side, side // 2) * side
        total = total + (square + 1e-6).sqrt().mean()
    return total / len(PATCHES)


class DabsRecipe(PainterRecipe):
    """Train neural-dabs, strokes with grain: half an hour on a CPU.

    Strokes distributed as the engine's, by the energy score of their patches.
    """

    settings_class = DabsSettings
    painter = "dabs"
    about = (
        "Strokes with the engine's grain, dab by dab, each with noise of its own; no part of the paper. Learned by an "
        "energy score of patches, without a critic. Colour is exact by compositing."
    )

    def __init__(self, manifest: Manifest, settings: DabsSettings):
        super().__init__(manifest, settings)
        self.settings = settings
        self.network = DabsNetwork(manifest.radius)
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See :meth:`PainterRecipe.step`."""
        actions, alpha = batch
        noise = torch.randn(2, len(actions), self.network.noise, device=actions.device)
        one, other = (self.network(actions, noise=drawn) for drawn in noise)
        near = 0.5 * (patch_distance(one, alpha) + patch_distance(other, alpha))
        apart = patch_distance(one, other)
        loss = near - 0.5 * apart
        self.update("network", loss, self.settings.lr * warmup_cosine(number, self.settings.steps))
        return {"mse": nn.functional.mse_loss(one, alpha), "score": loss, "apart": apart}
