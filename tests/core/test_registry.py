"""The registry against real distributions, made up in a folder on sys.path."""

import re
import subprocess
import sys

import pytest
import torch

import diffpaint
from diffpaint import PluginError, Renderer
from diffpaint.cli.listing import Plugin, describe
from diffpaint.registry import GROUPS, entry_of, load, names, rescan


class TestWorkingPlugin:
    def test_it_is_found_and_made_with_its_options(self, working):
        assert "flat" in names("renderers")
        flat = diffpaint.load_renderer("flat", size=(3, 5))
        assert isinstance(flat, Renderer)
        assert flat.size == (3, 5)
        assert isinstance(2 * diffpaint.load_objective("light"), diffpaint.Objective)
        assert diffpaint.load_constraint("thin").needs == ("size",)

    def test_scanning_imports_nothing(self, working):
        for group in GROUPS:
            assert names(group) == sorted(names(group))
        assert entry_of("renderers", "flat").value == "fake_plugin:Flat"
        assert "fake_plugin" not in sys.modules

    def test_only_what_is_asked_for_is_imported(self, working, install):
        install("fake_other", "thing = None", renderers={"other": "fake_other:thing"})
        diffpaint.load_renderer("flat")
        assert "fake_other" not in sys.modules

    def test_describe_gives_name_distribution_and_first_line(self, working):
        found = {plugin.name: plugin for plugin in describe("renderers")}
        assert found["flat"] == Plugin("renderers", "flat", "fake-plugin", "1.2", "One colour all over.", "")
        assert (found["grid"].distribution, found["grid"].version) == ("diffpaint", diffpaint.__version__)

    def test_it_is_gone_after_it_is_uninstalled(self, working, monkeypatch):
        assert "flat" in names("renderers")
        monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder != str(working)])
        assert "flat" in names("renderers")  # as found at first ...
        rescan()
        assert "flat" not in names("renderers")  # ... until looked for anew


class TestPackageAndClass:
    def test_it_works_without_entry_points(self, install, unregistered):
        assert diffpaint.load_renderer("fake_unregistered:Flat", size=(2, 3)).size == (2, 3)
        assert diffpaint.load_objective("fake_unregistered:Light")(torch.ones(1, 3, 2, 2)) == 0

    @pytest.fixture
    def unregistered(self, working, install):
        install("fake_unregistered", (working / "fake_plugin.py").read_text())

    @pytest.mark.parametrize("name", ["no_such_package:Flat", "diffpaint:NoSuchClass"])
    def test_what_is_not_there_is_named(self, name):
        with pytest.raises(PluginError, match=re.escape(f"renderer {name!r} cannot be imported: ")):
            diffpaint.load_renderer(name)

    @pytest.mark.parametrize("name", ["diffpaint:", ":Flat"])
    def test_half_a_name_is_explained(self, name):
        with pytest.raises(PluginError, match=re.escape(f"renderer {name!r} cannot be imported: wanted package:attr")):
            load("renderers", name)
        with pytest.raises(ValueError, match=r"character|a name is missing"):  # as text it is no name either
            diffpaint.load_renderer(name)


class TestMistakes:
    def test_unknown_name_suggests_the_nearest(self, working):
        with pytest.raises(PluginError, match=r"no renderer named 'flatt'; installed: .*grid.*did you mean 'flat'\?"):
            diffpaint.load_renderer("flatt")
        with pytest.raises(PluginError, match=r"no objective named 'zzzzzzzz'; installed: (?!.*did you mean)"):
            diffpaint.load_objective("zzzzzzzz")
        with pytest.raises(PluginError, match=r"no strategy named 'split'; installed: growth, rounds"):
            load("strategies", "split")

    def test_wrong_options_are_named_with_those_that_exist(self, working):
        with pytest.raises(ValueError, match=r"'flat'.*'colour'.*size, tone"):
            diffpaint.load_renderer("flat", colour="red")

    @pytest.mark.parametrize("group", [group for group in GROUPS if group != "commands"])
    def test_only_classes_of_its_kind_are_taken(self, working, group):
        wanted = re.escape(GROUPS[group].replace(":", "."))
        for name, given in (("fake_plugin:greet", "a Command"), ("diffpaint:__version__", "a str")):
            with pytest.raises(PluginError, match=rf"'{name}' is {given}; wanted a subclass of {wanted}"):
                load(group, name)
        if group != "objectives":
            with pytest.raises(PluginError, match=rf"'fake_plugin:Light' is Light; wanted a subclass of {wanted}"):
                load(group, "fake_plugin:Light")
        with pytest.raises(PluginError, match=r"'diffpaint:read_image' is a function; wanted a subclass"):
            load(group, "diffpaint:read_image")

    def test_a_command_is_an_instance(self, working):
        assert load("commands", "greet").name == "greet"
        with pytest.raises(PluginError, match=r"'fake_plugin:Flat' is Flat; wanted an instance of click\.Command"):
            load("commands", "fake_plugin:Flat")


class TestTwoOfOneName:
    @pytest.fixture
    def code(self, working):
        return (working / "fake_plugin.py").read_text()

    @pytest.fixture
    def rivals(self, install, code):
        for name in ("fake_one", "fake_two"):
            install(name, code, renderers={"same": f"{name}:Flat"})

    def test_the_error_names_both_and_the_way_out(self, rivals):
        with pytest.raises(PluginError, match=r"'same' is registered by ") as error:
            diffpaint.load_renderer("same")
        for word in ("fake-one 1.2 as fake_one:Flat", "fake-two 1.2 as fake_two:Flat"):
            assert word in str(error.value)
        way_out = re.search(r"ask for one of them as '([^']+)'", str(error.value))
        assert isinstance(diffpaint.load_renderer(way_out[1]), Renderer)

    def test_describe_reports_both_and_imports_neither(self, rivals):
        found = [plugin for plugin in describe("renderers") if plugin.name == "same"]
        assert {(plugin.distribution, plugin.version) for plugin in found} == {("fake-one", "1.2"), ("fake-two", "1.2")}
        assert all("registered by" in plugin.problem and not plugin.summary for plugin in found)
        assert not [plugin for plugin in describe("renderers") if plugin.problem and plugin.name != "same"]
        assert not {"fake_one", "fake_two"} & set(sys.modules)

    def test_nobody_takes_a_name_of_the_core(self, install, code):
        install("fake_grid", code, renderers={"grid": "fake_grid:Flat"})
        assert type(diffpaint.load_renderer("grid", size=(8, 8))).__name__ == "Grid"
        own, other = (plugin for plugin in describe("renderers") if plugin.name == "grid")
        assert (own.distribution, own.problem) == ("diffpaint", "")
        assert own.summary.startswith("Stitches")
        assert (other.distribution, other.summary) == ("fake-grid", "")
        assert other.problem == "the name 'grid' is diffpaint's own; ask for this one as 'fake_grid:Flat'"
        assert diffpaint.load_renderer("fake_grid:Flat").action_names == ("red", "green", "blue")

    def test_one_distribution_seen_twice_is_one_plugin(self, working, tmp_path, monkeypatch):
        twin = tmp_path / "twin" / "fake_plugin-1.2.dist-info"
        twin.mkdir(parents=True)
        for file in ("METADATA", "entry_points.txt"):
            (twin / file).write_text((working / twin.name / file).read_text())
        monkeypatch.syspath_prepend(str(twin.parent))
        rescan()
        assert isinstance(diffpaint.load_renderer("flat"), Renderer)


class TestBrokenPlugin:
    def test_loading_it_gives_the_reason_in_one_line(self, broken):
        loads = {
            "renderer": diffpaint.load_renderer,
            "objective": diffpaint.load_objective,
            "constraint": diffpaint.load_constraint,
            "initializer": diffpaint.load_initializer,
            "strategy": lambda name: load("strategies", name),
            "recipe": lambda name: load("recipes", name),
        }
        for kind, loaded in loads.items():
            with pytest.raises(PluginError) as error:
                loaded("broken")
            assert str(error.value).startswith(f"{kind} 'broken' of fake-broken 1.2 cannot be imported: {broken}")
            assert "\n" not in str(error.value)
            assert error.value.__cause__ is not None

    @pytest.mark.parametrize("group", GROUPS)
    def test_describe_reports_it_and_hides_nothing_else(self, broken, working, group):
        found = {plugin.name: plugin for plugin in describe(group)}
        assert broken in found["broken"].problem
        assert (found["broken"].distribution, found["broken"].version) == ("fake-broken", "1.2")
        assert found["broken"].summary == ""
        assert set(found) == set(names(group))
        assert not any(plugin.problem for name, plugin in found.items() if name != "broken")

    def test_a_docstring_that_cannot_be_read_is_its_problem(self, install):
        code = "import diffpaint\nclass Odd(diffpaint.Objective):\n    __doc__ = property(lambda self: 1 / 0)\n"
        code += "    def forward(self, canvas): return canvas.mean()\n"
        code += "class Meta(type(diffpaint.Objective)):\n    @property\n    def __doc__(cls): raise SystemExit\n"
        code += (
            "class Worse(diffpaint.Objective, metaclass=Meta):\n    def forward(self, canvas): return canvas.mean()\n"
        )
        install("fake_odd", code, objectives={"odd": "fake_odd:Odd", "worse": "fake_odd:Worse"})
        found = {plugin.name: plugin for plugin in describe("objectives")}
        assert (found["odd"].summary, found["odd"].problem) == ("", "")
        assert found["worse"].problem == "its docstring cannot be read: SystemExit"
        assert not found["pixel"].problem


def test_importing_the_core_and_its_command_line_imports_no_plugin():
    code = (
        "import sys, diffpaint.cli.main; from diffpaint.registry import GROUPS, names; [names(g) for g in GROUPS]; "
        "diffpaint.load_renderer, diffpaint.paint; "
        "print([name for name in sys.modules if name.startswith(('diffpaint_', 'lucent'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
