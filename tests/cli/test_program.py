"""The program as a whole: its list of plugins, help, and version."""

import json
import os
import subprocess
import sys

import pytest
from painted import files, run

import diffpaint
from diffpaint.cli.listing import describe
from diffpaint.registry import GROUPS


def test_list_shows_every_plugin():
    result = run("list")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    for group in GROUPS:
        plugins = describe(group)
        assert (f"{group}:" if plugins else f"{group}: none") in lines
        listed = lines[lines.index(f"{group}:") + 1 :][: len(plugins)] if plugins else []
        for plugin in plugins:
            (line,) = [line for line in listed if line.startswith(f"  {plugin.name} ")]
            assert line.endswith(f"[{plugin.distribution} {plugin.version}]")
            assert plugin.summary
            assert plugin.summary in line
    assert "broken" not in result.output


def test_list_is_json_for_other_programs():
    result = run("list", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert {row["group"] for row in rows} == {group for group in GROUPS if describe(group)}
    assert all(set(row) == {"name", "group", "distribution", "version", "problem"} for row in rows)
    (grid,) = [row for row in rows if row["name"] == "grid"]
    version = diffpaint.__version__
    wanted = {"name": "grid", "group": "renderers", "distribution": "diffpaint", "version": version, "problem": ""}
    assert grid == wanted


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["paint", "--help"], ["list", "-h"], ["export", "-h"]])
def test_help_shows_an_example(arguments):
    result = run(*arguments)
    assert result.exit_code == 0
    assert "diffpaint " in result.output
    assert "Usage:" in result.output


def test_the_version_is_the_packages():
    assert run("--version").output == f"diffpaint, version {diffpaint.__version__}\n"


def test_an_unknown_command_is_explained():
    result = run("pant")
    assert result.exit_code == 2
    assert "No such command 'pant'" in result.output


def test_the_program_itself_runs_and_shows_no_traceback(tmp_path):
    command = [sys.executable, "-m", "diffpaint", "paint", "gone.jpg", "-o", "a.png"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: no picture gone.jpg: there is no such file\n"
    assert done.stdout == ""
    assert files(tmp_path) == []
