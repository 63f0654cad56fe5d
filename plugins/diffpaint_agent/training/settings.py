"""Settings of an agent's run."""

from __future__ import annotations

import math
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
        mirror: Whether pictures are mirrored half of the time; wrong for letters and digits, right for faces.
        jitter: How far pictures are moved, scaled and slanted at random, at most, as a share of their half side.
        critic_from: Share of the steps after which there is a critic; 1 is never, 0 the paper's.
        critic_steps: Of the critic for each of the agent.
        mse: Weight of the squared error beside the critic.
        forcing: Weight of a lesson.
        forcing_until: Share of the steps during which the agent follows the lesson alone: the squared error of its
            actions. Then the picture counts too, and of the lesson only its path, at any pace.
        forcing_gone: Share of the steps by which the weight of the lesson has fallen to zero.
        forcing_slack: How far from that path strokes may lie, as a share of the picture's side.
    """

    steps: int = 20_000
    lr: float = 2e-3
    size: int = 28
    strokes: int = 8
    channels: int = 32
    hidden: int = 256
    mirror: bool = False
    jitter: float = 0.0
    critic_from: float = 0.9
    critic_steps: int = 1
    mse: float = 1000.0
    forcing: float = 0.0
    forcing_until: float = 0.0
    forcing_gone: float = 0.0
    forcing_slack: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        for name in ("size", "strokes", "channels", "hidden", "critic_steps"):
            least = 2 if name == "size" else 1
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.jitter >= 0.5:
            raise ValueError(f"jitter is a share of a picture's half side, less than 0.5, got {self.jitter}")
        if self.critic_from > 1:
            raise ValueError(f"critic_from is a share of the steps, from 0 to 1, got {self.critic_from}")
        if not self.forcing_until < 1:
            raise ValueError(f"forcing_until is a share of the steps, less than 1, got {self.forcing_until}")
        if (self.forcing > 0) != (self.forcing_gone > 0):
            raise ValueError(
                f"forcing needs a share of the steps by which it is gone, forcing_gone above 0, and the reverse; "
                f"got {self.forcing} and {self.forcing_gone}"
            )
        if not self.forcing_until <= self.forcing_gone <= 1:
            raise ValueError(
                f"forcing_gone is a share of the steps, from forcing_until, {self.forcing_until}, to 1, "
                f"got {self.forcing_gone}"
            )
        if not self.mse and self.first_judged > self.first_free:
            raise ValueError(
                f"there is nothing to learn from: mse is 0, a lesson alone teaches until step {self.first_free}, and "
                f"the critic comes at step {self.first_judged}"
            )

    @property
    def first_judged(self) -> int:
        """The first step that has a critic."""
        return round(self.critic_from * self.steps)

    @property
    def first_free(self) -> int:
        """The first step in which the agent does not follow the lesson alone."""
        return round(self.forcing_until * self.steps)

    def lesson_share(self, number: int) -> float:
        """The share of its weight that the lesson has at a step, from 1 to 0."""
        start, end = self.first_free, round(self.forcing_gone * self.steps)
        if number < start:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (number - start) / (end - start))) if number < end else 0.0
