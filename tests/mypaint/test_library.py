"""Finding the engine, and what is said where there is none."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import diffpaint
from diffpaint.registry import GROUPS, names
from diffpaint_mypaint import EngineMissing, engine_version, libmypaint, read_brush

INSTALLS = ("apt install libmypaint-1.5-1", "brew install libmypaint", "pacman -S mingw-w64-x86_64-libmypaint")

WITHOUT_ENGINE = """
import json, sys
from click.testing import CliRunner
from diffpaint.cli.main import cli
results = [CliRunner().invoke(cli, arguments) for arguments in json.loads(sys.argv[1])]
print(json.dumps([[result.exit_code, result.output] for result in results]))
"""


@pytest.fixture(scope="module")
def without_engine(tmp_path_factory):
    """A folder, and {command: (exit code, output)} of a process whose libmypaint is missing."""
    folder = tmp_path_factory.mktemp("without")
    renderer = diffpaint.load_renderer("neural-splat", size=(16, 16))
    painting = diffpaint.paint(renderer, diffpaint.Pixel(renderer.initial(1, 1).new_zeros(1, 3, 16, 16)), steps=1)
    painting.save(folder / "painting.json")
    commands = {
        "strokes": ["strokes", "-n", "10", "-o", str(folder / "strokes")],
        "replay": ["replay", str(folder / "painting.json"), "-o", str(folder / "real.png")],
        "evaluate": ["evaluate", "neural-splat"],
        "list": ["list"],
    }
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT_ENGINE, json.dumps(list(commands.values()))],
        env=os.environ | {"LIBMYPAINT": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return folder, dict(zip(commands, json.loads(process.stdout), strict=True))


@pytest.mark.parametrize("command", ["strokes", "replay", "evaluate"])
@pytest.mark.usefixtures("engine")
def test_without_the_engine_a_command_says_in_one_line_how_to_install_it(without_engine, command):
    code, output = without_engine[1][command]
    assert code == 2
    assert output.count("\n") == 1, output
    assert output.startswith("Error: LIBMYPAINT=/nonexistent cannot be loaded; ")
    for install in INSTALLS:
        assert install in output


def test_without_the_engine_nothing_is_written(without_engine):
    assert [path.name for path in without_engine[0].iterdir()] == ["painting.json"]


def test_without_the_engine_everything_is_still_listed(without_engine):
    code, output = without_engine[1]["list"]
    assert code == 0
    assert "broken" not in output
    listed = {line.split()[0] for line in output.splitlines() if line.startswith("  ")}
    assert listed == {name for group in GROUPS for name in names(group)}


@pytest.mark.usefixtures("engine")
def test_LIBMYPAINT_names_the_library(monkeypatch):
    monkeypatch.setenv("LIBMYPAINT", libmypaint()._name)
    assert libmypaint.__wrapped__()._name == libmypaint()._name
    assert "mypaint" in engine_version()
    assert "/" not in engine_version()


def test_LIBMYPAINT_is_used_alone(monkeypatch):
    monkeypatch.setenv("LIBMYPAINT", "/nonexistent/libmypaint.so")
    with pytest.raises(EngineMissing, match=r"LIBMYPAINT=/nonexistent/libmypaint\.so cannot be loaded"):
        libmypaint.__wrapped__()


def test_another_library_in_the_place_of_libmypaint_is_refused(monkeypatch):
    monkeypatch.setenv("LIBMYPAINT", np.random.mtrand.__file__)
    with pytest.raises(EngineMissing, match="LIBMYPAINT"):
        libmypaint.__wrapped__()


def test_a_folder_of_brushes_that_does_not_exist_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MYPAINT_BRUSHES", str(tmp_path / "nowhere"))
    with pytest.raises(EngineMissing, match="nowhere"):
        read_brush("classic/dry_brush")
