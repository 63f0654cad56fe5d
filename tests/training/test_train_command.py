"""``diffpaint train NAME``: the shell that all recipes share."""

import json
import re
import signal
import sys

import click
import pytest
from click.testing import CliRunner

from diffpaint.cli.main import cli
from diffpaint.cli.train import recipe_command
from diffpaint.io.lock import locked_folder
from diffpaint.registry import names
from diffpaint.training import Recipe


@pytest.fixture
def run(line):
    """Run the command of a line, or of another recipe, as the program would."""

    def ran(*arguments, recipe=line):
        group = type(cli)("diffpaint")
        command = recipe_command("line", recipe)
        group.get_command = lambda ctx, name: command
        group.list_commands = lambda ctx: ["line"]
        return CliRunner().invoke(group, ["line", *map(str, arguments)], prog_name="diffpaint")

    return ran


def refused(result, *words):
    assert result.exit_code == 2, result.output
    assert result.output.startswith("Error: "), result.output
    assert result.output.count("\n") == 1, result.output
    for word in words:
        assert word in result.output


def test_settings_are_options_and_the_recipes_own_come_first(run, line):
    shown = run("--help")
    assert shown.exit_code == 0
    options = re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown.output, re.M)
    own = ["--slope", "--output", "--steps", "--batch", "--lr", "--seed", "--shake", "--uphill"]
    assert options == [*own, "--device", "--checkpoint-every", "--resume", "--help"]
    assert "Learn a line from points on it." in shown.output
    assert "How far points lie off the line.  [default: 0.01]" in re.sub(r"\s{3,}", "  ", shown.output)


def test_it_trains_and_says_what_came_of_it(run, tmp_path):
    result = run("-o", tmp_path / "run", "--steps", 4, "--no-uphill", "--shake", 0.5, "--slope", 3, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert result.stdout == "a line in run\n"
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["line"] == {"slope": 3}
    assert config["settings"] == {"steps": 4, "batch": 16, "lr": 0.05, "seed": 0, "shake": 0.5, "uphill": False}


def test_an_older_name_of_an_option_will_do(run, tmp_path):
    result = run("-o", tmp_path / "run", "--steps", 2, "--noise", 0.25, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "run" / "config.json").read_text())["settings"]["shake"] == 0.25


def test_ctrl_c_says_how_to_go_on(run, line, tmp_path):
    class Stopping(line):
        def step(self, number, batch):
            if number == 2:
                signal.raise_signal(signal.SIGINT)
            return super().step(number, batch)

    result = run("-o", tmp_path / "run", "--device", "cpu", recipe=Stopping)
    assert result.exit_code == 130
    assert f"interrupted; to go on: diffpaint line -o {tmp_path / 'run'} --resume" in result.output
    assert "Traceback" not in result.output
    resumed = run("-o", tmp_path / "run", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert len((tmp_path / "run" / "losses.csv").read_text().splitlines()) == 15


def test_mistakes_are_one_line_before_anything_is_written(run, tmp_path):
    output = ("-o", tmp_path / "run", "--device", "cpu")
    refused(run(*output, "--steps", 0), "steps must be above 0 and finite, got 0")
    refused(run(*output, "--lr", "nan"), "lr must be above 0")
    refused(run(*output, "--seed", -1), "seed must be at least 0")
    refused(run(*output, "--slope", 0), "a line needs a slope")
    refused(run(*output, "--checkpoint-every", 0), "must be at least 1 step, got 0")
    refused(run("-o", tmp_path / "run", "--device", "abacus"), "no device 'abacus'")
    refused(run(*output, "--resume"), "nothing to resume")
    assert not (tmp_path / "run").exists()


def test_a_run_that_diverges_is_one_line(run, line, tmp_path):
    class Diverging(line):
        def step(self, number, batch):
            return {name: value / (number < 2) for name, value in super().step(number, batch).items()}

    result = run("-o", tmp_path / "run", "--device", "cpu", recipe=Diverging)
    assert result.exit_code == 2
    assert "start anew in another folder with a lower learning rate" in result.output.splitlines()[-1]


def test_without_accelerate_it_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    refused(run("-o", tmp_path / "run"), "training needs accelerate: pip install 'diffpaint[train]'")


def test_a_recipe_without_prepare_says_so(run, line, tmp_path):
    class Unprepared(line):
        prepare = classmethod(Recipe.prepare.__func__)

        @classmethod
        def options(cls):
            return ()

    result = run("-o", tmp_path / "run", "--device", "cpu", recipe=Unprepared)
    assert isinstance(result.exception, NotImplementedError)
    assert "Unprepared has no prepare(), so no command can train by it" in str(result.exception)


def test_every_recipe_has_a_command():
    group = cli.get_command(click.Context(cli), "train")
    assert group.list_commands(click.Context(group)) == names("recipes")
    assert {"agent", "dabs", "gan", "splat", "vae"} <= set(names("recipes"))
    for name in names("recipes"):
        shown = CliRunner().invoke(cli, ["train", name, "--help"])
        assert shown.exit_code == 0, shown.output
        assert "--checkpoint-every" in shown.output


def test_an_unknown_recipe_is_explained():
    result = CliRunner().invoke(cli, ["train", "splatt"])
    assert result.exit_code == 2
    assert "No such command 'splatt'" in result.output


def test_resume_needs_nothing_but_the_folder(run, line, tmp_path):
    class Stopping(line):
        def step(self, number, batch):
            if number == 2:
                signal.raise_signal(signal.SIGTERM)
            return super().step(number, batch)

    folder, options = tmp_path / "run", ("--device", "cpu", "--steps", 8, "--no-uphill", "--slope", 3)
    assert run("-o", folder, *options, recipe=Stopping).exit_code == 143
    refused(run("-o", folder, "--resume", "--slope", 2), "--slope was 3.0, now 2.0; leave them out to go on")
    refused(run("-o", folder, "--resume", "--steps", 9), "--steps was 8, now 9")
    refused(run("-o", folder, "--resume", "--uphill"), "--uphill was not given, now given")
    assert run("-o", folder, "--resume").exit_code == 0
    assert run("-o", tmp_path / "whole", *options).exit_code == 0
    for name in ("weights.pt", "losses.csv"):
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_one_that_was_cut_off_before_its_first_checkpoint_resumes_too(run, tmp_path):
    assert run("-o", tmp_path / "run", "--device", "cpu", "--steps", 4).exit_code == 0
    for path in (tmp_path / "run").iterdir():
        if path.name != "config.json":
            path.unlink()
    assert run("-o", tmp_path / "run", "--resume").exit_code == 0
    assert len((tmp_path / "run" / "losses.csv").read_text().splitlines()) == 5


def test_a_folder_with_other_files_is_refused(run, tmp_path):
    for name, text in (("config.json", '{"name": "mine"}'), ("notes.txt", "mine")):
        (tmp_path / name).write_text(text)
        refused(run("-o", tmp_path, "--device", "cpu"), "holds files that are not of a run; name a new folder")
        assert (tmp_path / name).read_text() == text
        assert len(list(tmp_path.iterdir())) == 1
        (tmp_path / name).unlink()


def test_a_second_run_in_the_same_folder_is_refused(run, tmp_path):
    with locked_folder(tmp_path / "run"):
        refused(run("-o", tmp_path / "run", "--device", "cpu"), "another run is at work on")
    assert list(tmp_path.iterdir()) == []
