"""``diffpaint train NAME``: the shell that all recipes share."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..io.lock import locked_folder
from ..registry import PluginError, load, names
from ..training.folder import CHECKPOINT, read_config
from ..training.recipe import Recipe
from .resume import ResumableCommand, spoken

FOLDER = click.Path(path_type=Path)


class RecipeGroup(click.Group):
    """A command for each recipe that is registered."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all recipes."""
        return names("recipes")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that recipe."""
        return recipe_command(cmd_name, load("recipes", cmd_name)) if cmd_name in names("recipes") else None


@click.group(cls=RecipeGroup)
def train() -> None:
    """Train a painter of a brush, an agent, or whatever plugins have recipes for.

    \b
    A painter of your own brush, in two lines:
        diffpaint train splat --brush my_brush.myb --data strokes/ -o run/
        diffpaint paint cat.jpg -o cat.png --brush run/weights.safetensors

    The folder of the run gets its settings (config.json), the figures of every step (losses.csv), checkpoints, contact
    sheets on the way (sheets/), the weights (weights.safetensors), and their figures (card.md, figures.json, a
    picture). The figures are printed too.

    On several GPUs: accelerate launch -m diffpaint train gan --data strokes/ -o run/
    """


class TrainCommand(ResumableCommand):
    """A command that trains by a recipe."""

    may_change = frozenset({"device", "checkpoint_every"})

    def recorded(self, output: Path) -> dict[str, Any] | None:
        """From the folder of the run."""
        return read_config(output).get("command")


def recipe_command(name: str, recipe: type[Recipe]) -> click.Command:
    """The command that trains by a recipe; its settings are options."""
    settings = fields(recipe.settings_class)

    def run(output: Path, device: str | None, checkpoint_every: int, resume: bool, **options: Any) -> None:
        given = {setting.name: options.pop(setting.name) for setting in settings}
        resume = resume and ((output / CHECKPOINT).exists() or not read_config(output))  # else it has just begun
        shared = {"device": device, "checkpoint_every": checkpoint_every, "resume": resume}
        ctx = click.get_current_context()
        if resume:
            given |= _before(settings, output, ctx)
        try:
            _train(recipe, output, given, options, shared, spoken(ctx))
        except KeyboardInterrupt:
            begun = read_config(output)  # or it was interrupted in its preparations
            again = f"{ctx.command_path} -o {shlex.quote(str(output))} --resume" if begun else "give the command again"
            raise KeyboardInterrupt(f"interrupted; to go on: {again}") from None
        except FloatingPointError as error:
            raise ValueError(str(error)) from error  # one line for the command line

    params = [
        *recipe.options(),
        click.Option(["-o", "--output"], required=True, type=FOLDER, help="Folder for the run."),
        *(_option(setting) for setting in settings),
        click.Option(["--device"], help="Where to train: cpu, cuda, mps.  [default: a GPU if there is one]"),
        click.Option(["--checkpoint-every"], default=500, show_default=True, help="Steps between two checkpoints."),
        click.Option(["--resume"], is_flag=True, help="Go on with an interrupted run; needs --output alone."),
    ]
    return TrainCommand(name, callback=run, params=params, help=inspect.getdoc(recipe))


def _before(settings: Sequence[Any], output: Path, ctx: click.Context) -> dict[str, Any]:
    """Settings that are younger than a run that is gone on with, as it had them, but for those that are given."""
    named = read_config(output).get("settings", {})
    return {
        setting.name: setting.metadata["before"]
        for setting in settings
        if setting.metadata.get("before", MISSING) is not MISSING
        and setting.name not in named
        and ctx.get_parameter_source(setting.name) is not ParameterSource.COMMANDLINE
    }


def _option(setting: Any) -> click.Option:
    """A setting as an option, under its older name too."""
    spelled = [f"--{name.replace('_', '-')}" for name in (setting.name, setting.metadata.get("was")) if name]
    if isinstance(setting.default, bool):
        spelled = [f"{spelled[0]}/--no-{spelled[0][2:]}"]
    return click.Option(
        [setting.name, *spelled], default=setting.default, show_default=True, help=setting.metadata.get("help")
    )


def _train(
    recipe: type[Recipe],
    run: Path,
    given: Mapping[str, Any],
    options: Mapping[str, Any],
    shared: Mapping[str, Any],
    command: Mapping[str, Any],
) -> None:
    try:
        from accelerate import PartialState
    except ModuleNotFoundError as error:
        raise PluginError("training needs accelerate: pip install 'diffpaint[train]'") from error
    from ..training.loop import check_run, train

    settings = recipe.settings_class(**given)
    check_run(run, **shared)
    state = PartialState(cpu=shared["device"] == "cpu")
    with ExitStack() as held:
        if state.is_main_process:
            held.enter_context(locked_folder(run))
        with state.main_process_first():  # the others find there what it prepares
            course = recipe.prepare(settings, **options)
        train(course, run, settings, **shared, command=command)
        if state.is_main_process:
            click.echo(course.report(run))
