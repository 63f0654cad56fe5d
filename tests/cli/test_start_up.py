"""The command line starts fast: help and version import neither torch nor a plugin."""

import json
import subprocess
import sys

import pytest

import diffpaint
from diffpaint.registry import GROUPS, names

LOADED = """
import sys
sys.argv = ["diffpaint", {argument!r}]
try:
    from diffpaint.cli.main import main
    main()
finally:
    heavy = [name for name in sys.modules if name == "torch" or name.startswith("diffpaint_")]
    print("LOADED", heavy)
"""


def program(argument):
    code = LOADED.format(argument=argument)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("argument", ["--help", "--version", "-h"])
def test_help_and_version_import_neither_torch_nor_a_plugin(argument):
    shown = program(argument)
    assert "LOADED []" in shown
    assert ("Paint PHOTO with brushstrokes" in shown) == (argument != "--version")


def test_help_lists_every_command_with_what_it_does():
    lines = program("--help").partition("Commands:")[2].splitlines()
    for name in names("commands"):
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert len(line.split()) > 3
        assert "(broken)" not in line


def test_importing_diffpaint_imports_torch_when_something_is_asked_for():
    code = "import sys, diffpaint; assert 'torch' not in sys.modules; diffpaint.Renderer; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names_are_few_and_all_are_there():
    assert len(diffpaint.__all__) <= 26
    assert all(getattr(diffpaint, name) is not None for name in diffpaint.__all__)
    assert sorted(set(dir(diffpaint)) & set(diffpaint.__all__)) == sorted(diffpaint.__all__)


def test_list_as_json_has_every_plugin():
    done = subprocess.run(
        [sys.executable, "-m", "diffpaint", "list", "--json"], capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout)
    assert {tuple(row) for row in rows} == {("name", "group", "distribution", "version", "problem")}
    assert {(row["group"], row["name"]) for row in rows} == {(group, name) for group in GROUPS for name in names(group)}
    ours = [row for row in rows if row["distribution"] == "diffpaint"]
    assert [row for row in ours if row["problem"]] == []
    assert {row["version"] for row in ours} == {diffpaint.__version__}
