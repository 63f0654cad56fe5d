"""Settings that every run of training has."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import Any


def setting(default: Any, help: str, was: str | None = None, before: Any = MISSING) -> Any:
    """A setting with its default, for a dataclass.

    Args:
        default: Its value where nobody names another.
        help: What ``diffpaint train --help`` says of it.
        was: An older name, by which the command line and checkpoints still know it.
        before: Of one that is younger than its kind of run: the value of runs that do not name it.
    """
    return field(default=default, metadata={"help": help, "was": was, "before": before})


@dataclass(frozen=True)
class TrainingSettings:
    """What all runs have; each kind adds its own, as :func:`setting`. Numbers must not be negative.

    Attributes:
        steps: Of the optimiser.
        batch: Examples a step, over all devices.
        lr: Adam's largest learning rate; it rises over the first steps and falls to zero along a cosine.
        seed: Of the initial weights, of the order of examples and of all noise.

    Raises:
        ValueError: A number that is negative or not finite, or a 0 where there must be more.
    """

    steps: int = setting(1_000, "Steps of the optimiser.")
    batch: int = setting(64, "Examples in a step.")
    lr: float = setting(1e-3, "Largest learning rate.")
    seed: int = setting(0, "Of the initial weights, the order of examples and all noise.")

    def __post_init__(self):
        for name in ("steps", "batch", "lr"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {value}")
        for name in (part.name for part in fields(self)):
            value = getattr(self, name)
            if isinstance(value, int | float) and not 0 <= value < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite, got {value}")
        if self.seed >= 2**64:
            raise ValueError(f"seed must be below 2**64, got {self.seed}")
