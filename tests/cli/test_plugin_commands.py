"""The command line with plugins that work, that are broken, and that are none."""

import re
import sys

import pytest
import torch
from painted import assert_refused, run

import diffpaint
from diffpaint.io.images import write_image
from diffpaint.registry import GROUPS


@pytest.fixture
def photo(tmp_path):
    write_image(tmp_path / "photo.png", torch.rand(3, 12, 16))
    return tmp_path / "photo.png"


@pytest.fixture
def paint(photo):
    return lambda *options: run("paint", photo, "-o", photo.with_name("painting.png"), *options)


class TestWorkingPlugin:
    def test_its_command_runs(self, working):
        result = run("greet")
        assert (result.exit_code, result.output) == (0, "hello\n")
        assert re.search(r"greet +Say hello\.", run("--help").output)

    def test_to_want_too_much_memory_is_one_line(self, working):
        assert_refused(run("swell"), "out of memory: a smaller canvas, or fewer strokes, need less", str(2**50))

    def test_a_renderer_without_strokes_paints_the_whole_canvas(self, paint, working, photo):
        result = paint("--renderer", "flat", "--objective", "pixel", "--steps", "2", "--size", "32", "--device", "cpu")
        assert result.exit_code == 0, result.output
        assert diffpaint.read_image(photo.with_name("painting.png")).std((2, 3)).max() == 0
        assert len(diffpaint.Painting.load(photo.with_name("painting.json")).actions[0]) == 5  # as --strokes says
        for options in (("--grid", "2x2"), ("--overlap", "0.5"), ("--pyramid", "2")):
            refused = f"flat has no strokes in cells: {options[0]} mean nothing to it"
            assert_refused(paint("--renderer", "flat", *options), refused)

    def test_a_brush_for_a_renderer_without_brushes_is_one_line(self, paint, working):
        assert_refused(paint("--renderer", "flat", "--brush", "classic/chalk"), "'flat'", "brush")

    def test_its_constraint_and_objective_are_named_as_those_of_the_core(self, paint, working, photo):
        few = ["--grid", "1x2", "--strokes", "1", "--steps", "2", "--size", "32", "--device", "cpu", "--pyramid", "1"]
        result = paint(*few, "--constraint", "thin", "--objective", "pixel - 0.1*light")
        assert result.exit_code == 0, result.output
        painting = diffpaint.Painting.load(photo.with_name("painting.json"))
        assert painting.actions[..., painting.renderer.action_names.index("size")].max() <= 0.5


class TestBrokenPlugin:
    def test_it_is_listed_and_so_are_the_others(self, broken, working):
        result = run("list")
        assert result.exit_code == 0
        assert result.output.count(f"cannot be imported: {broken}") == len(GROUPS)
        for name in ("flat", "light", "greet", "grid", "pixel"):
            assert re.search(rf"^  {name} +(?!broken)", result.output, re.MULTILINE)

    def test_help_shows_it_and_the_others_and_imports_none(self, broken, working):
        result = run("--help")
        assert result.exit_code == 0
        assert re.search(r"^  broken", result.output, re.MULTILINE)
        for name in ("greet", "list", "paint"):
            assert re.search(rf"^  {name} +\w", result.output, re.MULTILINE)
        assert not {"fake_broken", "fake_plugin"} & set(sys.modules)

    def test_running_its_command_says_why_not(self, broken):
        assert_refused(run("broken"), "command 'broken' of fake-broken 1.2 cannot be imported", broken.strip())

    def test_other_commands_run(self, broken, working):
        assert run("greet").output == "hello\n"

    @pytest.mark.parametrize("arguments", [("--help",), ("splat", "--data", "strokes"), ("--steps=3", "a", "b")])
    def test_its_command_gives_the_reason_whatever_its_arguments(self, install, arguments):
        install("fake_broken", "raise RuntimeError('no engine')", commands={"broken": "fake_broken:thing"})
        assert_refused(run("broken", *arguments), "RuntimeError: no engine")

    def test_its_recipe_says_why_not_and_others_are_listed(self, broken):
        assert_refused(run("train", "broken"), "recipe 'broken' of fake-broken 1.2 cannot be imported")


class TestCommandThatIsNone:
    @pytest.fixture(autouse=True)
    def plain(self, install):
        install("fake_plain", "def thing():\n    'A function.'\n", commands={"plain": "fake_plain:thing"})

    def test_help_still_works(self):
        result = run("--help")
        assert result.exit_code == 0
        assert re.search(r"^  plain *$", result.output, re.MULTILINE)

    def test_it_is_listed_as_broken(self):
        result = run("list")
        assert result.exit_code == 0
        assert re.search(r"^  plain +broken: command 'plain' of fake-plain 1\.2 is a f", result.output, re.MULTILINE)

    def test_running_it_says_why_not(self):
        assert_refused(run("plain"), "command 'plain' of fake-plain 1.2 is a function; wanted an instance of click.Com")


class TestTwoOfOneName:
    @pytest.fixture
    def code(self, working):
        return (working / "fake_plugin.py").read_text()

    def test_a_command_of_two_is_an_error_when_it_is_run(self, install, code):
        for name in ("fake_one", "fake_two"):
            install(name, code, commands={"hail": f"{name}:greet"})
        assert_refused(run("hail"), "fake-one", "fake-two")
        assert re.search(r"^  hail +\(broken\) command 'hail' is registered by", run("--help").output, re.MULTILINE)

    def test_nobody_takes_a_command_of_the_core(self, install, code):
        install("fake_one", code, commands={"list": "fake_one:greet"})
        listed = run("list")
        assert listed.exit_code == 0
        assert "the name 'list' is diffpaint's own; ask for this one as 'fake_one:greet'" in listed.output


def test_an_unknown_renderer_or_objective_is_one_line(paint):
    assert_refused(paint("--renderer", "neural-splt"), "neural-splt", "did you mean 'neural-splat'?")
    assert_refused(paint("--objective", "pixels"), "no objective named 'pixels'", "did you mean 'pixel'?")


def test_a_traceback_is_shown_to_authors_who_ask_for_it(paint, monkeypatch):
    monkeypatch.setenv("DIFFPAINT_TRACEBACK", "1")
    result = paint("--objective", "pixels")
    assert result.exit_code == 1
    assert isinstance(result.exception, diffpaint.PluginError)
