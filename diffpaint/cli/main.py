"""The command group, whose commands are found by entry point. Imports neither torch nor a plugin to list them."""

from __future__ import annotations

import inspect
import os
import re
import signal
import sys
import warnings
from importlib.machinery import PathFinder
from typing import Any

import click
from importlib_metadata import EntryPoint

from .. import __version__
from ..io.brief import brief
from ..io.console import stderr
from ..io.interrupt import heed
from ..registry import PluginError, entry_of, load, names
from .signals import endings

LONGEST = 2_000  # letters of an error

# Before torch is imported, once a command is. Threads that wait sleep: where other programs want the cores too, threads
# that spin keep from them, and from each other, what they wait for, and a step takes ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


class PluginGroup(click.Group):
    """Finds commands by the entry-point group ``diffpaint.commands``, and says what is wrong in one line.

    A command is imported when it is run; a broken one breaks no other.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return names("commands")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in names("commands"):
            return None
        try:
            command = load("commands", cmd_name)
            heed()
            return command
        except PluginError as error:
            return _broken(cmd_name, error)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and summaries, which are read from the source of commands, not by running it."""
        rows = [(name, _summary(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what a person can mend is one line and exit code 2, and anything else a traceback to report.

        A UserWarning is one line too. SIGTERM and SIGHUP are as Ctrl-C; the exit code is then 128 and the signal's
        number, as shells have it. With DIFFPAINT_TRACEBACK set, everything else is a traceback, for authors of plugins.
        """
        with endings() as came:
            try:
                return self._explained(ctx)
            except KeyboardInterrupt as interrupt:
                click.echo(str(interrupt) or "interrupted", err=True)
                ctx.exit(128 + (came or [signal.SIGINT])[0])

    def _explained(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _note
                return super().invoke(ctx)
        except (ValueError, OSError, MemoryError, PluginError) as error:
            if os.environ.get("DIFFPAINT_TRACEBACK") or isinstance(error, BrokenPipeError):
                raise
            raise _Mistake(brief(error, LONGEST)) from error
        except RuntimeError as error:
            if os.environ.get("DIFFPAINT_TRACEBACK") or not _out_of_memory(error):
                raise
            reason = brief(str(error).strip().splitlines()[0], LONGEST)
            raise _Mistake(f"out of memory: a smaller canvas, or fewer strokes, need less ({reason})") from error


def _note(message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
    """Show a warning: what a person should know as one line, and others, which are for authors, with their place."""
    if category is UserWarning:
        click.echo(f"note: {' '.join(str(message).split())}", err=True)
    else:
        click.echo(warnings.formatwarning(message, category, filename, lineno), err=True, nl=False)


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether that is what torch says, on a GPU in a class of its own, on a CPU in words."""
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)


class _Mistake(click.ClickException):
    exit_code = 2


def _broken(name: str, error: PluginError) -> click.Command:
    """A command that raises its problem, whatever its arguments: ``--help`` and those of subcommands too."""

    def fail(arguments: tuple[str, ...]) -> None:
        raise error

    return click.Command(
        name,
        callback=fail,
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
        short_help=f"(broken) {error}",
    )


def _summary(name: str) -> str:
    """First sentence of a command's docstring, or why there is none."""
    try:
        return _docstring(entry_of("commands", name)).partition("\n\n")[0].replace("\n", " ").partition(". ")[0].strip()
    except PluginError as error:
        return f"(broken) {error}"
    except (OSError, ValueError) as error:
        return f"(broken) its source cannot be read: {error}"


def _docstring(entry: EntryPoint) -> str:
    """Docstring of the function behind an entry point, its module found and read without being imported."""
    package, *parts = entry.module.split(".")
    spec = PathFinder.find_spec(package)
    path = package
    for part in parts:
        path = f"{path}.{part}"
        spec = spec and PathFinder.find_spec(path, spec.submodule_search_locations)
    if spec is None or spec.origin is None:
        return "(broken) its module is not there"
    with open(spec.origin, encoding="utf-8") as file:
        found = re.search(rf'^def {re.escape(entry.attr)}\(.*?"""(.*?)"""', file.read(), re.DOTALL | re.MULTILINE)
    return inspect.cleandoc(found[1]) if found else ""


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="diffpaint")
def cli() -> None:
    """Paint with differentiable brushstrokes.

    \b
    A painting of a photo, in a minute or two on two CPU cores:
        diffpaint paint cat.jpg -o painting.png
    The same painting drawn again by the real MyPaint engine:
        diffpaint replay painting.json -o real.png --size 2048
    """


def main() -> None:
    """Entry point of the ``diffpaint`` command."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed: a file that is opened later must not get its number
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    sys.stderr = stderr()
    cli(prog_name="diffpaint")
