"""Constraints on actions: greyscale, palettes, thin strokes, connected strokes, discrete values.

A constraint maps free actions to actions that obey it, so that what is optimised stays free. Constraints compose in the
order in which they are given: ``[Levels("size", 3), Limit("size", 0, 0.3)]`` gives three sizes, all of them small.
"""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .renderer import Renderer, _listed

COLOR = ("red", "green", "blue")
MOST_LEVELS = 256  # what a picture of 8 bits can tell apart
SAMPLE = 1000  # random strokes by which it is checked that constraints do not undo one another


class Constraint(ABC):
    """A differentiable map of actions to actions that obey a rule.

    A subclass is best a frozen dataclass: its ``repr`` is how a checkpoint knows it again, and how errors name it.
    """

    @abstractmethod
    def needs(self) -> tuple[str, ...]:
        """Names of the actions without which it makes no sense."""

    def check(self, renderer: Renderer) -> list[int]:
        """Check that a renderer has the actions that it needs, and return their indices.

        Raises:
            ValueError: One is not there; the message names it, and the nearest that are.
        """
        known = renderer.action_names
        missing = [name for name in self.needs() if name not in known]
        if missing:
            near = difflib.get_close_matches(missing[0], known, n=2)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            what = f"{type(renderer).__name__}, which are {_listed(known)}"
            raise ValueError(f"{self} needs {', '.join(missing)} among the actions of {what}{hint}")
        return [known.index(name) for name in self.needs()]

    @abstractmethod
    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Constrain actions.

        Args:
            actions: (B, T, A) in [0, 1]; not written to.
            renderer: Whose actions they are.
            progress: From 0, the first step of an optimisation, to 1, the finished painting. The rule may hold only
                softly before, and holds exactly at 1.

        Returns:
            (B, T, A) in [0, 1].
        """

    @abstractmethod
    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether actions (B, T, A) obey the rule exactly."""


@dataclass(frozen=True)
class Greyscale(Constraint):
    """Red, green and blue are equal: the mean of the three."""

    def needs(self) -> tuple[str, ...]:
        """A colour."""
        return COLOR

    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Put the mean of the three into each, whatever the progress."""
        columns = self.check(renderer)
        return _with(actions, columns, actions[..., columns].mean(-1, keepdim=True).clamp(0, 1))

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the three are equal in every stroke."""
        color = actions[..., self.check(renderer)]
        return torch.equal(color, color[..., :1].expand_as(color))


@dataclass(frozen=True)
class Palette(Constraint):
    """Every stroke has one of a few colours.

    While a painting is optimised, the colour of a stroke is a mean of all colours, weighted by a softmax over minus the
    squared distance to the free colour. Its temperature falls by the factor 100, from the palette's variance. At
    progress 1 it is the nearest colour, exactly; its gradient is then that of the mean at progress 0.5, so that colours
    can be learned where progress is always 1, as in :func:`diffpaint.param_f`.

    Args:
        colors: (red, green, blue) each, sRGB in [0, 1]; at least one.

    Raises:
        ValueError: No colours, or one that is not three numbers in [0, 1].
    """

    colors: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        colors = tuple(tuple(float(channel) for channel in color) for color in self.colors)
        if not colors:
            raise ValueError("a palette needs at least one colour")
        for color in colors:
            if len(color) != 3 or not all(0 <= channel <= 1 for channel in color):
                raise ValueError(f"a palette's colour is three sRGB values in [0, 1], got {color}")
        object.__setattr__(self, "colors", colors)

    def needs(self) -> tuple[str, ...]:
        """A colour."""
        return COLOR

    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Choose colours, the softer the smaller the progress, and exactly at 1."""
        columns, colors = self.check(renderer), actions.new_tensor(self.colors)
        distance = (actions[..., None, columns] - colors).square().sum(-1)  # (B, T, colours)
        softest = (colors - colors.mean(0)).square().sum(-1).mean().clamp(min=1e-6)
        temperature = softest * 0.01 ** (progress if progress < 1 else 0.5)
        chosen = ((-distance / temperature).softmax(-1) @ colors).clamp(0, 1)
        if progress >= 1:
            chosen = _straight_through(colors[distance.argmin(-1)], chosen)
        return _with(actions, columns, chosen)

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the colour of every stroke is one of the palette."""
        color = actions[..., None, self.check(renderer)]
        return bool((color == color.new_tensor(self.colors)).all(-1).any(-1).all())


@dataclass(frozen=True)
class _OneAction(Constraint):
    name: str

    def needs(self) -> tuple[str, ...]:
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
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(f"{self}: wanted 0 <= low < high <= 1; to hold {self.name} at one value, fix it")

    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Map the action linearly, whatever the progress."""
        columns = self.check(renderer)
        value = actions[..., columns]
        within = self.low * (1 - value) + self.high * value  # 0 and 1 give the ends exactly
        return _with(actions, columns, within.clamp(self.low, self.high))

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
        object.__setattr__(self, "value", float(self.value))
        if not 0 <= self.value <= 1:
            raise ValueError(f"{self}: value is an action, in [0, 1]")

    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Replace the action, whatever the progress; no gradient reaches it."""
        return _with(actions, self.check(renderer), actions.new_tensor(self.value))

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

    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Round the action, whatever the progress."""
        columns = self.check(renderer)
        value, last = actions[..., columns], self.count - 1
        levels = value.new_tensor([level / last for level in range(self.count)])  # a GPU may divide inexactly
        return _with(actions, columns, _straight_through(levels[(value.detach() * last).round().long()], value))

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the action takes at most so many values; a limit may have moved them."""
        return len(actions[..., self.check(renderer)].unique()) <= self.count


@dataclass(frozen=True)
class Connected(Constraint):
    """Each stroke starts where the one before it ended, in a grid that of its own cell; the first starts freely."""

    def needs(self) -> tuple[str, ...]:
        """Strokes that start and end somewhere."""
        return "start_x", "start_y", "end_x", "end_y"

    def __call__(self, actions: Tensor, renderer: Renderer, progress: float) -> Tensor:
        """Move the starts, whatever the progress."""
        columns = self.check(renderer)
        start, end = columns[:2], columns[2:]
        before = torch.tensor(renderer.previous(actions.shape[1]), device=actions.device)
        moved = torch.where(before[:, None] < 0, actions[..., start], actions[:, before.clamp(min=0)][..., end])
        return _with(actions, start, moved)

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether the two points are the same, exactly, for every stroke but the first."""
        return torch.equal(self(actions, renderer, 1.0), actions)


def constrain(actions: Tensor, constraints: Sequence[Constraint], renderer: Renderer, progress: float = 1.0) -> Tensor:
    """Apply constraints, one after the other; see :meth:`Constraint.__call__`."""
    for constraint in constraints:
        actions = constraint(actions, renderer, progress)
    return actions


def check_constraints(constraints: Sequence[Constraint], renderer: Renderer) -> None:
    """Check, on random strokes too, that a renderer's actions can obey all of these constraints together.

    Raises:
        ValueError: The renderer lacks what one of them needs, or one is undone by one that comes later.
    """
    if not constraints:
        return
    generator = torch.Generator().manual_seed(0)
    strokes = max(2, math.ceil(SAMPLE / renderer.initial(1, 1, generator).shape[1]))  # a grid gives one to each cell
    stages = [torch.rand(renderer.initial(1, strokes, generator).shape, generator=generator)]
    for constraint in constraints:
        constraint.check(renderer)
        stages.append(constraint(stages[-1], renderer, 1.0))
        if stages[-1].shape != stages[0].shape or not ((stages[-1] >= 0) & (stages[-1] <= 1)).all():
            raise ValueError(f"{constraint} gave something else than actions of the same shape in [0, 1]")
    for index, constraint in enumerate(constraints, start=1):
        if not constraint.holds(stages[-1], renderer):
            held = [stage for stage in range(index, len(stages)) if constraint.holds(stages[stage], renderer)]
            undoes = constraints[held[-1] if held else index - 1]
            raise ValueError(f"{constraint} is undone by {undoes}, which comes later; change the order, or drop one")


def _with(actions: Tensor, columns: list[int], values: Tensor) -> Tensor:
    """A copy of actions with other values in some columns."""
    copy = actions.clone()
    copy[..., columns] = values
    return copy


def _straight_through(exact: Tensor, smooth: Tensor) -> Tensor:
    """The one with the gradient of the other: what is added is exactly 0."""
    return exact.detach() + (smooth - smooth.detach())
