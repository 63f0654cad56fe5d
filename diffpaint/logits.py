"""What is optimised: the logits of actions, the optimiser that moves them, and its state when strokes change."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from .renderer import Renderer
from .strategy import Change

EPS = 1e-3  # actions of 0 and 1 start this far inside, so that their logits are finite and a few steps move them

Optimizer = Callable[[list[dict[str, Any]]], torch.optim.Optimizer]
Rates = float | Mapping[str, float] | None


class Logits:
    """Logits (B, T, A) of actions, one parameter for each learning rate.

    Args:
        actions: (B, T, A) in [0, 1].
        renderer: Whose actions they are.
        lr: Learning rate, or one by the name of an action; all others take the renderer's own.
        optimizer: A class of ``torch.optim``, or what takes groups of parameters, ``{"params": [...], "lr": ...}``, and
            gives an optimiser.

    Raises:
        ValueError: A learning rate that is not above 0 and finite, or for an action that is not there.
    """

    def __init__(self, actions: Tensor, renderer: Renderer, lr: Rates, optimizer: Optimizer):
        names, by_name = renderer.action_names, dict(lr) if isinstance(lr, Mapping) else {}
        rest = renderer.lr if lr is None or isinstance(lr, Mapping) else lr
        for name in by_name.keys() - set(names):
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"lr names {name!r}, which is no action of {type(renderer).__name__}{hint}")
        rates = [float(by_name.get(name, rest)) for name in names]
        if not all(0 < rate < math.inf for rate in rates):
            raise ValueError(f"lr, the learning rate, must be above 0 and finite, got {lr}")
        self.lr: float | dict[str, float] = dict(zip(names, rates, strict=True)) if by_name else rates[0]
        self._shared = torch.tensor([name in renderer.shared for name in names], device=actions.device)
        self._columns = [[i for i, rate in enumerate(rates) if rate == one] for one in dict.fromkeys(rates)]
        order = [column for columns in self._columns for column in columns]
        self._place = sorted(range(len(names)), key=order.__getitem__)
        logits = actions.detach().to(torch.promote_types(actions.dtype, torch.float32)).logit(eps=EPS)
        self._parameters = [logits[..., columns].requires_grad_() for columns in self._columns]
        self._rates, self._make = [rates[columns[0]] for columns in self._columns], optimizer
        self.optimizer = self._made()

    @property
    def value(self) -> Tensor:
        """(B, T, A), differentiable; set to one of any number of strokes, it leaves the optimiser's state as it is."""
        return torch.cat(self._parameters, -1)[..., self._place] if len(self._parameters) > 1 else self._parameters[0]

    @value.setter
    def value(self, value: Tensor) -> None:
        for parameter, columns in zip(self._parameters, self._columns, strict=True):
            parameter.grad, parameter.data = None, value.detach().to(parameter)[..., columns]

    @property
    def gradients(self) -> list[Tensor]:
        """Of all numbers that have one."""
        return [parameter.grad for parameter in self._parameters if parameter.grad is not None]

    def slow_down(self, factor: float) -> None:
        """Set all learning rates to a share of what they were given as."""
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def change(self, change: Change, rendered: Tensor) -> None:
        """Go on with other strokes; the optimiser's state follows those that stay.

        Args:
            change: What a strategy made of ``rendered``.
            rendered: (B, T, A) in [0, 1], the actions that it was shown. A number that it left alone keeps its logit.

        Raises:
            ValueError: Numbers that do not fit one another.
        """
        before, (actions, kept) = self.value.detach(), change
        batch, strokes, width = before.shape
        if actions.ndim != 3 or (actions.shape[0], actions.shape[2]) != (batch, width) or not actions.numel():
            raise ValueError(f"a strategy gave actions {tuple(actions.shape)}; wanted ({batch}, strokes, {width})")
        if kept.shape != actions.shape[:2] or not -1 <= kept.min() <= kept.max() < strokes:
            given = f"kept {tuple(kept.shape)} of {kept.min()} to {kept.max()}"
            raise ValueError(f"a strategy gave {given}; wanted {tuple(actions.shape[:2])} of -1 to {strokes - 1}")
        source = kept.to(before.device)[..., None].where(~self._shared, 0)  # the first has what all share
        stays, source = source >= 0, source.clamp(min=0)
        for parameter, columns in zip(self._parameters, self._columns, strict=True):
            state = self.optimizer.state.get(parameter, {})
            if any(isinstance(value, list) for value in state.values()):
                self.optimizer = self._made()  # its state is of all numbers together, as LBFGS's: it starts anew
                break
            for name, value in state.items():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    state[name] = torch.where(stays[..., columns], value.gather(1, source[..., columns]), 0)
        alone = stays & (self._shared | (rendered.gather(1, source) == actions.to(rendered)))
        self.value = torch.where(alone, before.gather(1, source), actions.to(before).logit(eps=EPS))

    def _made(self) -> torch.optim.Optimizer:
        together = zip(self._parameters, self._rates, strict=True)
        return self._make([{"params": [parameter], "lr": rate} for parameter, rate in together])


def check_actions(actions: Tensor, renderer: Renderer) -> None:
    """Check actions to start from: ValueError for another shape, no strokes, or a number that is not in [0, 1]."""
    renderer.check(actions)
    if actions.numel() == 0:
        raise ValueError(f"actions of shape {tuple(actions.shape)} hold no stroke")
    if not torch.isfinite(actions).all():
        raise ValueError("actions hold NaN or infinity; every action must be a number in [0, 1]")
    if actions.min() < 0 or actions.max() > 1:
        raise ValueError(f"actions must be in [0, 1], got {actions.min():g} to {actions.max():g}")
