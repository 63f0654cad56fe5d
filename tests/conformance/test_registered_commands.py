"""The conformance suite over every command that this distribution registers, and over those within them."""

import click
import pytest

from diffpaint.registry import load
from diffpaint.testing import CommandConformance

COMMANDS = (
    "agent",
    "bench",
    "check",
    "evaluate",
    "explain",
    "film",
    "export",
    "list",
    "models",
    "paint",
    "replay",
    "serve",
    "strokes",
    "train",
    "visualize",
)
WITHIN = tuple(f"agent {name}" for name in ("evaluate", "list", "paint", "train"))
RECIPES = tuple(f"train {name}" for name in ("agent", "dabs", "gan", "splat", "vae"))


class TestCommand(CommandConformance):
    @pytest.fixture(params=(*COMMANDS, *WITHIN, *RECIPES))
    def command(self, request):
        name, _, inner = request.param.partition(" ")
        command = load("commands", name)
        return command.get_command(click.Context(command), inner) if inner else command


@pytest.mark.parametrize(("name", "inner"), [("agent", WITHIN), ("train", RECIPES)])
def test_no_command_within_another_is_left_out(name, inner):
    command = load("commands", name)
    assert tuple(f"{name} {one}" for one in command.list_commands(click.Context(command))) == inner
