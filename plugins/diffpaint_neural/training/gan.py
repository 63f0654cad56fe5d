"""Train ``neural-gan``: a conditional GAN with Wasserstein loss and gradient penalty (the paper's section 2).

The squared error alone first finds where strokes go, in a fraction of the steps that the critic would take. Then the
critic, shown strokes of the engine and of the generator with their actions, teaches grain.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn

from diffpaint.training import wgan
from diffpaint_mypaint import Manifest

from ..gan import GANNetwork
from ..raster import INPUTS, inputs_of
from ..stroke_maps import STROKE_MAPS, stroke_map
from .fidelity import BLUR
from .run import PainterRecipe
from .settings import GANSettings

GRAIN = 3.0  # weight of the squared logarithm of the energy of grain over the engine's


class Critic(nn.Module):
    """How much like the engine's a stroke is, for its action: actions (N, 12), alpha (N, 64, 64) to (N,)."""

    def __init__(self, radius: tuple[float, float]):
        super().__init__()
        self.radius = radius
        self.action = nn.Linear(INPUTS, 16)
        self.enter = nn.Conv2d(1 + STROKE_MAPS, 16, 4, 2, 1)
        self.rest = nn.Sequential(
            *(nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 4 * 4, 1)),
        )

    def forward(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """See the class."""
        shown = torch.cat([alpha[:, None], stroke_map(actions, self.radius)], 1)
        return self.rest(self.enter(shown) + self.action(inputs_of(actions))[..., None, None])[:, 0]


class GANRecipe(PainterRecipe):
    """Train neural-gan, the paper's painter with grain: hours on a CPU.

    The mean stroke first, and then what a critic cannot tell from the engine's.
    """

    settings_class = GANSettings
    painter = "gan"
    eight_bits = True
    about = "The paper's conditional GAN, Wasserstein loss with gradient penalty, from action straight to stroke."
    departures = (
        "It learns alpha alone, from all of the action but colour: colour is exact by compositing.",
        "Generator and critic are shown soft lines along the curve. The paper's learn where strokes lie from numbers "
        "alone, which takes most of their hundreds of thousands of steps: without the lines, an hour on a core ended "
        "at a mean absolute error of 12.8/255.",
        "A first part of the steps follows the squared error alone, without a critic: the mean stroke, at a fraction "
        "of the cost. The paper adds ten times the squared error, and less later.",
        "The critic then learns alone for some steps, before the generator follows it, and faster than it.",
        "A term keeps the energy of the grain at the engine's, which a young critic lets sink.",
        "The learning rate is larger and falls to zero, for an hour on a CPU instead of days on a GPU.",
    )

    def __init__(self, manifest: Manifest, settings: GANSettings):
        super().__init__(manifest, settings)
        self.settings = settings
        self.stages = wgan.Stages(settings.mean_steps, settings.steps, settings.lr)
        self.network = GANNetwork(manifest.radius, settings.noise)
        self.critic = Critic(manifest.radius)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizers = {
            "mean": torch.optim.Adam(self.network.parameters()),
            "generator": torch.optim.Adam(self.network.parameters(), betas=wgan.BETAS),
            "critic": torch.optim.Adam(self.critic.parameters(), betas=wgan.BETAS),
        }

    def batches(self, number: int) -> int:
        """Batches that a step learns from: one for the generator, one for each step of the critic."""
        return 1 + self.settings.critic_steps if self.stages.judged(number) else 1

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See :meth:`PainterRecipe.step`."""
        actions, alpha = batch
        stages, lr = self.stages, self.stages.rate(number)
        if not stages.judged(number):
            error = nn.functional.mse_loss(self._draw(actions), alpha)
            self.update("mean", error, lr)
            none = torch.zeros_like(error)
            return {"mse": error, "distance": none, "penalty": none}
        share = len(actions) // self.batches(number)
        *lessons, last = zip(actions.split(share), alpha.split(share), strict=True)
        distance = penalty = torch.zeros((), device=alpha.device)
        for some, real in lessons:
            with torch.no_grad():
                painted = self._draw(some)
            judge = functools.partial(self.critic, some)
            loss, distance, penalty = wgan.critic_loss(judge, real, painted)
            self.update("critic", loss, wgan.CRITIC * lr)
        painted = self._draw(last[0])
        error = nn.functional.mse_loss(painted, last[1])
        if stages.followed(number):
            grain = (_grain(painted) / _grain(last[1])).log().square()
            judged = self.critic(last[0], painted).mean()
            self.update("generator", self.settings.mse * error + GRAIN * grain - judged, lr)
        return {"mse": error, "distance": distance, "penalty": penalty}

    def _draw(self, actions: Tensor) -> Tensor:
        noise = torch.randn(len(actions), self.settings.noise, device=actions.device) if self.settings.noise else None
        return self.network(actions, noise=noise)


def _grain(alpha: Tensor) -> Tensor:
    """Mean square of strokes (N, 64, 64) less their blur, as fidelity.py measures it."""
    return (alpha - nn.functional.avg_pool2d(alpha, BLUR, 1, BLUR // 2, count_include_pad=False)).square().mean()
