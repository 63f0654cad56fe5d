"""``diffpaint check``: the suites over what a package registers."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from diffpaint.cli.check import registered
from diffpaint.cli.main import cli

GOOD = '''
from diffpaint.testing.parts import Marks

class Good(Marks):
    """Marks."""
'''
BAD = '''
import torch
from diffpaint import Objective, Renderer

class Bad(Renderer):
    """Forgets an action, and goes beyond 1."""

    action_names = ("x", "forgotten")

    def __init__(self, size=(8, 8)):
        super().__init__()
        self.size = tuple(size)

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas) * 1.5 * actions[:, :1, :1, None]

class Odd(Objective):
    """Needs a number."""

    def __init__(self, number: float):
        super().__init__()
        self.number = number

    def forward(self, canvas):
        return self.number * canvas.mean()
'''


@pytest.fixture
def package(tmp_path):
    """``package(source, entry points)``: a distribution diffpaint-brought that is installed where pytest is not."""

    def install(source, entries):
        (tmp_path / "brought.py").write_text(source)
        info = tmp_path / "diffpaint_brought-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: diffpaint-brought\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entries)

        def check(*arguments):
            path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
            command = [sys.executable, "-m", "diffpaint", "check", *arguments]
            environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
            return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)

        return check

    return install


@pytest.mark.parametrize("name", ["diffpaint-cppn", "diffpaint_cppn"])
def test_a_distribution_is_known_by_its_module_too(name):
    found = [entry.value for entry in registered("renderers", name)]
    assert found == (["diffpaint_cppn:CPPN"] if "_" in name else [])
    assert len(registered("renderers", "diffpaint")) >= 7


def test_a_package_without_faults_passes(package):
    done = package(GOOD, "[diffpaint.renderers]\ngood = brought:Good\n")("brought")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all suites pass for" in done.stdout
    assert " passed" in done.stdout


def test_faults_are_printed_and_the_exit_code_is_1(package):
    done = package(BAD, "[diffpaint.renderers]\nbad = brought:Bad\n")("diffpaint-brought")
    assert done.returncode == 1
    assert "no gradient reaches forgotten" in done.stdout
    assert "goes up to 1.5" in done.stdout
    assert "all suites pass" not in done.stdout


def test_what_cannot_be_made_without_options_says_which(package):
    check = package(BAD, "[diffpaint.objectives]\nodd = brought:Odd\n")
    done = check("diffpaint-brought")
    assert done.returncode == 2
    assert 'objective odd needs number: --with "odd(number=...)"' in done.stderr
    done = check("diffpaint-brought", "--with", "odd(number=2.0)")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_plugin_that_is_broken_says_why(package):
    done = package("raise RuntimeError('no brush')", "[diffpaint.renderers]\nbad = brought:Bad\n")("brought")
    assert done.returncode == 2
    assert "RuntimeError: no brush" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing-of-ours"], "registers no plugin of diffpaint"),
        (["diffpaint_cppn", "--with", "nothing(a=1)"], "registers no such plugin"),
        (["diffpaint_cppn", "--with", "cppn(a="], "a value is missing"),
    ],
)
def test_mistakes_are_one_line(arguments, said):
    done = CliRunner().invoke(cli, ["check", *arguments])
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.splitlines()) == 1


def test_options_go_to_those_of_a_name_that_take_them(package):
    entries = "[diffpaint.renderers]\ngood = brought:Good\n\n[diffpaint.objectives]\ngood = brought:Odd\n"
    check = package(GOOD + BAD, entries)
    done = check("brought", "--with", "good(number=2.0)")
    assert done.returncode == 0, done.stdout + done.stderr
    done = check("brought", "--with", "good(number=2.0, size=3, tail=1)")
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: --with good: it does not take number, size, tail together"
