"""What constraints on columns of actions share."""

from __future__ import annotations

from torch import Tensor


def number(value: float) -> float:
    """A number of any kind as a float; TypeError for text, which would else be read as one or fail namelessly."""
    if isinstance(value, str):
        raise TypeError(f"wanted a number, got {value!r}")
    return float(value)


def replaced(actions: Tensor, columns: list[int], values: Tensor) -> Tensor:
    """A copy of actions with other values in some columns."""
    copy = actions.clone()
    copy[..., columns] = values
    return copy


def straight_through(exact: Tensor, smooth: Tensor) -> Tensor:
    """The one with the gradient of the other: what is added is exactly 0."""
    return exact.detach() + (smooth - smooth.detach())
