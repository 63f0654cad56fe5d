"""The plugin template and the tutorial that types it out are the same, and both work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from importlib_metadata import EntryPoint

import diffpaint
from diffpaint.registry import GROUPS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "examples" / "plugin-template"
TUTORIAL = (ROOT / "docs" / "writing-a-plugin.md").read_text()
BLOCKS = dict(re.findall(r"^\*\*`([^`]+)`\*\*\n```\w+\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL))


def files():
    """The template's files, without what tools leave there."""
    found = (path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not re.search(r"(^|/)(\.|__pycache__|[^/]*egg-info)", str(path)))


@pytest.fixture
def copy(tmp_path):
    """The template outside of the repository, where no configuration of ours reaches it."""
    for file in files():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(TEMPLATE / file, tmp_path / file)
    return tmp_path


def test_the_tutorial_has_every_file():
    assert sorted(BLOCKS) == files()


@pytest.mark.parametrize("file", files())
def test_the_tutorial_shows_the_file_as_it_is(file):
    assert BLOCKS[file] == (TEMPLATE / file).read_text()


def test_the_tutorial_speaks_of_what_exists():
    names = set(re.findall(r"`diffpaint\.(\w+)", TUTORIAL)) - set(GROUPS)
    assert names - {"testing", "training"} <= set(diffpaint.__all__)


def test_the_template_passes_its_own_tests(copy):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d\d passed", done.stdout)


def test_the_template_registers_what_it_has(copy, monkeypatch):
    monkeypatch.syspath_prepend(str(copy))
    entry_points = tomllib.loads((copy / "pyproject.toml").read_text())["project"]["entry-points"]
    bases = {"diffpaint.renderers": diffpaint.StrokeRenderer, "diffpaint.objectives": diffpaint.Objective}
    try:
        for group, base in bases.items():
            (found,) = [EntryPoint(name, value, group).load() for name, value in entry_points[group].items()]
            assert issubclass(found, base)
    finally:
        for module in [name for name in sys.modules if name.partition(".")[0] == "diffpaint_dots"]:
            del sys.modules[module]
