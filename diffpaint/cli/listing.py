"""``diffpaint list``: which plugins there are."""

from __future__ import annotations

import inspect
import json
from typing import NamedTuple

import click

from ..registry import GROUPS, PluginError, claimed, distribution, entries_of, load_entry


class Plugin(NamedTuple):
    """A line of ``diffpaint list``."""

    group: str
    name: str
    distribution: str
    version: str
    summary: str  # first line of its docstring
    problem: str  # why it cannot be used, or an empty string


def describe(group: str) -> list[Plugin]:
    """All plugins of a group, with the problem of each that has one. Imports them; never raises for a broken one."""
    plugins = []
    for name, entries in entries_of(group).items():
        for entry in entries:
            summary, problem = "", claimed(group, entries, entry)
            if not problem:
                try:
                    found = load_entry(group, entry)
                    summary = (inspect.getdoc(found) or "").partition("\n")[0]
                except PluginError as error:
                    problem = str(error)
                except BaseException as error:  # a docstring can be anything
                    problem = f"its docstring cannot be read: {type(error).__name__}"
            plugins.append(Plugin(group, name, *distribution(entry), summary, problem))
    return plugins


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON: name, group, distribution, version, problem of each.")
def list_plugins(as_json: bool) -> None:
    """List plugins of every kind, with the package that each comes from.

    A plugin that cannot be used is listed with its problem; the others work all the same.

    \b
    Examples:
        diffpaint list
        diffpaint list --json
    """
    found = {group: describe(group) for group in GROUPS}
    if as_json:
        keys = ("name", "group", "distribution", "version", "problem")
        rows = [{key: getattr(plugin, key) for key in keys} for plugins in found.values() for plugin in plugins]
        click.echo(json.dumps(rows, indent=1))
        return
    for group, plugins in found.items():
        click.echo(f"{group}:" if plugins else f"{group}: none")
        width = max((len(plugin.name) for plugin in plugins), default=0)
        for plugin in plugins:
            text = f"broken: {plugin.problem}" if plugin.problem else plugin.summary
            click.echo(f"  {plugin.name:{width}}  {text}  [{f'{plugin.distribution} {plugin.version}'.strip()}]")
