"""The tutorial for plugins, followed literally: its files, its commands, its Python."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import diffpaint

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples" / "plugin-template"
TUTORIAL = (ROOT / "docs" / "writing-a-plugin.md").read_text()
BLOCKS = dict(re.findall(r"^\*\*`([^`]+)`\*\*\n```\w+\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL))
REST = re.sub(r"^\*\*`[^`]+`\*\*\n```\w+\n.*?^```$", "", TUTORIAL, flags=re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", REST, re.MULTILINE | re.DOTALL)
SHELL = re.findall(r"^```bash\n(.*?)^```$", REST, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in SHELL for line in block.splitlines()]
#: Of another machine's doing: folders and packages.
ELSEWHERE = ("mkdir", "cd", "pip", "twine", "python -m build", "python -m pytest", "diffpaint check")
QUICK = {"diffpaint paint": "--steps 2 --size 48 --grid 2x2 --pyramid 1 --strokes 2"}


def files(folder):
    """The files of a package, without what tools leave there."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not re.search(r"(^|/)(\.|__pycache__|[^/]*egg-info)", str(path)))


def test_the_tutorial_types_every_file_as_the_template_has_it():
    assert sorted(BLOCKS) == files(TEMPLATE)
    different = [file for file in BLOCKS if BLOCKS[file] != (TEMPLATE / file).read_text()]
    assert not different


def test_the_tutorial_speaks_of_what_exists():
    groups = {f"{group}" for group in diffpaint.registry.GROUPS}
    modules = {path.stem for path in (ROOT / "diffpaint").iterdir()}
    names = set(re.findall(r"`diffpaint\.(\w+)", TUTORIAL)) - groups
    assert names <= set(diffpaint.__all__) | modules


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """``world(program, ...)``: runs it where the tutorial's files are typed and installed, beside a photo."""
    folder = tmp_path_factory.mktemp("tutorial")
    for file, text in BLOCKS.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)
    shutil.copy(ROOT / "tests" / "data" / "chelsea.jpg", folder / "photo.jpg")
    info = folder / "diffpaint_dots-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: diffpaint-dots\nVersion: 0.1.0\n")
    groups = re.findall(
        r'^\[project\.entry-points\."([\w.]+)"\]\n(.*?)(?=^$|\Z)', BLOCKS["pyproject.toml"], re.MULTILINE | re.DOTALL
    )
    entries = "".join(f"[{group}]\n{lines}\n" for group, lines in groups).replace('"', "")
    (info / "entry_points.txt").write_text(entries)

    def run(*program):
        environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, *program], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{shlex.join(program)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run.folder = folder
    return run


def test_its_own_tests_pass(world):
    assert re.search(r"\d\d passed", world("-m", "pytest", "-q", "-p", "no:cacheprovider"))


def test_check_passes(world):
    (command,) = [line for line in COMMANDS if line.startswith("diffpaint check")]
    shown = world("-m", *shlex.split(command))
    assert "all suites pass for diffpaint-dots" in shown
    assert shown.count(": ") >= 9


def test_everything_is_listed_without_a_problem(world):
    lines = [line for line in world("-m", "diffpaint", "list").splitlines() if "[diffpaint-dots 0.1.0]" in line]
    assert len(lines) == 9
    assert not [line for line in lines if "broken:" in line]


def test_its_commands_run_as_they_stand(world):
    ran = 0
    for line in COMMANDS:
        if line.startswith(ELSEWHERE) or line == "diffpaint list":
            continue
        words = [word for word in shlex.split(line) if not word.startswith("PYTHONPATH=")]
        for start, more in QUICK.items():
            words += shlex.split(more) if " ".join(words).startswith(start) else []
        shown = world("-m", *words)
        ran += 1
        if words[1] == "dots-count":
            assert int(shown) > 0
    assert ran >= 8
    written = {path.name for path in world.folder.iterdir()}
    assert {"painting.png", "bare.png", "hatched.png", "spots.png", "strokes.csv", "run"} <= written
    header = (world.folder / "strokes.csv").read_text().partition("\n")[0]
    assert header.strip() == "x,y,radius,opacity,red,green,blue"


def test_its_python_runs(world):
    for number, block in enumerate(PYTHON):
        quick = re.sub(r"steps=(60|100)", "steps=3", block.replace("rows=8, cols=12", "rows=2, cols=3"))
        (world.folder / f"block{number}.py").write_text(quick)
        world(f"block{number}.py")
    assert len(PYTHON) >= 7
    written = {path.name for path in world.folder.iterdir()}
    assert {"lbfgs.png", "optimisation.gif", "panda.json"} <= written
