"""The registry and the command line against real distributions, made up in a folder on sys.path."""

import importlib
import re
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

import diffpaint
from diffpaint import PluginError, Renderer
from diffpaint.cli import cli

PLUGIN = '''
"""A plugin whose parts work."""
import click
import diffpaint


class Flat(diffpaint.Renderer):
    """One colour all over.

    And more about it.
    """

    action_names = ("red", "green", "blue")

    def __init__(self, size=(4, 4), tone=1.0):
        super().__init__()
        self.size = size

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas) * actions.mean(1)[:, :, None, None]


class Light(diffpaint.Objective):
    """Darkness."""

    def __init__(self, target=None):
        super().__init__()

    def forward(self, canvas):
        return 1 - canvas.mean()


@click.command()
def greet():
    """Say hello."""
    click.echo("hello")


@click.command()
def swell():
    """Ask for a thousand terabytes."""
    import torch
    torch.empty(2**50, dtype=torch.uint8)


def nothing(**options):
    """Makes no plugin."""
    return 3
'''

BROKEN = {
    "raise ImportError('no module named frobnicate')": "ImportError: no module named frobnicate",
    "import no_such_module_anywhere": "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    "raise RuntimeError('no operator nms\\nand a long tale')": "RuntimeError: no operator nms",
    "raise SystemExit('no display')": "SystemExit: no display",
    "def other(): pass": "AttributeError: module 'fake_broken' has no attribute 'thing'",
    "def": "SyntaxError: invalid syntax",
}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution of one module: its METADATA, entry_points.txt and code, where Python looks for them."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    modules = []

    def install(module, code, **groups):
        modules.append(module)
        (folder / f"{module}.py").write_text(code)
        info = folder / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.2\n")
        lines = []
        for group, entries in groups.items():
            lines += [f"[diffpaint.{group}]", *(f"{name} = {value}" for name, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        importlib.invalidate_caches()
        diffpaint.rescan()
        return folder

    yield install
    for module in modules:
        sys.modules.pop(module, None)
    diffpaint.rescan()


@pytest.fixture
def working(install):
    """A plugin with a renderer, an objective and a command that work."""
    return install(
        "fake_plugin",
        PLUGIN,
        renderers={"flat": "fake_plugin:Flat", "nothing": "fake_plugin:nothing"},
        objectives={"light": "fake_plugin:Light", "nothing": "fake_plugin:nothing"},
        commands={"greet": "fake_plugin:greet", "swell": "fake_plugin:swell"},
    )


@pytest.fixture(params=BROKEN, ids=[reason.partition(":")[0] for reason in BROKEN.values()])
def broken(request, install):
    """A plugin that cannot be imported, registered in every group as ``broken``; gives the reason."""
    everywhere = {group: {"broken": "fake_broken:thing"} for group in ("renderers", "objectives", "commands")}
    install("fake_broken", request.param, **everywhere)
    return BROKEN[request.param]


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="diffpaint")


def fails_in_one_line(result, *words):
    """Exit code 2, and one line that holds all the words."""
    assert result.exit_code == 2
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    for word in words:
        assert word in result.output


class TestWorkingPlugin:
    def test_it_is_found_and_made_with_its_options(self, working):
        assert "flat" in diffpaint.names("renderers")
        flat = diffpaint.load_renderer("flat", size=(3, 5))
        assert isinstance(flat, Renderer)
        assert flat.size == (3, 5)
        assert isinstance(2 * diffpaint.load_objective("light"), diffpaint.Objective)

    def test_scanning_imports_nothing(self, working):
        for group in ("renderers", "objectives", "commands"):
            assert diffpaint.names(group) == sorted(diffpaint.names(group))
        assert "fake_plugin" not in sys.modules

    def test_only_what_is_asked_for_is_imported(self, working, install):
        install("fake_other", "thing = None", renderers={"other": "fake_other:thing"})
        diffpaint.load_renderer("flat")
        assert "fake_other" not in sys.modules

    def test_describe_gives_name_package_and_first_line(self, working):
        found = {plugin.name: plugin for plugin in diffpaint.describe("renderers")}
        assert found["flat"] == diffpaint.Plugin("flat", "fake-plugin 1.2", "One colour all over.", "")

    def test_it_is_gone_after_it_is_uninstalled(self, working, monkeypatch):
        assert "flat" in diffpaint.names("renderers")
        monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder != str(working)])
        assert "flat" in diffpaint.names("renderers")  # as found at first ...
        diffpaint.rescan()
        assert "flat" not in diffpaint.names("renderers")  # ... until looked for anew

    def test_its_command_runs(self, working):
        result = run("greet")
        assert (result.exit_code, result.output) == (0, "hello\n")
        assert re.search(r"greet +Say hello\.", run("--help").output)


class TestSpec:
    def test_it_is_name_and_plain_options(self, working):
        assert diffpaint.load_renderer("flat", size=(3, 5)).spec == {"name": "flat", "options": {"size": [3, 5]}}

    def test_it_makes_the_same_renderer_again(self, working):
        spec = diffpaint.load_renderer("fake_plugin:Flat", size=(3, 5)).spec
        again = diffpaint.load_renderer(spec["name"], **spec["options"])
        assert tuple(again.size) == (3, 5)

    def test_options_that_are_no_json_leave_none(self, working):
        assert diffpaint.load_renderer("flat", tone=torch.tensor(1.0)).spec is None


class TestPackageAndClass:
    def test_it_works_without_entry_points(self, install):
        install("fake_unregistered", PLUGIN)
        assert diffpaint.load_renderer("fake_unregistered:Flat", size=(2, 3)).size == (2, 3)
        assert diffpaint.load_objective("fake_unregistered:Light")(torch.ones(1, 3, 2, 2)) == 0

    @pytest.mark.parametrize("name", ["no_such_package:Flat", "diffpaint:NoSuchClass", "diffpaint:", ":Flat"])
    def test_what_is_not_there_is_named(self, name):
        with pytest.raises(PluginError, match=re.escape(f"renderer {name!r} cannot be imported: ")):
            diffpaint.load_renderer(name)


class TestMistakes:
    def test_unknown_name_suggests_the_nearest(self, working):
        with pytest.raises(PluginError, match=r"no renderer named 'flatt'; installed: .*grid.*did you mean 'flat'\?"):
            diffpaint.load_renderer("flatt")
        with pytest.raises(PluginError, match=r"no objective named 'zzzzzzzz'; installed: (?!.*did you mean)"):
            diffpaint.load_objective("zzzzzzzz")

    def test_wrong_options_are_named_with_those_that_exist(self, working):
        with pytest.raises(ValueError, match=r"'flat'.*'colour'.*size, tone"):
            diffpaint.load_renderer("flat", colour="red")

    def test_a_factory_must_make_what_it_is_registered_for(self, working):
        with pytest.raises(PluginError, match=r"'nothing' made an? int, .*diffpaint\.Renderer"):
            diffpaint.load_renderer("nothing")
        with pytest.raises(PluginError, match=r"'nothing' made an? int, .*diffpaint\.Objective"):
            diffpaint.load_objective("nothing")
        with pytest.raises(PluginError, match=r"'fake_plugin:Light' made a Light, .*diffpaint\.Renderer"):
            diffpaint.load_renderer("fake_plugin:Light")

    def test_what_is_registered_must_be_callable(self):
        with pytest.raises(PluginError, match=r"'diffpaint:__version__'.* is a str; wanted a class or function"):
            diffpaint.load_renderer("diffpaint:__version__")


class TestTwoOfOneName:
    @pytest.fixture
    def rivals(self, install):
        install("fake_one", PLUGIN, renderers={"flat": "fake_one:Flat"}, commands={"greet": "fake_one:greet"})
        install("fake_two", PLUGIN, renderers={"flat": "fake_two:Flat"}, commands={"greet": "fake_two:greet"})

    def test_the_error_names_both_and_the_way_out(self, rivals):
        with pytest.raises(PluginError, match=r"'flat' is registered by ") as error:
            diffpaint.load_renderer("flat")
        for word in ("fake-one 1.2 as fake_one:Flat", "fake-two 1.2 as fake_two:Flat"):
            assert word in str(error.value)
        way_out = re.search(r"ask for one of them as '([^']+)'", str(error.value))
        assert isinstance(diffpaint.load_renderer(way_out[1]), Renderer)

    def test_describe_reports_both(self, rivals):
        found = {plugin.name: plugin for plugin in diffpaint.describe("renderers")}
        assert set(found["flat"].package.split(", ")) == {"fake-one 1.2", "fake-two 1.2"}
        assert "registered by" in found["flat"].problem
        assert not found["grid"].problem

    def test_a_plugin_cannot_silently_take_the_name_of_another(self, install):
        install("fake_grid", PLUGIN, renderers={"grid": "fake_grid:Flat"})
        with pytest.raises(PluginError, match=r"'grid' is registered by .*fake-grid 1\.2"):
            diffpaint.load_renderer("grid")

    def test_a_command_of_two_is_an_error_when_it_is_run(self, rivals):
        fails_in_one_line(run("greet"), "fake-one", "fake-two")

    def test_one_distribution_seen_twice_is_one_plugin(self, working, tmp_path, monkeypatch):
        twin = tmp_path / "twin" / "fake_plugin-1.2.dist-info"
        twin.mkdir(parents=True)
        for file in ("METADATA", "entry_points.txt"):
            (twin / file).write_text((working / twin.name / file).read_text())
        monkeypatch.syspath_prepend(str(twin.parent))
        diffpaint.rescan()
        assert isinstance(diffpaint.load_renderer("flat"), Renderer)


class TestBrokenPlugin:
    def test_loading_it_gives_the_reason_in_one_line(self, broken):
        for load, kind in ((diffpaint.load_renderer, "renderer"), (diffpaint.load_objective, "objective")):
            with pytest.raises(PluginError) as error:
                load("broken")
            assert str(error.value).startswith(f"{kind} 'broken' of fake-broken 1.2 cannot be imported: {broken}")
            assert "\n" not in str(error.value)
            assert error.value.__cause__ is not None

    def test_describe_reports_it_and_hides_nothing_else(self, broken, working):
        found = {plugin.name: plugin for plugin in diffpaint.describe("renderers")}
        assert broken in found["broken"].problem
        assert found["broken"].package == "fake-broken 1.2"
        assert {"flat", "grid", "neural-splat"} <= set(found)
        assert not any(plugin.problem for name, plugin in found.items() if name != "broken")

    def test_the_command_line_lists_it_and_the_others(self, broken, working):
        result = run("list")
        assert result.exit_code == 0
        assert result.output.count(f"cannot be imported: {broken}") == 3  # in every group
        for name in ("flat", "light", "greet", "grid", "pixel"):
            assert re.search(rf"^  {name} +(?!broken)", result.output, re.MULTILINE)

    def test_help_shows_it_and_the_others(self, broken, working):
        result = run("--help")
        assert result.exit_code == 0
        assert re.search(r"^  broken +\(broken\) ", result.output, re.MULTILINE)
        for name in ("greet", "list", "paint"):
            assert re.search(rf"^  {name} +\w", result.output, re.MULTILINE)

    def test_running_its_command_says_why_not(self, broken):
        fails_in_one_line(run("broken"), "command 'broken' of fake-broken 1.2 cannot be imported", broken.strip())

    def test_other_commands_run(self, broken, working):
        assert run("greet").output == "hello\n"


class TestCommandLine:
    @pytest.fixture
    def photo(self, tmp_path):
        diffpaint.write_image(tmp_path / "photo.png", torch.rand(3, 12, 16))
        return tmp_path / "photo.png"

    @pytest.fixture
    def paint(self, photo):
        return lambda *options: run("paint", photo, "-o", photo.with_name("painting.png"), *options)

    def test_to_want_too_much_memory_is_one_line(self, working):
        fails_in_one_line(run("swell"), "out of memory: a smaller canvas, or fewer strokes, need less", str(2**50))

    def test_an_unknown_renderer_or_objective_is_one_line(self, paint):
        fails_in_one_line(paint("--renderer", "neural-splt"), "neural-splt", "did you mean 'neural-splat'?")
        fails_in_one_line(paint("--objective", "pixels"), "no objective named 'pixels'", "did you mean 'pixel'?")

    def test_a_renderer_without_strokes_paints_the_whole_canvas(self, paint, working, photo):
        result = paint("--renderer", "flat", "--objective", "pixel", "--steps", "2", "--size", "32", "--device", "cpu")
        assert result.exit_code == 0, result.output
        assert diffpaint.read_image(photo.with_name("painting.png")).std((2, 3)).max() == 0
        fails_in_one_line(paint("--renderer", "flat", "--strokes", "3"), "flat has no strokes in cells: --strokes")

    def test_a_brush_for_a_renderer_without_brushes_is_one_line(self, paint, working):
        fails_in_one_line(paint("--renderer", "flat", "--brush", "classic/chalk"), "'flat'", "brush")


class TestCommandThatIsNone:
    @pytest.fixture(autouse=True)
    def plain(self, install):
        install("fake_plain", "def thing():\n    'A function.'\n", commands={"plain": "fake_plain:thing"})

    def test_help_still_works(self):
        result = run("--help")
        assert result.exit_code == 0
        assert re.search(r"^  plain +\(broken\) ", result.output, re.MULTILINE)

    def test_it_is_listed_as_broken(self):
        result = run("list")
        assert result.exit_code == 0
        assert re.search(r"^  plain +broken: command 'plain' of fake-plain 1\.2 is a f", result.output, re.MULTILINE)

    def test_running_it_says_why_not(self):
        fails_in_one_line(run("plain"), "command 'plain' of fake-plain 1.2 is a function; wanted a click.Command")


@pytest.mark.parametrize("arguments", [("--help",), ("splat", "--data", "strokes"), ("--steps=3", "a", "b")])
def test_a_broken_command_gives_its_reason_whatever_its_arguments(install, arguments):
    install("fake_broken", "raise RuntimeError('no engine')", commands={"broken": "fake_broken:thing"})
    fails_in_one_line(run("broken", *arguments), "RuntimeError: no engine")


def test_importing_the_core_and_its_command_line_imports_no_plugin():
    code = (
        "import sys, diffpaint, diffpaint.cli; [diffpaint.names(g) for g in ('renderers', 'objectives', 'commands')]; "
        "print([name for name in sys.modules if name.startswith(('diffpaint_', 'lucent'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
