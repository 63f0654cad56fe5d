"""Train ``neural-gan``: a conditional GAN with Wasserstein loss and gradient penalty (the paper's section 2).

The squared error alone first finds where strokes go, in a fraction of the steps that the critic would take. Then the
critic, shown strokes of the engine and of the generator with their actions, teaches grain.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from diffpaint.training import pace
from diffpaint_mypaint import Manifest

from ..gan import GANNetwork
from ..raster import SEEN, seen
from ..sketch import SKETCHES, sketch
from .run import Recipe
from .settings import GANSettings
from .truth import BLUR

GRAIN = 3.0  # weight of the squared logarithm of the energy of grain over the engine's
PENALTY = 10.0  # weight of the gradient penalty (Gulrajani et al. 2017)
BETAS = (0.5, 0.9)  # Adam's, under the critic
ADVERSARIAL = 0.1  # learning rate of the generator under the critic, as a share of the largest
CRITIC = 5.0  # learning rate of the critic over the generator's
ALONE = 300  # steps of the critic before the generator follows it: one that knows nothing would undo what is learned


class Critic(nn.Module):
    """How much like the engine's a stroke is, for its action: actions (N, 12), alpha (N, 64, 64) to (N,)."""

    def __init__(self, radius: tuple[float, float]):
        super().__init__()
        self.radius = radius
        self.action = nn.Linear(SEEN, 16)
        self.enter = nn.Conv2d(1 + SKETCHES, 16, 4, 2, 1)
        self.rest = nn.Sequential(
            *(nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1)),
            *(nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 4 * 4, 1)),
        )

    def forward(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """See the class."""
        shown = torch.cat([alpha[:, None], sketch(actions, self.radius)], 1)
        return self.rest(self.enter(shown) + self.action(seen(actions))[..., None, None])[:, 0]


class GANRecipe(Recipe):
    """The mean stroke first, and then what a critic cannot tell from the engine's."""

    painter = "gan"
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
        super().__init__()
        self.settings = settings
        self.network = GANNetwork(manifest.radius, settings.noise)
        self.critic = Critic(manifest.radius)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizers = {
            "mean": torch.optim.Adam(self.network.parameters()),
            "generator": torch.optim.Adam(self.network.parameters(), betas=BETAS),
            "critic": torch.optim.Adam(self.critic.parameters(), betas=BETAS),
        }

    def batches(self, number: int) -> int:
        """Batches that a step learns from: one for the generator, one for each step of the critic."""
        return 1 if number < self.settings.mean_steps else 1 + self.settings.critic_steps

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See :meth:`Recipe.step`."""
        actions, alpha = batch
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
            self.update("critic", PENALTY * penalty - distance, CRITIC * lr)
        painted = self._draw(last[0])
        error = nn.functional.mse_loss(painted, last[1])
        if number >= first + min(ALONE, (settings.steps - first) // 5):
            grain = (_grain(painted) / _grain(last[1])).log().square()
            judged = self.critic(last[0], painted).mean()
            self.update("generator", settings.mse * error + GRAIN * grain - judged, lr)
        return {"mse": error, "distance": distance, "penalty": penalty}

    def _draw(self, actions: Tensor) -> Tensor:
        noise = torch.randn(len(actions), self.settings.noise, device=actions.device) if self.settings.noise else None
        return self.network(actions, noise=noise)

    def _penalty(self, actions: Tensor, real: Tensor, painted: Tensor) -> Tensor:
        share = torch.rand(len(real), 1, 1, device=real.device)
        between = torch.lerp(real, painted, share).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(actions, between).sum(), between, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def _grain(alpha: Tensor) -> Tensor:
    """Mean square of strokes (N, 64, 64) less their blur, as truth.py measures it."""
    return (alpha - nn.functional.avg_pool2d(alpha, BLUR, 1, BLUR // 2, count_include_pad=False)).square().mean()
