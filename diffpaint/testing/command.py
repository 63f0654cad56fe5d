"""The suite for commands."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner


class CommandConformance:
    """What every command must do. Define the fixture ``command``."""

    @pytest.fixture
    def command(self) -> click.Command:
        """The command under test."""
        raise NotImplementedError("define a `command` fixture that returns your click.Command")

    def test_explains_itself(self, command: click.Command) -> None:
        """``--help`` works, and says something."""
        shown = CliRunner().invoke(command, ["--help"])
        assert shown.exit_code == 0, f"--help exits with {shown.exit_code}: {shown.output}"
        assert command.help, "it has no docstring, which is its help"

    def test_every_option_has_help(self, command: click.Command) -> None:
        """Of the command itself."""
        options = [option for option in command.params if isinstance(option, click.Option)]
        silent = [option.opts[-1] for option in options if not option.help]
        assert not silent, f"no help for {', '.join(silent)}"

    def test_refuses_what_it_does_not_know(self, command: click.Command) -> None:
        """A usage error, exit code 2, and no traceback."""
        done = CliRunner().invoke(command, ["--no-such-option"])
        assert done.exit_code == 2, f"an unknown option exits with {done.exit_code}"
