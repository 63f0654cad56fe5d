"""Constraints on the command line: ``--constraint NAME(option=value)``, and shorthands for those of the core."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from ..constraints import Constraint
from ..expression import load_constraint

OPTIONS: dict[str, dict[str, Any]] = {
    "--greyscale": {"is_flag": True, "help": "Grey strokes only."},
    "--palette": {"metavar": "COLOR,...", "help": "These colours only: names, or hex such as #1b2a49."},
    "--levels": {
        "metavar": "NAME=COUNT",
        "multiple": True,
        "help": "So many values of an action, from 0 to 1.  [repeatable]",
    },
    "--limit": {
        "metavar": "NAME=LOW:HIGH",
        "multiple": True,
        "help": "A range of an action; size=0:0.3 for thin strokes.  [repeatable]",
    },
    "--fix": {"metavar": "NAME=VALUE", "multiple": True, "help": "One value of an action.  [repeatable]"},
    "--connected": {"is_flag": True, "help": "Each stroke starts where the one before ended."},
    "--constraint": {
        "metavar": "NAME(OPTION=VALUE)",
        "multiple": True,
        "help": "Any other, such as those of plugins; see diffpaint list.  [repeatable]",
    },
}
NAMES = tuple(name[2:] for name in OPTIONS)  # of the arguments of parse_constraints


def constraint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of constraints, and their values as one argument ``constraints``.

        @click.command()
        @constraint_options
        def paint(constraints: list[Constraint]): ...

    Args:
        command: A function for ``click.command``, below which this decorator stands; it may have other options.
    """

    @functools.wraps(command)  # copies the options that it has so far, too
    def collected(*args: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in NAMES}
        return command(*args, constraints=parse_constraints(**own), **given)

    for name, given in reversed(OPTIONS.items()):
        collected = click.option(name, **given)(collected)
    return collected


def parse_constraints(
    greyscale: bool = False,
    palette: str | None = None,
    levels: Sequence[str] = (),
    limit: Sequence[str] = (),
    fix: Sequence[str] = (),
    connected: bool = False,
    constraint: Sequence[str] = (),
) -> list[Constraint]:
    """The constraints that options ask for.

    In the order of the arguments, in which the fewest undo one another: limits and levels of all three colours keep a
    painting grey, limits keep levels, and a start is taken from an end that has its limits already.

    Args:
        greyscale: Whether strokes are grey.
        palette: Colours between commas: hex such as ``#1b2a49``, or names such as ``navy``.
        levels: ``NAME=COUNT`` each.
        limit: ``NAME=LOW:HIGH`` each.
        fix: ``NAME=VALUE`` each.
        connected: Whether each stroke starts where the one before ended.
        constraint: ``NAME`` or ``NAME(option=value)`` each.

    Raises:
        ValueError: What cannot be read, or is out of range; the message names the option, or the constraint.
        PluginError: No constraint of that name.
    """
    constraints: list[Constraint] = []
    if greyscale:
        constraints.append(load_constraint("greyscale"))
    if palette is not None:
        constraints.append(load_constraint("palette", colors=palette))
    for text in levels:
        name, count = _read("--levels", text, "NAME=COUNT", "size=4", int)
        constraints.append(load_constraint("levels", name=name, count=count))
    for text in limit:
        name, low, high = _read("--limit", text, "NAME=LOW:HIGH", "size=0:0.3", float)
        constraints.append(load_constraint("limit", name=name, low=low, high=high))
    for text in fix:
        name, value = _read("--fix", text, "NAME=VALUE", "end_pressure=0", float)
        constraints.append(load_constraint("fix", name=name, value=value))
    if connected:
        constraints.append(load_constraint("connected"))
    return constraints + [load_constraint(text) for text in constraint]


def _read(option: str, text: str, form: str, example: str, number: Callable[[str], float]) -> tuple[Any, ...]:
    """The name and the numbers of a text such as ``size=0:0.3``."""
    name, _, values = text.partition("=")
    try:
        numbers = [number(value) for value in values.split(":")]
    except ValueError:
        numbers = []
    if not name or len(numbers) != form.count(":") + 1:
        raise ValueError(f"{option}: {text!r} is not {form}, such as {example}")
    return name.strip(), *numbers
