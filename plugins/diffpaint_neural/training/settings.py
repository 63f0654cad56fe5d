"""Settings of the runs of training, one class for each kind of painter."""

from __future__ import annotations

from dataclasses import dataclass

from diffpaint.training import TrainingSettings, setting

OVERSAMPLE = 4  # strokes are drawn this many times larger and averaged down, which predicts large paintings better


@dataclass(frozen=True)
class SplatSettings(TrainingSettings):
    """Of ``neural-splat``; see :class:`diffpaint.training.TrainingSettings`.

    Attributes:
        points: Gaussians along the curve. They cost time in proportion; thin strokes with sharp edges want more.
    """

    steps: int = setting(6_000, "Steps of the optimiser.")
    lr: float = setting(4e-3, "Largest learning rate.")
    points: int = setting(24, "Along a stroke; 48 for brushes that are thin and sharp.", before=24)

    def __post_init__(self):
        super().__post_init__()
        if self.points < 2:
            raise ValueError(f"points must be at least 2, got {self.points}")


@dataclass(frozen=True)
class DabsSettings(TrainingSettings):
    """Of ``neural-dabs``; see :class:`diffpaint.training.TrainingSettings`."""

    steps: int = setting(9_000, "Steps of the optimiser.")
    lr: float = setting(4e-3, "Largest learning rate.")


@dataclass(frozen=True)
class VAESettings(TrainingSettings):
    """Of ``neural-vae``; see :class:`diffpaint.training.TrainingSettings`.

    Attributes:
        predictor_steps: How many of the steps, at the end, are the predictor's.
        image: Weight of the summed squared error of the predicted stroke beside that of its code; 0 is the paper's.
    """

    steps: int = setting(9_600, "Steps of the optimiser.")
    predictor_steps: int = setting(5_600, "How many of the steps, at the end, are the predictor's.")
    image: float = setting(1.0, "Weight of the stroke's squared error beside its code's; 0 is the paper's.")

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.predictor_steps < self.steps:
            raise ValueError(
                f"predictor_steps must leave some of the {self.steps} steps to the autoencoder, "
                f"got {self.predictor_steps}"
            )


@dataclass(frozen=True)
class GANSettings(TrainingSettings):
    """Of ``neural-gan``; see :class:`diffpaint.training.TrainingSettings`.

    Attributes:
        noise: Normal numbers that a stroke takes beside its action; 0 for a painter that draws an action always alike.
        mean_steps: How many of the steps, at the beginning, follow the squared error alone.
        critic_steps: Of the critic for each of the generator.
        mse: Weight of the squared error beside the critic.
    """

    steps: int = setting(6_000, "Steps of the optimiser.")
    batch: int = setting(32, "Strokes in a step.")
    noise: int = setting(0, "Numbers of noise that a stroke takes; 0 draws an action always alike.")
    mean_steps: int = setting(1_500, "How many of the steps, at the beginning, have no critic.")
    critic_steps: int = setting(2, "Steps of the critic for each of the generator.")
    mse: float = setting(10.0, "Weight of the squared error beside the critic.")

    def __post_init__(self):
        super().__post_init__()
        if self.mean_steps >= self.steps:
            raise ValueError(
                f"mean_steps must leave some of the {self.steps} steps to the critic, got {self.mean_steps}"
            )
        if self.critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, got {self.critic_steps}")
