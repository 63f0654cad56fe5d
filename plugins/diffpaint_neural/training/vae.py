"""Train ``neural-vae`` in two stages, as the paper does (section 2; the losses are those of its notebooks).

First the autoencoder: summed squared error, inked pixels counting ten times at first, and the code's divergence from a
normal distribution as far as it exceeds half a nat a number. Then the predictor, on the codes that the encoder gives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint.training import warmup_cosine
from diffpaint_mypaint import Manifest

from ..raster import inputs_of
from ..vae import Encoder, VAENetwork
from .run import PainterRecipe
from .settings import VAESettings

FREE = 0.5  # nats of divergence for each number of the code that cost nothing
INKED = 10.0  # weight of inked pixels at first
INKED_SHARE = 0.05  # of the first stage, in which inked pixels weigh more


class VAERecipe(PainterRecipe):
    """Train neural-vae, the paper's smooth painter: an hour on a CPU.

    A code of strokes, and then the way from an action to its code.
    """

    settings_class = VAESettings
    painter = "vae"
    eight_bits = True
    about = "The paper's two-stage painter: a code of strokes, and a predictor of the code from the action."
    departures = (
        "It learns alpha alone, from all of the action but colour: colour is exact by compositing.",
        "The predictor follows the squared error of the stroke beside that of its code, is wider and has no batch "
        "normalisation: a code that is nearly right decodes to a stroke in the wrong place.",
        "Inked pixels weigh ten times as much for a twentieth of the first stage, as 10k of the paper's 200k steps.",
        "The learning rate is larger and falls to zero, for a run of an hour on a CPU.",
    )

    def __init__(self, manifest: Manifest, settings: VAESettings):
        super().__init__(manifest, settings)
        self.settings = settings
        self.network = VAENetwork(manifest.radius)
        self.encoder = Encoder(self.network.options["latent"])
        self.to(memory_format=torch.channels_last)  # a third faster on a CPU, and on a GPU with bfloat16
        autoencoder = [*self.encoder.parameters(), *self.network.decoder.parameters()]
        self.optimizers = {
            "autoencoder": torch.optim.Adam(autoencoder),
            "predictor": torch.optim.Adam(self.network.predictor.parameters()),
        }

    def show(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """What the predictor paints, or, as long as it has not begun to learn, what the autoencoder makes of alpha."""
        if self.optimizers["predictor"].state:
            return self.paint(actions)
        with torch.no_grad():
            return torch.sigmoid(self.network.decoder(self.encoder(alpha)[0]))[:, 0]

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See :meth:`PainterRecipe.step`."""
        actions, alpha = batch
        first = self.settings.steps - self.settings.predictor_steps
        return self._encode(number, first, alpha) if number < first else self._predict(number - first, actions, alpha)

    def _encode(self, number: int, steps: int, alpha: Tensor) -> dict[str, Tensor]:
        mean, log_variance = self.encoder(alpha)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        error = (torch.sigmoid(self.network.decoder(code))[:, 0] - alpha).square()
        weight = 1 + (INKED - 1) * (alpha > 0) if number < INKED_SHARE * steps else 1.0
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        paid = divergence.clamp(min=FREE * mean.shape[1])
        loss = (weight * error).sum((1, 2)).mean() + paid.mean()
        self.update("autoencoder", loss, self.settings.lr * warmup_cosine(number, steps))
        return {"mse": error.mean(), "divergence": divergence.mean(), "code": torch.zeros_like(loss)}

    def _predict(self, number: int, actions: Tensor, alpha: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            wanted, log_variance = self.encoder(alpha)
        code = self.network.predictor(inputs_of(actions))
        off = (code - wanted).square().sum(1).mean()
        painted = torch.sigmoid(self.network.decoder(code))[:, 0]
        error = nn.functional.mse_loss(painted, alpha)
        loss = off + self.settings.image * error * alpha[0].numel()
        self.update("predictor", loss, self.settings.lr * warmup_cosine(number, self.settings.predictor_steps))
        divergence = 0.5 * (wanted.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return {"mse": error, "divergence": divergence.mean(), "code": off}
