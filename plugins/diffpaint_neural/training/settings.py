"""Settings of the runs of training, one class for each kind of painter."""

from __future__ import annotations

from dataclasses import dataclass

from diffpaint import TrainingSettings


@dataclass(frozen=True)
class SplatSettings(TrainingSettings):
    """Of ``neural-splat``; see :class:`diffpaint.TrainingSettings`."""

    steps: int = 6_000
    lr: float = 4e-3


@dataclass(frozen=True)
class DabsSettings(TrainingSettings):
    """Of ``neural-dabs``; see :class:`diffpaint.TrainingSettings`."""

    steps: int = 9_000
    lr: float = 4e-3


@dataclass(frozen=True)
class VAESettings(TrainingSettings):
    """Of ``neural-vae``; see :class:`diffpaint.TrainingSettings`.

    Attributes:
        predictor_steps: How many of the steps, at the end, are the predictor's.
        image: Weight of the summed squared error of the predicted stroke beside that of its code; 0 is the paper's.
    """

    steps: int = 9_600
    predictor_steps: int = 5_600
    image: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.predictor_steps < self.steps:
            raise ValueError(
                f"predictor_steps must leave some of the {self.steps} steps to the autoencoder, "
                f"got {self.predictor_steps}"
            )


@dataclass(frozen=True)
class GANSettings(TrainingSettings):
    """Of ``neural-gan``; see :class:`diffpaint.TrainingSettings`.

    Attributes:
        noise: Normal numbers that a stroke takes beside its action; 0 for a painter that draws an action always alike.
        mean_steps: How many of the steps, at the beginning, follow the squared error alone.
        critic_steps: Of the critic for each of the generator.
        mse: Weight of the squared error beside the critic.
    """

    steps: int = 6_000
    batch: int = 32
    noise: int = 0
    mean_steps: int = 1_500
    critic_steps: int = 2
    mse: float = 10.0

    def __post_init__(self):
        super().__post_init__()
        if self.mean_steps >= self.steps:
            raise ValueError(
                f"mean_steps must leave some of the {self.steps} steps to the critic, got {self.mean_steps}"
            )
        if self.critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, got {self.critic_steps}")
