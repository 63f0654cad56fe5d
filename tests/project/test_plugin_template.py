"""The tutorial for plugins, followed literally: its files, its commands, its Python."""

import json
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diffpaint.registry import GROUPS

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples" / "plugin-template"
TUTORIAL = (ROOT / "docs" / "writing-a-plugin.md").read_text()
FILE = re.compile(r"^\*\*`([^`]+)`\*\*\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = dict(FILE.findall(TUTORIAL))
REST = FILE.sub("", TUTORIAL)
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", REST, re.MULTILINE | re.DOTALL)
PYTHON = [text for kind, text in BLOCKS if kind == "python"]
LINES = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
#: What makes folders and installs, or has a test of its own.
ELSEWHERE = ("mkdir ", "cd ", "pip ", "twine ", "python -m build", "python -m pytest", "diffpaint check ")
SMALL = ["--steps", "2", "--size", "48"]
CELLS = ["--grid", "2x2", "--pyramid", "1", "--strokes", "2"]
QUICK = {"steps=100": "steps=3", "rows=8, cols=12": "rows=2, cols=3"}  # in Python
#: One program after another in one process, since importing torch for each would take a minute.
FOLLOW = """
import json, runpy, sys
from diffpaint.cli.main import cli
for words in json.loads(sys.argv[1]):
    print("$", *words, flush=True)
    if words[0].endswith(".py"):
        runpy.run_path(words[0], run_name="__main__")
    elif status := cli.main(words[1:], words[0], standalone_mode=False):
        sys.exit(f"{words} exits with {status}")
"""


def files(folder):
    """The files of a package, without what tools leave there."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not re.search(r"(^|/)(\.|__pycache__|[^/]*egg-info)", str(path)))


def test_the_tutorial_types_every_file_as_the_template_has_it():
    assert sorted(FILES) == files(TEMPLATE)
    different = [file for file in FILES if FILES[file] != (TEMPLATE / file).read_text()]
    assert not different


def test_every_kind_has_one():
    groups = re.findall(r'^\[project\.entry-points\."diffpaint\.(\w+)"\]', FILES["pyproject.toml"], re.MULTILINE)
    assert groups == list(GROUPS)


def test_the_tutorial_speaks_of_what_exists():
    names = set(re.findall(r"(?<![\w/-])diffpaint(?:\.[A-Za-z]\w*)+", TUTORIAL))
    names -= {f"diffpaint.{group}" for group in GROUPS}
    assert len(names) > 30
    for name in names:
        pkgutil.resolve_name(name)  # raises what is missing
    for path in re.findall(r"`(diffpaint_\w+/\w+\.py)`", REST):
        assert (ROOT / "plugins" / path).exists()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """``world(argument, ...)``: runs Python where the tutorial's files are typed and installed, beside a photo."""
    folder = tmp_path_factory.mktemp("tutorial")
    for file, text in FILES.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)
    shutil.copy(ROOT / "tests" / "data" / "chelsea.jpg", folder / "photo.jpg")
    info = folder / "diffpaint_dots-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: diffpaint-dots\nVersion: 0.1.0\n")
    tables = re.findall(
        r'^\[project\.entry-points\."([\w.]+)"\]\n(.*?)\n\n', FILES["pyproject.toml"], re.MULTILINE | re.DOTALL
    )
    entries = "".join(f"[{group}]\n{lines}\n" for group, lines in tables)
    (info / "entry_points.txt").write_text(entries.replace('"', ""))

    def run(*arguments):
        environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    run.folder = folder
    return run


def test_its_own_tests_pass_without_a_warning(world):
    assert re.search(r"\d\d\d passed", world("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"))


def test_check_passes_by_what_the_readme_says(world):
    (line,) = [line for line in LINES if line.startswith("diffpaint check ")]
    assert f"`{line}`" in FILES["README.md"]
    shown = world("-m", *shlex.split(line))
    assert "all suites pass for diffpaint-dots" in shown
    for group in GROUPS:
        assert f"\n{group}: " in shown


def test_its_commands_run_as_they_stand(world):
    programs = []
    for line in LINES:
        words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]  # without its environment
        if not line.startswith(ELSEWHERE):
            paints = words[1] == "paint"
            programs.append(words + SMALL * paints + CELLS * (paints and "gradient" not in words))
    shown = dict(part.split("\n", 1) for part in world("-c", FOLLOW, json.dumps(programs)).split("$ ")[1:])
    assert {words[1] for words in programs} == {"list", "paint", "export", "train", "dots-count"}

    ours = [line for line in shown["diffpaint list"].splitlines() if line.endswith("[diffpaint-dots 0.1.0]")]
    assert len(ours) == 9
    assert not [line for line in ours if "broken:" in line]
    assert int(shown["diffpaint dots-count painting.json"]) > 0
    outputs = {words[words.index("-o") + 1] for words in programs if "-o" in words}
    assert len(outputs) >= 9
    assert all((world.folder / output).exists() for output in outputs)
    assert (world.folder / "run" / "weights.safetensors").exists()
    assert (world.folder / "strokes.tsv").read_text().startswith("x\ty\tradius\topacity\tred\tgreen\tblue")


def test_its_python_runs(world):
    for number, text in enumerate(PYTHON):
        for slow, quick in QUICK.items():
            text = text.replace(slow, quick)
        (world.folder / f"block{number}.py").write_text(text)
    world("-c", FOLLOW, json.dumps([[f"block{number}.py"] for number in range(len(PYTHON))]))
    assert len(PYTHON) >= 10
    saved = re.findall(r'(?:save|write_film)\("([^"]+)"', "".join(PYTHON))
    assert {"optimisation.gif", "earth.json", "panda.json"} <= set(saved)
    assert all((world.folder / output).exists() for output in saved)
