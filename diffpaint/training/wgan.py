"""What adversarial recipes share: a Wasserstein critic with gradient penalty (Gulrajani et al. 2017).

The squared error alone first finds what a network should do, at a fraction of the cost. Then a critic, shown what is
real and what is painted, says what the squared error does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .schedule import warmup_cosine

PENALTY = 10.0  # weight of the gradient penalty
BETAS = (0.5, 0.9)  # Adam's
ADVERSARIAL = 0.1  # learning rate under the critic, as a share of the largest
CRITIC = 5.0  # learning rate of the critic over that of what it judges
ALONE = 300  # steps of the critic before it is followed: one that knows nothing would undo what is learned


@dataclass(frozen=True)
class Stages:
    """A run whose last steps have a critic.

    Attributes:
        first: The first step with a critic.
        steps: Of the run.
        lr: The largest learning rate.
    """

    first: int
    steps: int
    lr: float

    def judged(self, number: int) -> bool:
        """Whether a step has a critic."""
        return number >= self.first

    def followed(self, number: int) -> bool:
        """Whether the critic is followed at a step, which it is once it knows something."""
        return number >= self.first + min(ALONE, (self.steps - self.first) // 5)

    def rate(self, number: int) -> float:
        """Learning rate of what is judged: it rises and falls to zero in each of the two stages."""
        if not self.judged(number):
            return self.lr * warmup_cosine(number, self.first)
        return ADVERSARIAL * self.lr * warmup_cosine(number - self.first, self.steps - self.first)


def critic_loss(critic: Callable[[Tensor], Tensor], real: Tensor, painted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a critic minimises.

    Args:
        critic: Takes pictures (N, ...) to scores (N,), higher for real ones.
        real: (N, ...).
        painted: Of the same shape.

    Returns:
        The loss, how far the critic holds the two apart, and how far slopes between them are from 1, squared.
    """
    distance = critic(real).mean() - critic(painted).mean()
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    between = torch.lerp(real, painted, share).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    return PENALTY * penalty - distance, distance, penalty
