"""Who may import whom: the arrows of docs/architecture.md, read from the code without running it."""

import ast
import re
import sys
from pathlib import Path

import pytest
from importlib_metadata import EntryPoint

import diffpaint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ENTRY_POINTS = [
    EntryPoint(name, value, group)
    for group, entries in PROJECT["project"]["entry-points"].items()
    for name, value in entries.items()
]
LONGEST, LONGEST_FUNCTION = 350, 80  # lines
LIBRARY = 2_000  # lines of the core without its rooms
NAMES = 26  # that it has at the top

# Whole families of plugins that a module may import, apart from itself and the core; only what is in their __all__.
LEARNS_FROM_THE_ENGINE = (
    *("diffpaint_neural.training", "diffpaint_neural.commands"),
    *("diffpaint_agent.training", "diffpaint_agent.commands"),
)
DRAWS_BY_THE_ENGINE = ("diffpaint_bench", "diffpaint_export.engine")
OTHERS = {
    **dict.fromkeys((*LEARNS_FROM_THE_ENGINE, *DRAWS_BY_THE_ENGINE), "diffpaint_mypaint"),
    "diffpaint_export.player": "diffpaint_neural",
    "diffpaint_clip": "diffpaint_lucent",
    "diffpaint_film": "diffpaint_grid",
    "diffpaint_agent.revise": "diffpaint_grid",
    "diffpaint_serve.commands": "diffpaint_neural",
}
ROOMS = ("io", "fast", "training", "cli", "testing")  # of the core, beside the library proper
CODE = [ROOT / "diffpaint", *PLUGINS, ROOT / "tests", ROOT / "examples"]


def modules(folder):
    """(dotted name, whether it is a package, source) of every module in a package's folder."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if package else parts), package, path.read_text()


def imports(module, package, source):
    """Every (module, name) that is imported, at any depth of the code; name is None for ``import module``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            base = parts[: len(parts) - node.level + package] if node.level else []
            assert base or not node.level, f"{module} imports from outside of its package"
            origin = ".".join([*base, *filter(None, [node.module])])
            yield from ((origin, alias.name) for alias in node.names)


def public(package):
    """The names in ``__all__`` of a plugin's package."""
    for node in ast.parse((ROOT / "plugins" / package / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{package} has no __all__")


def within(module, parent):
    """Whether a module is another, or is in it."""
    return module == parent or module.startswith(f"{parent}.")


CORE = {module: source for module, _, source in modules(ROOT / "diffpaint")}


def core_violations(module, package, source):
    """What a module of the core imports and must not: plugins, and from below the command line the command line."""
    bad = [origin for origin, _ in imports(module, package, source) if origin.startswith("diffpaint_")]
    if not within(module, "diffpaint.cli") and module != "diffpaint.__main__":
        bad += [origin for origin, _ in imports(module, package, source) if within(origin, "diffpaint.cli")]
    return bad


def plugin_violations(module, package, source):
    """What a module of a plugin imports and must not: what is private, or not for it."""
    home, bad = module.partition(".")[0], []
    allowed = {plugin for place, plugin in OTHERS.items() if within(module, place)}
    learns = any(within(module, place) for place in LEARNS_FROM_THE_ENGINE)
    commands = learns or module.endswith(".commands")
    for origin, name in imports(module, package, source):
        what = origin if name is None else f"{origin}:{name}"
        target = origin if name is None else f"{origin}.{name}"
        if not learns and any(
            within(target, place) for place in (f"{home}.training", "diffpaint.training", "accelerate")
        ):
            bad.append(what)
        elif within(origin, "diffpaint"):
            known = diffpaint.__all__ if origin == "diffpaint" else CORE
            private = any(part.startswith("_") for part in target.split("."))
            beyond = within(origin, "diffpaint.cli") and not commands
            if private or beyond or (name if origin == "diffpaint" else origin) not in known:
                bad.append(what)
        elif origin.startswith("diffpaint_") and not within(origin, home):
            if not (origin in allowed and name in public(origin)):
                bad.append(what)
        elif home == "diffpaint_mypaint" and within(origin, "torch"):
            bad.append(what)
    return bad


def each(folders):
    return [pytest.param(*found, id=found[0]) for folder in folders for found in modules(folder)]


@pytest.mark.parametrize(("module", "package", "source"), each([ROOT / "diffpaint"]))
def test_the_core_imports_no_plugin_and_no_command_line(module, package, source):
    assert not core_violations(module, package, source)


@pytest.mark.parametrize(("module", "package", "source"), each(PLUGINS))
def test_a_plugin_imports_only_what_it_may(module, package, source):
    assert not plugin_violations(module, package, source)


@pytest.mark.parametrize(
    ("module", "source", "bad"),
    [
        ("diffpaint_grid.grid", "from diffpaint import Renderer, over", []),
        ("diffpaint_grid.grid", "from diffpaint.compositing import Stack, over_", []),
        ("diffpaint_grid.grid", "from diffpaint.testing import RendererConformance", []),
        ("diffpaint_grid.grid", "import diffpaint.registry", []),
        ("diffpaint_grid.grid", "from diffpaint import registry", ["diffpaint:registry"]),
        ("diffpaint_grid.grid", "from diffpaint import _secret", ["diffpaint:_secret"]),
        ("diffpaint_grid.grid", "from diffpaint.optimize import _Work", ["diffpaint.optimize:_Work"]),
        ("diffpaint_grid.grid", "from diffpaint.nowhere import it", ["diffpaint.nowhere:it"]),
        ("diffpaint_grid.grid", "from diffpaint.cli.plan import plan", ["diffpaint.cli.plan:plan"]),
        ("diffpaint_lucent.commands", "from diffpaint.cli.plan import plan", []),
        ("diffpaint_neural.training.run", "from diffpaint.training import Recipe", []),
        ("diffpaint_neural.splat", "from diffpaint.training import Recipe", ["diffpaint.training:Recipe"]),
        ("diffpaint_grid.grid", "from . import other; from .other import it; import diffpaint_grid.other", []),
        (
            "diffpaint_grid.grid",
            "def f():\n    from diffpaint_neural import NeuralSplat",
            ["diffpaint_neural:NeuralSplat"],
        ),
        ("diffpaint_neural.training.data", "from diffpaint_mypaint import read_shard; from ..splat import it", []),
        ("diffpaint_neural.training.data", "from diffpaint_mypaint import secret", ["diffpaint_mypaint:secret"]),
        (
            "diffpaint_neural.training.data",
            "from diffpaint_mypaint.engine import Brush",
            ["diffpaint_mypaint.engine:Brush"],
        ),
        ("diffpaint_neural.training.data", "from diffpaint_grid import Grid", ["diffpaint_grid:Grid"]),
        ("diffpaint_neural.commands", "from diffpaint_mypaint import Brush; from .training.splat import it", []),
        ("diffpaint_neural.splat", "from diffpaint_mypaint import Brush", ["diffpaint_mypaint:Brush"]),
        ("diffpaint_bench.protocol", "from diffpaint_mypaint import Brush", []),
        ("diffpaint_bench.protocol", "from diffpaint_grid import Grid", ["diffpaint_grid:Grid"]),
        ("diffpaint_neural.splat", "from .training.data import batches", ["diffpaint_neural.training.data:batches"]),
        ("diffpaint_neural.splat", "from . import training", ["diffpaint_neural:training"]),
        ("diffpaint_neural.splat", "from accelerate import Accelerator", ["accelerate:Accelerator"]),
        ("diffpaint_mypaint.engine", "import torch.nn; from torch import Tensor", ["torch.nn", "torch:Tensor"]),
    ],
)
def test_the_rules_are_read_as_they_are_meant(module, source, bad):
    assert plugin_violations(module, False, source) == bad


def test_the_rules_hold_for_packages_and_the_core():
    assert plugin_violations("diffpaint_neural", True, "from .training import data") == [
        "diffpaint_neural.training:data"
    ]
    assert core_violations("diffpaint.cli.main", False, "import diffpaint_grid; from .plan import it") == [
        "diffpaint_grid"
    ]
    assert core_violations("diffpaint.painting", False, "from .cli.plan import it") == ["diffpaint.cli.plan"]


def circle(graph):
    """Modules that import one another in a circle, or an empty list."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        path.append(module)
        for other in sorted(graph.get(module, ())):
            if found := visit(other):
                return found
        path.pop()
        done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := visit(module))), [])


def graph_of(folders):
    """Which module imports which, at any depth of the code and for types too; a package is what its names come from."""
    found = [each for folder in folders for each in modules(folder)]
    known = {module for module, _, _ in found}
    return {
        module: {
            target
            for origin, name in imports(module, package, source)
            for target in ((f"{origin}.{name}",) if f"{origin}.{name}" in known else (origin,))
            if target in known and target != module
        }
        for module, package, source in found
    }


def test_no_modules_import_one_another_in_a_circle():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert not circle(graph_of([ROOT / "diffpaint", *PLUGINS]))


def strings(source):
    """Texts in a module, without docstrings."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize(("module", "package", "source"), each([ROOT / "diffpaint"]))
def test_the_core_names_no_plugin_but_on_the_command_line(module, package, source):
    plugins = [entry for entry in ENTRY_POINTS if entry.value.startswith("diffpaint_")]
    names = {entry.name for entry in plugins if entry.group != "diffpaint.commands"}  # those are everyday words
    if not within(module, "diffpaint.cli"):
        assert not names & set(strings(source))


@pytest.mark.parametrize(("module", "package", "source"), each([ROOT / "diffpaint", *PLUGINS]))
def test_errors_of_the_library_speak_of_arguments(module, package, source):
    if within(module, "diffpaint.cli") or module.endswith(".commands"):
        return
    raised = [ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Raise)]
    assert not [text for text in raised if re.search(r"(?<![\w-])--[a-z]", text)]


@pytest.mark.parametrize("folder", CODE, ids=lambda folder: folder.name)
def test_files_and_functions_can_be_read_in_one_sitting(folder):
    long = {}
    for path in folder.rglob("*.py"):
        source = path.read_text()
        long[str(path.relative_to(ROOT))] = len(source.splitlines()) - LONGEST
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                long[f"{path.relative_to(ROOT)}:{node.name}"] = node.end_lineno - node.lineno + 1 - LONGEST_FUNCTION
    assert not {place: beyond for place, beyond in long.items() if beyond > 0}


def test_the_library_proper_is_small():
    proper = [path for path in (ROOT / "diffpaint").rglob("*.py") if path.relative_to(ROOT).parts[1] not in ROOMS]
    assert sum(len(path.read_text().splitlines()) for path in proper) < LIBRARY
    assert len(diffpaint.__all__) <= NAMES


def test_every_plugin_is_in_the_wheel():
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) == {"diffpaint", *(f"plugins/{plugin.name}" for plugin in PLUGINS)}


@pytest.mark.parametrize("entry", ENTRY_POINTS, ids=lambda entry: f"{entry.group.partition('.')[2]}:{entry.name}")
def test_every_entry_point_resolves(entry):
    assert callable(entry.load())


def test_the_program_resolves():
    assert callable(EntryPoint("diffpaint", PROJECT["project"]["scripts"]["diffpaint"], "console_scripts").load())


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "gallery").glob("*.md"))],
    ids=lambda page: page.name,
)
def test_every_relative_link_of_the_docs_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_the_catalogue_has_every_name():
    rows = [line.split("|") for line in (ROOT / "docs" / "catalogue.md").read_text().splitlines()]
    named = {(row[1].strip(), name) for row in rows if len(row) > 3 for name in re.findall(r"`([^`]+)`", row[2])}
    kinds = {f"diffpaint.{kind}s": kind for kind, _ in named} | {"diffpaint.strategies": "strategy"}
    assert named == {(kinds[entry.group], entry.name) for entry in ENTRY_POINTS}


@pytest.mark.parametrize("example", sorted({path.stem for path in (ROOT / "examples").glob("*.py")} - {"shell"}))
def test_every_example_is_a_page_of_the_gallery(example):
    page = (ROOT / "docs" / "gallery" / f"{example}.md").read_text()
    assert f"\npython examples/{example}.py " in page
    assert f"include}} ../../examples/{example}.py" in page
    assert f"(gallery/{example}.md)" in (ROOT / "docs" / "gallery.md").read_text()
