"""The command line: a group whose commands are found by entry point, the core's own too."""

from __future__ import annotations

import os
from typing import Any

import click

from . import __version__
from .registry import GROUPS, PluginError, describe, load, names


class PluginGroup(click.Group):
    """Finds commands by the entry-point group ``diffpaint.commands``, and says what is wrong in one line.

    A command is imported when it is run or listed; a broken one is listed with its problem and breaks no other.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return names("commands")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in names("commands"):
            return None
        try:
            return load("commands", cmd_name)
        except PluginError as error:
            return _broken(cmd_name, error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what a person can mend is one line and exit code 2, and anything else a traceback to report.

        With DIFFPAINT_TRACEBACK set, everything is a traceback, for authors of plugins.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(130)
        except (ValueError, OSError, MemoryError, PluginError) as error:
            if os.environ.get("DIFFPAINT_TRACEBACK") or isinstance(error, BrokenPipeError):
                raise
            raise _Mistake(" ".join(str(error).split())) from error
        except RuntimeError as error:
            if os.environ.get("DIFFPAINT_TRACEBACK") or not _out_of_memory(error):
                raise
            reason = str(error).strip().splitlines()[0]
            raise _Mistake(f"out of memory: a smaller canvas, or fewer strokes, need less ({reason})") from error


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


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="diffpaint")
def cli() -> None:
    """Paint with differentiable brushstrokes.

    \b
    A painting of a photo, in about three minutes on two CPU cores:
        diffpaint paint cat.jpg -o painting.png
    The same painting drawn again by the real MyPaint engine:
        diffpaint replay painting.json -o real.png --size 2048
    """


@click.command("list")
def list_plugins() -> None:
    """List renderers, objectives and commands, with the package that each comes from.

    A plugin that cannot be used is listed with its problem; the others work all the same.

    \b
    Example:
        diffpaint list
    """
    for group in GROUPS:
        plugins = describe(group)
        click.echo(f"{group}:" if plugins else f"{group}: none")
        width = max((len(plugin.name) for plugin in plugins), default=0)
        for plugin in plugins:
            text = f"broken: {plugin.problem}" if plugin.problem else plugin.summary
            click.echo(f"  {plugin.name:{width}}  {text}  [{plugin.package}]")


def main() -> None:
    """Entry point of the ``diffpaint`` command."""
    cli(prog_name="diffpaint")
