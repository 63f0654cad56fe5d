"""Plugins, found by entry point. Scanning reads names only; a plugin is imported when it is asked for.

Imports neither torch nor an interface until a plugin of its kind is loaded: the command line lists its commands by it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from typing import Any

from importlib_metadata import EntryPoint, distributions

from .io.brief import brief
from .io.interrupt import Interrupted
from .io.untrusted import check_typed

#: Groups of entry points, ``diffpaint.renderers`` and so on, and what is registered there: a subclass of this, or, of
#: commands, an instance.
GROUPS = {
    "renderers": "diffpaint.renderer:Renderer",
    "objectives": "diffpaint.objective:Objective",
    "constraints": "diffpaint.constraints:Constraint",
    "initializers": "diffpaint.initializer:Initializer",
    "strategies": "diffpaint.strategy:Strategy",
    "writers": "diffpaint.painting:Writer",
    "recipes": "diffpaint.training.recipe:Recipe",
    "commands": "click:Command",
}
CORE = "diffpaint"  # the distribution whose names nobody takes


class PluginError(RuntimeError):
    """A plugin is missing, broken, or registered twice. The message is one line that says what to do."""


@functools.cache
def _registered() -> list[EntryPoint]:
    """All entry points of diffpaint's; entry_points() parses those of everybody, which takes five times as long."""
    ours = [one for one in distributions() if "diffpaint." in (one.read_text("entry_points.txt") or "")]
    first = {one.name: one for one in reversed(ours)}  # of the same name, the first on the path counts
    return [entry for one in first.values() for entry in one.entry_points]


@functools.cache
def entries_of(group: str) -> dict[str, list[EntryPoint]]:
    """Entry points of a group by name; where several claim one, the core's own comes first. Nothing is imported."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in _registered():
        if entry.group == f"diffpaint.{group}":
            found.setdefault(entry.name, {})[entry.value] = entry
    return {
        name: sorted(entries.values(), key=lambda entry: distribution(entry)[0] != CORE)
        for name, entries in sorted(found.items())
    }


def rescan() -> None:
    """Forget what was found, after installing a plugin in a running program."""
    importlib.invalidate_caches()
    entries_of.cache_clear()
    _registered.cache_clear()


def names(group: str) -> list[str]:
    """Names registered in a group, such as ``renderers`` (see GROUPS); sorted, nothing imported."""
    return list(entries_of(group))


def entry_of(group: str, name: str) -> EntryPoint:
    """The entry point of a name; nothing imported.

    Raises:
        PluginError: The name is unknown (the nearest is suggested), or claimed by two distributions, neither the core.
    """
    entries = entries_of(group).get(name)
    if entries is None:
        near = difflib.get_close_matches(name := brief(name), names(group), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise PluginError(f"no {kind_of(group)} named {name!r}; installed: {', '.join(names(group)) or 'none'}{hint}")
    if problem := claimed(group, entries, entries[0]):
        raise PluginError(problem)
    return entries[0]


def load(group: str, name: str) -> Any:
    """Import what is registered as ``name``; ``package:attribute`` that a person typed imports that instead.

    Raises:
        PluginError: As :func:`entry_of`; or it fails to import, or is not what its group holds.
        ValueError: ``package:attribute`` that stands in a file; see :func:`diffpaint.io.untrusted.check_typed`.
    """
    if ":" in name:
        what = f"{kind_of(group)} {brief(name)!r}"
        check_typed(name, (one.value for known in entries_of(group).values() for one in known), what)
        if name.startswith(":") or name.endswith(":"):
            raise PluginError(f"{what} cannot be imported: wanted package:attribute")
        return _import(EntryPoint(name, name, f"diffpaint.{group}"), group, what)
    return load_entry(group, entry_of(group, name))


def load_entry(group: str, entry: EntryPoint) -> Any:
    """Import what an entry point names; errors as of :func:`load`."""
    return _import(entry, group, f"{kind_of(group)} {entry.name!r} of {' '.join(distribution(entry))}")


def distribution(entry: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution that registers an entry point."""
    return (entry.dist.name, entry.dist.version) if entry.dist else (entry.value, "")


def kind_of(group: str) -> str:
    """What a group holds, such as ``renderer``."""
    return {"strategies": "strategy"}.get(group, group.removesuffix("s"))


def claimed(group: str, entries: list[EntryPoint], entry: EntryPoint) -> str:
    """Why an entry point does not have its name to itself, or an empty string."""
    others = [other for other in entries if other is not entry]
    if not others or (entry is entries[0] and distribution(entry)[0] == CORE):
        return ""
    if distribution(entries[0])[0] == CORE:
        return f"the name {entry.name!r} is {CORE}'s own; ask for this one as {entry.value!r}"
    claims = " and ".join(f"{' '.join(distribution(one))} as {one.value}" for one in entries)
    return (
        f"{kind_of(group)} {entry.name!r} is registered by {claims}; "
        f"ask for one of them as {entries[0].value!r}, or uninstall the other"
    )


def _import(entry: EntryPoint, group: str, what: str) -> Any:
    try:
        found = entry.load()
    except Interrupted:
        raise
    except BaseException as error:  # whatever a plugin's import raises, it is that plugin's problem alone
        reason = brief(str(error).strip().partition("\n")[0], 300)
        raise PluginError(f"{what} cannot be imported: {type(error).__name__}: {reason}") from error
    wanted, kind = pkgutil.resolve_name(GROUPS[group]), "an instance" if group == "commands" else "a subclass"
    right = isinstance(found, wanted) if group == "commands" else isinstance(found, type) and issubclass(found, wanted)
    if not right:
        given = found.__name__ if isinstance(found, type) else f"a {type(found).__name__}"
        raise PluginError(f"{what} is {given}; wanted {kind} of {GROUPS[group].replace(':', '.')}")
    return found
