"""Plugins, found by entry point. Scanning reads names only; a plugin is imported when it is asked for."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
from importlib_metadata import EntryPoint, entry_points

from .objective import Objective
from .renderer import Renderer

GROUPS = ("renderers", "objectives", "starts", "commands")


class PluginError(RuntimeError):
    """A plugin is missing, broken, or registered twice. The message is one line that says what to do."""


@dataclass(frozen=True)
class Plugin:
    """A line of ``diffpaint list``.

    Attributes:
        name: What it is asked for by.
        package: Distribution and version that registers it; several if they collide.
        summary: First line of its docstring.
        problem: Why it cannot be used, or an empty string.
    """

    name: str
    package: str
    summary: str
    problem: str


@functools.cache
def _scan(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entry_points(group=f"diffpaint.{group}"):
        found.setdefault(entry.name, {})[entry.value] = entry  # one distribution seen twice is one plugin
    return {name: list(entries.values()) for name, entries in sorted(found.items())}


def rescan() -> None:
    """Forget what was found, after installing a plugin in a running program."""
    importlib.invalidate_caches()
    _scan.cache_clear()


def names(group: str) -> list[str]:
    """Names registered in a group, such as ``renderers`` (see GROUPS); sorted, nothing imported."""
    return list(_scan(group))


def load(group: str, name: str) -> Any:
    """Import what is registered as ``name``; ``package:attribute`` imports that instead.

    Raises:
        PluginError: The name is unknown (the nearest is suggested), claimed by two distributions, fails to import,
            or is no class, function or command.
    """
    kind = group.removesuffix("s")
    if ":" in name:
        if name.startswith(":") or name.endswith(":"):
            raise PluginError(f"{kind} {name!r} cannot be imported: wanted package:attribute")
        entry = EntryPoint(name, name, f"diffpaint.{group}")
        return _import(entry, f"{kind} {name!r}")
    entries = _scan(group).get(name)
    if entries is None:
        near = difflib.get_close_matches(name, names(group), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise PluginError(f"no {kind} named {name!r}; installed: {', '.join(names(group)) or 'none'}{hint}")
    first = entries[0]
    if len(entries) > 1:
        raise PluginError(
            f"{kind} {name!r} is registered by {' and '.join(f'{_package(e)} as {e.value}' for e in entries)}; "
            f"ask for one of them as {first.value!r}, or uninstall the other"
        )
    return _import(first, f"{kind} {name!r} of {_package(first)}")


def describe(group: str) -> list[Plugin]:
    """All plugins of a group, with the problem of each that has one. Imports them; never raises for a broken one."""
    plugins = []
    for name, entries in _scan(group).items():
        summary = problem = ""
        try:
            summary = (inspect.getdoc(load(group, name)) or "").partition("\n")[0]
        except PluginError as error:
            problem = str(error)
        plugins.append(Plugin(name, ", ".join(_package(entry) for entry in entries), summary, problem))
    return plugins


def load_renderer(name: str, /, **options: Any) -> Renderer:
    """Make a renderer.

    Args:
        name: As ``diffpaint list`` shows it, or ``package:Class``.
        options: Passed to it.

    Raises:
        PluginError: It cannot be loaded, or is no renderer.
        ValueError: It does not take these options.
    """
    renderer = _make("renderers", name, options)
    if not isinstance(renderer, Renderer):
        raise PluginError(f"{name!r} made a {type(renderer).__name__}, which is no diffpaint.Renderer")
    try:
        renderer.spec = {"name": name, "options": json.loads(json.dumps(options))}
    except TypeError:  # an option that is no plain value, such as a renderer to wrap: a document cannot name it
        renderer.spec = None
    return renderer


def load_objective(name: str, /, **options: Any) -> Objective:
    """Make an objective; as :func:`load_renderer`.

    Raises:
        PluginError: It cannot be loaded, or is no objective.
        ValueError: It does not take these options.
    """
    objective = _make("objectives", name, options)
    if not isinstance(objective, Objective):
        raise PluginError(f"{name!r} made a {type(objective).__name__}, which is no diffpaint.Objective")
    return objective


def _make(group: str, name: str, options: dict[str, Any]) -> Any:
    factory: Callable[..., Any] = load(group, name)
    try:
        inspect.signature(factory).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(factory).parameters)
        raise ValueError(f"{name!r}: {error}; its options are {known or 'none'}") from None
    return factory(**options)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _import(entry: EntryPoint, what: str) -> Any:
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:  # whatever a plugin's import raises, it is that plugin's problem alone
        reason = str(error).strip().partition("\n")[0]
        raise PluginError(f"{what} cannot be imported: {type(error).__name__}: {reason}") from error
    if entry.group == "diffpaint.commands" and not isinstance(found, click.Command):
        raise PluginError(f"{what} is a {type(found).__name__}; wanted a click.Command")
    if not callable(found):
        raise PluginError(f"{what} is a {type(found).__name__}; wanted a class or function")
    return found
