"""Objectives as text: ``content + 100*pixel``, ``content(layers=_blocks_4, norm=l1) + 0.1*style(target=sea.jpg)``."""

from __future__ import annotations

import inspect
import re
from typing import Any

from torch import Tensor

from .objective import Objective
from .registry import load, load_objective

_TERM = re.compile(r"(?:(\d+\.?\d*|\.\d+)\s*\*\s*)?([A-Za-z][\w.:-]*)\s*(?:\((.*)\))?", re.DOTALL)


def parse_objective(expression: str, target: Tensor | None = None) -> Objective:
    """The objective that a sum names.

    Args:
        expression: Terms ``weight*name(option=value, ...)``, joined by ``+``; weight and options may be left out. A
            value that reads as a number is one, anything else is text.
        target: (1, 3, H, W) in [0, 1], for objectives that take a ``target`` and are not given one in the expression.

    Raises:
        ValueError: No such sum, or options that an objective does not take.
        PluginError: An unknown objective.
    """
    total: Objective | None = None
    for term in _split(expression, "+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise ValueError(
                f"objective {expression!r}: {term.strip()!r} is no name, nor weight*name(option=value, ...) such as "
                "100*pixel or content(norm=l1)"
            )
        weight, name, inside = match.groups()
        options = dict(_option(expression, text) for text in _split(inside, ",")) if inside and inside.strip() else {}
        if target is not None and "target" in inspect.signature(load("objectives", name)).parameters:
            options.setdefault("target", target)
        try:
            objective = load_objective(name, **options)
        except TypeError as error:  # text where a number is wanted
            if not inside:
                raise
            raise ValueError(f"objective {expression!r}: {name} cannot take {inside.strip()} ({error})") from error
        if weight is not None:
            objective = float(weight) * objective
        total = objective if total is None else total + objective
    assert total is not None  # _split gives at least one term
    return total


def _split(text: str, separator: str) -> list[str]:
    """Parts of a text between separators that are in no parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _option(expression: str, text: str) -> tuple[str, Any]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name.isidentifier() or not value:
        raise ValueError(f"objective {expression!r}: {text.strip()!r} is no option=value")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value
