"""Constraints on actions: maps of free actions to actions that obey a rule.

A constraint maps free actions to actions that obey it, so that what is optimised stays free. Constraints compose in the
order in which they are given: ``[Levels("size", 3), Limit("size", 0, 0.3)]`` gives three sizes, all of them small.
"""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .io.brief import listed
from .renderer import FINISHED, Moment, Renderer

SAMPLE = 1000  # random strokes by which it is checked that constraints do not undo one another


class Constraint(ABC):
    """A differentiable map of actions to actions that obey a rule.

    A subclass is best a frozen dataclass: its ``repr`` is how a checkpoint knows it again, and how errors name it.

    Attributes:
        needs: Names of the actions without which it makes no sense.
    """

    needs: tuple[str, ...] = ()

    def check(self, renderer: Renderer) -> list[int]:
        """Check that a renderer has the actions that it needs, and return their indices.

        Raises:
            ValueError: One is not there; the message names it, and the nearest that are.
        """
        known = renderer.action_names
        if missing := [name for name in self.needs if name not in known]:
            near = difflib.get_close_matches(missing[0], known, n=2)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            what = f"{type(renderer).__name__}, which are {listed(known)}"
            raise ValueError(f"{self} needs {', '.join(missing)} among the actions of {what}{hint}")
        return [known.index(name) for name in self.needs]

    @abstractmethod
    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Actions (B, T, A) in [0, 1] that obey.

        Args:
            actions: (B, T, A) in [0, 1]; not written to.
            renderer: Whose actions they are.
            moment: Its ``progress`` goes from 0, the first step of an optimisation, to 1, the finished painting. The
                rule may hold only softly before, and holds exactly at 1. Its ``actions`` are the free ones.
        """

    @abstractmethod
    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Whether actions (B, T, A) obey the rule exactly."""


def constrain(
    actions: Tensor, constraints: Sequence[Constraint], renderer: Renderer, moment: Moment = FINISHED
) -> Tensor:
    """Apply constraints, one after the other; see :meth:`Constraint.__call__`.

    Actions that all strokes of a canvas share are those of the first, whatever the constraints say.
    """
    free = actions
    moment = moment if moment.actions is not None else replace(moment, actions=free, renderer=renderer)
    for constraint in constraints:
        actions = constraint(actions, renderer, moment)
    return renderer.shared_from(free, actions)


def check_constraints(constraints: Sequence[Constraint], renderer: Renderer) -> None:
    """Check, on random strokes too, that a renderer's actions can obey all of these constraints together.

    Raises:
        ValueError: The renderer lacks what one of them needs, or one is undone by one that comes later.
    """
    for constraint in constraints:
        if not isinstance(constraint, Constraint):
            hint = "; call it to make one" if isinstance(constraint, type) else ""
            raise ValueError(f"a constraint is an instance of diffpaint.Constraint, got {constraint!r}{hint}")
    if not constraints:
        return
    generator = torch.Generator().manual_seed(0)
    strokes = max(2, math.ceil(SAMPLE / renderer.initial(1, 1, generator).shape[1]))  # a grid gives one to each cell
    stages = [torch.rand(renderer.initial(1, strokes, generator).shape, generator=generator).to(renderer.device)]
    for constraint in constraints:
        constraint.check(renderer)
        stages.append(constrain(stages[-1], [constraint], renderer))
        if stages[-1].shape != stages[0].shape or not ((stages[-1] >= 0) & (stages[-1] <= 1)).all():
            raise ValueError(f"{constraint} gave something else than actions of the same shape in [0, 1]")
        if not constraint.holds(stages[-1], renderer):
            raise ValueError(f"{constraint} does not hold for the actions that it gives: a bug of it, not of yours")
    for index, constraint in enumerate(constraints, start=1):
        if not constraint.holds(stages[-1], renderer):
            held = [stage for stage in range(index, len(stages)) if constraint.holds(stages[stage], renderer)]
            undoes = constraints[held[-1]]
            raise ValueError(f"{constraint} is undone by {undoes}, which comes later; change the order, or drop one")
