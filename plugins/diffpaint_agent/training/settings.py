"""Settings of an agent's run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from diffpaint.training import TrainingSettings, setting

from ..error import COARSE


@dataclass(frozen=True)
class AgentSettings(TrainingSettings):
    """Of an agent; see :class:`diffpaint.training.TrainingSettings`.

    Attributes:
        size: Side of the pictures and of the canvas, px.
        strokes: That the agent paints.
        channels: Of the encoder's first layer.
        hidden: Width of the LSTM.
        look_every: Strokes after which the agent looks again, at its canvas too; 0 is never, 1 the paper's.
        queries: Whether every stroke has a learned query of its own.
        mirror: Whether pictures are mirrored half of the time; wrong for letters and digits, right for faces.
        jitter: How far pictures are moved, scaled and slanted at random, at most, as a share of their half side.
        critic_from: Share of the steps after which there is a critic; 1 is never, 0 the paper's.
        critic_steps: Of the critic for each of the agent.
        mse: Weight of the squared error beside the critic.
        detail: Weight of the squared error of what is finer than a seventh of the side, added to the squared error.
        salience: How much more places count in both that have detail in nearly all pictures.
        revise: How often an agent corrects its strokes, once all are there, by the slope of its error. It learns to do
            without, and does it when it paints.
        imitation: Weight of demonstrations.
        imitation_until: Share of the steps during which the agent follows demonstrations alone: the squared error of
            its actions. Then the picture counts too, and of a demonstration only its path, at any pace.
        imitation_gone: Share of the steps by which the weight of demonstrations has fallen to zero.
        imitation_slack: How far from that path strokes may lie, as a share of the picture's side.
    """

    steps: int = setting(20_000, "Steps of the optimiser.")
    batch: int = setting(64, "Pictures in a step.")
    lr: float = setting(2e-3, "Largest learning rate; a tenth of it under the critic.")
    seed: int = setting(0, "Of the initial weights, and of the order of pictures.")
    size: int = setting(28, "Side of the pictures and of the canvas, px.")
    strokes: int = setting(8, "That the agent paints.")
    channels: int = setting(32, "Of the first layer of the encoder, and of the critic.")
    hidden: int = setting(256, "Width of the LSTM.")
    look_every: int = setting(
        0, "Strokes after which the agent looks at its canvas again; 0: never, 1: the paper's.", before=0
    )
    queries: bool = setting(True, "Learn a query for each stroke, by which strokes differ at once.", before=False)
    mirror: bool = setting(False, "Mirror pictures half of the time: for faces, not for letters and digits.")
    jitter: float = setting(0.0, "Move, scale, turn and slant pictures by at most this share: where there are few.")
    critic_from: float = setting(0.9, "Share of the steps after which there is a critic; 0: the paper's, 1: never.")
    critic_steps: int = setting(1, "Steps of the critic for each of the agent; 5 is the paper's.")
    mse: float = setting(1000.0, "Weight of the squared error beside the critic.")
    detail: float = setting(0.0, "How much more the squared error of fine detail counts: eyes of faces.", before=0.0)
    salience: float = setting(
        0.0, "How much more places count where nearly all pictures have detail: eyes and mouths of faces.", before=0.0
    )
    revise: int = setting(0, "How often its strokes are corrected when it paints, by the slope of the error.", before=0)
    imitation: float = setting(0.0, "Weight of the demonstrations.", was="forcing")
    imitation_until: float = setting(
        0.0, "Share of the steps during which the agent follows demonstrations alone.", was="forcing_until"
    )
    imitation_gone: float = setting(
        0.0, "Share of the steps by which the weight of demonstrations has fallen to zero.", was="forcing_gone"
    )
    imitation_slack: float = setting(
        0.1, "How far strokes may then lie from the path shown, as a share of the picture's side.", was="forcing_slack"
    )

    def __post_init__(self):
        super().__post_init__()
        for name in ("size", "strokes", "channels", "hidden", "critic_steps"):
            least = 2 if name == "size" else 1
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.salience and self.size < 2 * COARSE:
            raise ValueError(f"salience is of detail, which pictures of less than {2 * COARSE} px have none of")
        if self.jitter >= 0.5:
            raise ValueError(f"jitter is a share of a picture's half side, less than 0.5, got {self.jitter}")
        if self.critic_from > 1:
            raise ValueError(f"critic_from is a share of the steps, from 0 to 1, got {self.critic_from}")
        if not self.imitation_until < 1:
            raise ValueError(f"imitation_until is a share of the steps, less than 1, got {self.imitation_until}")
        if (self.imitation > 0) != (self.imitation_gone > 0):
            raise ValueError(
                f"imitation needs a share of the steps by which it is gone, imitation_gone above 0, and the reverse; "
                f"got {self.imitation} and {self.imitation_gone}"
            )
        if not self.imitation_until <= self.imitation_gone <= 1:
            raise ValueError(
                f"imitation_gone is a share of the steps, from imitation_until, {self.imitation_until}, to 1, "
                f"got {self.imitation_gone}"
            )
        if not self.mse and self.first_judged > self.first_free:
            raise ValueError(
                f"nothing to learn from: mse is 0, demonstrations alone teach until step {self.first_free}, and "
                f"the critic comes at step {self.first_judged}"
            )

    @property
    def first_judged(self) -> int:
        """The first step that has a critic."""
        return round(self.critic_from * self.steps)

    @property
    def first_free(self) -> int:
        """The first step in which the agent does not follow demonstrations alone."""
        return round(self.imitation_until * self.steps)

    def imitation_share(self, number: int) -> float:
        """The share of their weight that demonstrations have at a step, from 1 to 0."""
        start, end = self.first_free, round(self.imitation_gone * self.steps)
        if number < start:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (number - start) / (end - start))) if number < end else 0.0
