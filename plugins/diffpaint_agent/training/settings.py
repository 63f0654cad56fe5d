"""Settings of an agent's run."""

from __future__ import annotations

from dataclasses import dataclass

from diffpaint import TrainingSettings


@dataclass(frozen=True)
class AgentSettings(TrainingSettings):
    """Of an agent; see :class:`diffpaint.TrainingSettings`.

    Attributes:
        size: Side of the pictures and of the canvas, px.
        strokes: That the agent paints.
        channels: Of the encoder's first layer.
        hidden: Width of the LSTM.
        critic_from: Step from which on there is a critic.
        critic_steps: Of the critic for each of the agent.
        mse: Weight of the squared error beside the critic.
        forcing: Weight of the squared error of actions against a lesson's.
        forcing_until: Step until which the agent follows the lesson alone.
        forcing_after: Weight of the lesson from then on, as a share of ``forcing``.
    """

    steps: int = 20_000
    lr: float = 2e-3
    size: int = 28
    strokes: int = 8
    channels: int = 32
    hidden: int = 256
    critic_from: int = 18_000
    critic_steps: int = 1
    mse: float = 100.0
    forcing: float = 0.0
    forcing_until: int = 0
    forcing_after: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        for name in ("size", "strokes", "channels", "hidden", "critic_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
