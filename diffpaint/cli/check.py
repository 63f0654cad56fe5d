"""``diffpaint check``: the conformance suites over what a package registers, without a test file."""

from __future__ import annotations

import contextlib
import inspect
import os
import tempfile
from pathlib import Path
from typing import Any

import click
from importlib_metadata import EntryPoint

from ..expression import load_renderer
from ..io.syntax import Call, parse_call
from ..registry import GROUPS, PluginError, distribution, entries_of, kind_of, load
from ..renderer import STROKE_ACTION
from .plan import has_strokes

SMALL = (12, 16)  # px, of a canvas where none is given
MISSING = inspect.Parameter.empty
PICTURE = "torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))"
_TEST = '''
class Test{number}({suite}):
    """{group}: {name}"""
{more}
    @pytest.fixture
    def {fixture}(self):
        return {made}
'''
_HEAD = """import functools
import pytest
import torch
from diffpaint.expression import load_renderer, make
from diffpaint.io.images import read_image
from diffpaint.registry import load
from diffpaint.testing import *
"""


@click.command()
@click.argument("package")
@click.option(
    "--with",
    "given",
    metavar="NAME(OPTION=VALUE)",
    multiple=True,
    help="Options of a plugin that cannot be made without, or is slow as it comes.  [repeatable]",
)
def check(package: str, given: tuple[str, ...]) -> None:
    """Run the conformance suites over all plugins that PACKAGE registers, and print what fails.

    PACKAGE is a distribution, such as diffpaint-dots, or a module of it. Plugins are made as they come, with a small
    canvas, and a random picture for each option that is one; name other options by --with. Of several plugins of
    that name, those get them that take them all.

    \b
    Examples:
        diffpaint check diffpaint-dots
        diffpaint check diffpaint-dots --with "dots(size=(16, 20))" --with "horizontal(angle=10)"
    """
    try:
        import pytest
    except ModuleNotFoundError as error:
        raise PluginError("the suites need pytest: pip install pytest") from error
    calls = {call.name: call for call in map(parse_call, given)}
    found = [(group, entry) for group in GROUPS for entry in registered(group, package)]
    if not found:
        raise ValueError(f"{package!r} registers no plugin of diffpaint; is it installed? 'diffpaint list' shows all")
    if unknown := sorted(calls.keys() - {entry.name for _, entry in found}):
        raise ValueError(f"--with {unknown[0]}: {package} registers no such plugin")
    for name, call in calls.items():
        if not any(entry.name == name and _takes(group, entry, call) for group, entry in found):
            raise ValueError(f"--with {name}: it does not take {', '.join(call.options)} together")
    renderer = _own_renderer([entry.value for group, entry in found if group == "renderers"])
    tests = [_test(number, group, entry, calls, renderer) for number, (group, entry) in enumerate(found)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test_conformance.py"
        path.write_text(_HEAD + "".join(tests))
        options = ["-q", "-p", "no:cacheprovider", "--no-header", "--tb=line", "-W", "ignore", "--rootdir", folder]
        failed = pytest.main([*options, "-c", os.devnull, str(path)])
    for group, entry in found:
        click.echo(f"{group}: {entry.name}")
    if failed:
        raise click.exceptions.Exit(1)
    click.echo(f"all suites pass for {package}")


def registered(group: str, package: str) -> list[EntryPoint]:
    """Entry points of a distribution or a module, whoever else claims their names."""
    plain = package.replace("_", "-").lower()
    return [
        entry
        for entries in entries_of(group).values()
        for entry in entries
        if distribution(entry)[0].replace("_", "-").lower() == plain or entry.module.partition(".")[0] == package
    ]


def _own_renderer(values: list[str]) -> str:
    """A fixture, as source: a stroke renderer that the package registers, for what may know its actions alone."""
    for value in values:
        with contextlib.suppress(PluginError, TypeError, ValueError):
            options = _small(value, load("renderers", value), {})
            if has_strokes(load_renderer(value, **options)):
                made = f"load_renderer({value!r}, **{options!r})"
                return f"    @pytest.fixture\n    def renderer(self):\n        return {made}\n"
    return ""


def _test(number: int, group: str, entry: EntryPoint, calls: dict[str, Call], renderer: str) -> str:
    """The class that runs a suite over one plugin, as source."""
    kind = kind_of(group)
    fields: dict[str, Any] = {"number": number, "suite": f"{kind.title()}Conformance", "group": group}
    fields |= {"name": entry.name, "fixture": kind, "more": ""}
    call, found = calls.get(entry.name), load(group, entry.value)
    options = dict(call.options) if call is not None and _takes(group, entry, call) else {}
    if group == "commands":
        return _TEST.format(**fields, made=f"load({group!r}, {entry.value!r})")
    if group == "recipes":
        return _recipe(fields, entry, found, options)
    pictures = [name for name in getattr(found, "pictures", ()) if name not in options]
    extra = "".join(f", {name}={PICTURE}" for name in pictures)
    if group in ("initializers", "strategies") or (group == "constraints" and not _fits(found, options)):
        fields["more"] = renderer
    if group == "writers":
        fields["more"] = f'    ending = ".{entry.name}"\n'
    lacking = [
        name
        for name, one in inspect.signature(found).parameters.items()
        if one.default is MISSING and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    ]
    if lacking := [name for name in lacking if name not in options and name not in pictures]:
        raise ValueError(
            f'{kind} {entry.name} needs {", ".join(lacking)}: --with "{entry.name}({lacking[0]}=...)" gives it'
        )
    if group == "renderers":
        options, made = _small(entry.value, found, options), f"load_renderer({entry.value!r}"
        fields["more"] = (
            "" if has_strokes(load_renderer(entry.value, **options)) else "    strokes = 1\n    has_strokes = False\n"
        )
    else:
        made = f"make({group!r}, {entry.value!r}"
    return _TEST.format(**fields, made=f"{made}, **{options!r}{extra})")


def _takes(group: str, entry: EntryPoint, call: Call) -> bool:
    """Whether a plugin takes all these options."""
    found = load(group, entry.value)
    parts = [] if group == "commands" else [found.settings_class, found.prepare] if group == "recipes" else [found]
    known = {name: one for part in parts for name, one in inspect.signature(part).parameters.items()}
    return any(one.kind is one.VAR_KEYWORD for one in known.values()) or call.options.keys() <= known.keys()


def _fits(constraint: Any, options: dict[str, Any]) -> bool:
    """Whether a painter has the actions that a constraint needs."""
    try:
        return set(constraint(**options).needs) <= set(STROKE_ACTION)
    except TypeError:  # it cannot be made without options, which will be said
        return True


def _small(name: str, found: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Options with a small canvas, if it takes one: oblong, which shows where axes are mixed up, or else square."""
    if "size" not in inspect.signature(found).parameters or "size" in options:
        return options
    for size in (SMALL, SMALL[:1] * 2):
        with contextlib.suppress(ValueError):
            load_renderer(name, **options, size=size)
            return options | {"size": size}
    return options


def _recipe(fields: dict[str, Any], entry: EntryPoint, found: Any, options: dict[str, Any]) -> str:
    """Settings of a recipe are of a short run; whatever else it needs is named."""
    settings = {
        name: options.pop(name) for name in inspect.signature(found.settings_class).parameters if name in options
    }
    settings = {"steps": 4} | settings
    made = f"load('recipes', {entry.value!r}).settings_class(**{settings!r})"
    prepared = f"functools.partial(load('recipes', {entry.value!r}).prepare, **{options!r})"
    more = f"    @pytest.fixture\n    def prepared(self):\n        return {prepared}\n"
    return _TEST.format(**(fields | {"fixture": "settings", "more": more}), made=made)
