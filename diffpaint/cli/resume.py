"""``--resume``: a command goes on with what it was given when it was begun, and need not be told again."""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..io.untrusted import names_of_a_file
from .types import GridType

OWN = {"output", "resume", "overwrite", "processes", "cluster"}  # what is not of a run, but of one call of the command
RECORDED = __name__  # in ctx.meta, where options come out of a file: the names of code that were given again


def spoken(ctx: click.Context) -> dict[str, Any]:
    """What a command was given, defaults where it was not, as JSON values by name; paths are absolute."""
    return {
        param.name: _plain(param, ctx.params[param.name])
        for param in ctx.command.params
        if param.name and param.name not in OWN and ctx.params.get(param.name) is not None
    }


class ResumableCommand(click.Command):
    """A command with the options ``--output`` and ``--resume``.

    Resumed, it takes what it was given when its output was begun, and what is given all the same must agree. Its
    argument may then be the output itself, instead of ``--output``.

    Attributes:
        may_change: Names of parameters that may be others when it is resumed.
    """

    may_change: frozenset[str] = frozenset()

    @abstractmethod
    def recorded(self, output: Path) -> dict[str, Any] | None:
        """What :func:`spoken` said when ``output`` was begun; None if that was before it was recorded.

        Raises:
            ValueError: There is nothing to resume.
        """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, where ``--resume`` is among the arguments with the recorded ones as defaults."""
        given = self._given(ctx, args)
        subject = next((param for param in self.params if isinstance(param, click.Argument)), None)
        short = subject is not None and "output" not in given and subject.name in given
        output = given.get("output") or (given.pop(subject.name) if subject is not None and short else None)
        if not given.get("resume") or output is None:
            return super().parse_args(ctx, args)
        output = Path(output)
        recorded = self.recorded(output)
        if recorded is None:
            if short:
                raise ValueError(f"{output} does not say how it was begun; give its whole command again, with --resume")
            return super().parse_args(ctx, args)
        self._check(output, given, recorded)
        ctx.meta[RECORDED] = [name for value in given.values() for name in re.findall(r"[\w.]+:[\w.]+", str(value))]
        ctx.default_map = {**recorded, "output": str(output)}
        try:
            rest = super().parse_args(ctx, args)
            if subject is not None and short:
                ctx.params[subject.name or ""] = subject.type_cast_value(ctx, recorded[subject.name or ""])
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"what {output} says of how it was begun cannot be read ({error!r})") from error
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what was recorded, since it comes out of a file, imports nothing but plugins, or what is given again."""
        with names_of_a_file(RECORDED in ctx.meta, trusted=ctx.meta.get(RECORDED, ())):
            return super().invoke(ctx)

    def _given(self, ctx: click.Context, args: list[str]) -> dict[str, Any]:
        """What stands on the command line, by name."""
        probe = self.context_class(self, info_name=ctx.info_name, resilient_parsing=True, **self.context_settings)
        super().parse_args(probe, list(args))
        names = [param.name for param in self.params if param.name]
        return {name: probe.params.get(name) for name in names if _is_given(probe, name)}

    def _check(self, output: Path, given: dict[str, Any], recorded: dict[str, Any]) -> None:
        """Check that what was given again is what it was."""
        differ = []
        for param in self.params:
            if param.name in given and param.name not in OWN | self.may_change:
                now, was = _plain(param, given[param.name]), recorded.get(param.name)
                if now != was:
                    differ.append(f"{_spelled(param)} was {_shown(was)}, now {_shown(now)}")
        if differ:
            raise ValueError(f"{output} was begun with other options: {'; '.join(differ)}; leave them out to go on")


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE


def _spelled(param: click.Parameter) -> str:
    return param.human_readable_name if isinstance(param, click.Argument) else max(param.opts, key=len)


def _shown(value: Any) -> str:
    """A value for a person."""
    if value is None or value is False or value == []:
        return "not given"
    return "given" if value is True else ", ".join(value) if isinstance(value, list) else str(value)


def _plain(param: click.Parameter, value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(param.type, GridType) and value is not None:
        return param.type.text(value)
    if isinstance(value, Path):
        return os.path.abspath(value)
    if isinstance(value, tuple | list):
        return [_plain(param, one) for one in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
