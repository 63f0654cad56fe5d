"""Constraints on the command line."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click
from PIL import ImageColor

from .constraints import Connected, Constraint, Fix, Greyscale, Levels, Limit, Palette

OPTIONS = (
    click.option("--greyscale", is_flag=True, help="Grey strokes only."),
    click.option("--palette", metavar="COLOR,...", help="These colours only: names, or hex such as #1b2a49."),
    click.option(
        "--levels", metavar="NAME=COUNT", multiple=True, help="So many values of an action, from 0 to 1.  [repeatable]"
    ),
    click.option(
        "--limit",
        metavar="NAME=LOW:HIGH",
        multiple=True,
        help="A range of an action; size=0:0.3 for thin strokes.  [repeatable]",
    ),
    click.option("--fix", metavar="NAME=VALUE", multiple=True, help="One value of an action.  [repeatable]"),
    click.option("--connected", is_flag=True, help="Each stroke starts where the one before ended."),
)


def constraint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of constraints, and their values as one argument ``constraints``.

        @click.command()
        @constraint_options
        def paint(constraints: list[Constraint]): ...

    Args:
        command: A function for ``click.command``, below which this decorator stands; it may have other options.
    """

    @functools.wraps(command)  # copies the options that it has so far, too
    def collected(
        *args: Any,
        greyscale: bool,
        palette: str | None,
        levels: tuple[str, ...],
        limit: tuple[str, ...],
        fix: tuple[str, ...],
        connected: bool,
        **others: Any,
    ) -> Any:
        constraints = parse_constraints(greyscale, palette, levels, limit, fix, connected)
        return command(*args, constraints=constraints, **others)

    for option in reversed(OPTIONS):
        collected = option(collected)
    return collected


def parse_constraints(
    greyscale: bool = False,
    palette: str | None = None,
    levels: Sequence[str] = (),
    limits: Sequence[str] = (),
    fixes: Sequence[str] = (),
    connected: bool = False,
) -> list[Constraint]:
    """The constraints that options ask for.

    In the order of the arguments, in which the fewest undo one another: limits and levels of all three colours keep a
    painting grey, limits keep levels, and a start is taken from an end that has its limits already.

    Args:
        greyscale: Whether strokes are grey.
        palette: Colours between commas: hex such as ``#1b2a49``, or names such as ``navy``.
        levels: ``NAME=COUNT`` each.
        limits: ``NAME=LOW:HIGH`` each.
        fixes: ``NAME=VALUE`` each.
        connected: Whether each stroke starts where the one before ended.

    Raises:
        ValueError: What cannot be read, or is out of range; the message names the option, or the constraint.
    """
    constraints: list[Constraint] = []
    if greyscale:
        constraints.append(Greyscale())
    if palette is not None:
        constraints.append(Palette([_color(text.strip()) for text in palette.split(",")]))
    constraints += [Levels(*_read("--levels", text, "NAME=COUNT", "size=4", int)) for text in levels]
    constraints += [Limit(*_read("--limit", text, "NAME=LOW:HIGH", "size=0:0.3", float)) for text in limits]
    constraints += [Fix(*_read("--fix", text, "NAME=VALUE", "end_pressure=0", float)) for text in fixes]
    if connected:
        constraints.append(Connected())
    return constraints


def _color(text: str) -> tuple[float, ...]:
    """(red, green, blue) in [0, 1] of a colour's name or hex."""
    try:
        color = ImageColor.getrgb(text)
    except ValueError:
        color = ()
    if len(color) != 3:  # four with opacity, which strokes have by their pressure
        raise ValueError(f"--palette: {text!r} is no colour; write one as #1b2a49, or by a name such as navy")
    return tuple(channel / 255 for channel in color)


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
