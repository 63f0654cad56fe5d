"""Train ``neural-gan``: a conditional GAN with Wasserstein loss and gradient penalty (the paper's section 2).

The squared error alone first finds where strokes go, in a fraction of the steps that the critic would take. Then the
critic, shown strokes of the engine and of the generator with their actions, teaches grain.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint_mypaint import Manifest

from ..gan import GANNetwork
from ..raster import SEEN, seen
from .run import WARMUP, Recipe, pace
from .settings import GANSettings

PENALTY = 10.0  # weight of the gradient penalty (Gulrajani et al. 2017)
BETAS = (0.5, 0.9)  # Adam's, under the critic
ADVERSARIAL = 0.1  # learning rates under the critic, as a share of the largest


class Critic(nn.Module):
    """How much like the engine's a stroke is, for its action: actions (N, 12), alpha (N, 64, 64) to (N,)."""

    def __init__(self):
        super().__init__()
        self.action = nn.Linear(SEEN, 16)
        self.enter = nn.Conv2d(1, 16, 4, 2, 1)
        self.rest = nn.Sequential(
            *(nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 4 * 4, 1)),
        )

    def forward(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """See the class."""
        return self.rest(self.enter(alpha[:, None]) + self.action(seen(actions))[..., None, None])[:, 0]


class GANRecipe(Recipe):
    """The mean stroke first, and then what a critic cannot tell from the engine's."""

    painter = "gan"
    about = "The paper's conditional GAN, Wasserstein loss with gradient penalty, from action straight to stroke."
    departures = (
        "It learns alpha alone, from all of the action but colour: colour is exact by compositing.",
        "A first part of the steps follows the squared error alone, without a critic: it finds where strokes go at a "
        "sixth of the cost. The paper adds ten times the squared error throughout.",
        "The critic then learns alone for some steps, before the generator follows it.",
        "The learning rate is larger and falls to zero, for a run of hours on a CPU instead of days on a GPU.",
    )

    def __init__(self, manifest: Manifest, settings: GANSettings):
        super().__init__()
        self.settings = settings
        self.network = GANNetwork(manifest.radius, settings.noise)
        self.critic = Critic()
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizers = {
            "mean": torch.optim.Adam(self.network.parameters()),
            "generator": torch.optim.Adam(self.network.parameters(), betas=BETAS),
            "critic": torch.optim.Adam(self.critic.parameters(), betas=BETAS),
        }

    def batches(self, number: int) -> int:
        """Batches that a step learns from: one for the generator, one for each step of the critic."""
        return 1 if number < self.settings.mean_steps else 1 + self.settings.critic_steps

    def step(self, number: int, actions: Tensor, alpha: Tensor) -> dict[str, Tensor]:
        """See :meth:`Recipe.step`."""
        settings, first = self.settings, self.settings.mean_steps
        if number < first:
            error = nn.functional.mse_loss(self._draw(actions), alpha)
            self.update("mean", error, settings.lr * pace(number, first))
            none = torch.zeros_like(error)
            return {"mse": error, "distance": none, "penalty": none}
        lr = ADVERSARIAL * settings.lr * pace(number - first, settings.steps - first)
        share = len(actions) // self.batches(number)
        *lessons, last = zip(actions.split(share), alpha.split(share), strict=True)
        distance = penalty = torch.zeros((), device=alpha.device)
        for some, real in lessons:
            with torch.no_grad():
                painted = self._draw(some)
            distance = self.critic(some, real).mean() - self.critic(some, painted).mean()
            penalty = self._penalty(some, real, painted)
            self.update("critic", PENALTY * penalty - distance, 2 * lr)
        painted = self._draw(last[0])
        error = nn.functional.mse_loss(painted, last[1])
        ahead = min(WARMUP, (settings.steps - first) // 5)
        if number >= first + ahead:  # a critic that knows nothing yet would undo what the generator learned
            self.update("generator", settings.mse * error - self.critic(last[0], painted).mean(), lr)
        return {"mse": error, "distance": distance, "penalty": penalty}

    def _draw(self, actions: Tensor) -> Tensor:
        noise = torch.randn(len(actions), self.settings.noise, device=actions.device) if self.settings.noise else None
        return self.network(actions, noise=noise)

    def _penalty(self, actions: Tensor, real: Tensor, painted: Tensor) -> Tensor:
        share = torch.rand(len(real), 1, 1, device=real.device)
        between = torch.lerp(real, painted, share).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(actions, between).sum(), between, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()
