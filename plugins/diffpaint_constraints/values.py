"""Constraints on the values of one action."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from diffpaint import Constraint, Moment, Renderer

from .columns import number, replaced, straight_through

MOST_LEVELS = 256  # what a picture of 8 bits can tell apart


@dataclass(frozen=True)
class _OneAction(Constraint):
    name: str

    @property
    def needs(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The one action."""
        return (self.name,)


@dataclass(frozen=True)
class Limit(_OneAction):
    """An action stays within a range: [0, 1] is mapped to it linearly.

    Args:
        name: Of the action.
        low: At least 0.
        high: Above ``low``, at most 1.

    Raises:
        ValueError: An empty range, or one that leaves [0, 1].
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", number(self.low))
        object.__setattr__(self, "high", number(self.high))
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(f"{self}: wanted 0 <= low < high <= 1; to hold {self.name} at one value, fix it")

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Map the action linearly, whatever the progress."""
        columns = self.check(renderer)
        value = actions[..., columns]
        within = self.low * (1 - value) + self.high * value  # 0 and 1 give the ends exactly
        return replaced(actions, columns, within.clamp(self.low, self.high))

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the action is within the range in every stroke."""
        value = actions[..., self.check(renderer)]
        return bool(((value >= self.low) & (value <= self.high)).all())


@dataclass(frozen=True)
class Fix(_OneAction):
    """An action has one value in all strokes.

    Args:
        name: Of the action.
        value: In [0, 1].

    Raises:
        ValueError: The value is not in [0, 1].
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", number(self.value))
        if not 0 <= self.value <= 1:
            raise ValueError(f"{self}: value is an action, in [0, 1]")

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Replace the action, whatever the progress; no gradient reaches it."""
        return replaced(actions, self.check(renderer), actions.new_tensor(self.value))

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the action has the value in every stroke."""
        return bool((actions[..., self.check(renderer)] == self.value).all())


@dataclass(frozen=True)
class Levels(_OneAction):
    """An action takes the nearest of evenly spaced values from 0 to 1; its gradient is as if it were free.

    Args:
        name: Of the action.
        count: Of values, with 0 and 1 among them: from 2 to 256.

    Raises:
        ValueError: A count out of range.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count not in range(2, MOST_LEVELS + 1):
            raise ValueError(f"{self}: count is a whole number of levels, from 2 to {MOST_LEVELS}")
        object.__setattr__(self, "count", int(self.count))

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Round the action, whatever the progress."""
        columns = self.check(renderer)
        value, last = actions[..., columns], self.count - 1
        levels = value.new_tensor([level / last for level in range(self.count)])  # a GPU may divide inexactly
        return replaced(actions, columns, straight_through(levels[(value.detach() * last).round().long()], value))

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the action takes at most so many values; a limit may have moved them."""
        return len(actions[..., self.check(renderer)].unique()) <= self.count
