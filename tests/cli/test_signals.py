"""SIGTERM and SIGHUP as Ctrl-C, at every stage; and a stderr that cannot be written."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import click
import pytest
from click.testing import CliRunner
from painted import PHOTO, SMALL, files, paint

from diffpaint import Pixel
from diffpaint.cli.main import PluginGroup
from diffpaint.io.document import read_document
from diffpaint.painting import Painting

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ending(Pixel):
    """Pixel; while the second canvas is scored, a signal comes, twice at once."""

    number = signal.SIGTERM
    calls = 0

    def forward(self, canvas):
        Ending.calls += 1
        for _ in range(2 if Ending.calls == 2 else 0):
            signal.raise_signal(Ending.number)
        return super().forward(canvas)


ENDING = ("--objective", f"{__name__}:Ending", "--steps", "4")


def group(callback):
    """The program with one command."""
    program = PluginGroup("diffpaint")
    program.get_command = lambda ctx, name: click.Command("do", callback=callback)
    return lambda: CliRunner().invoke(program, ["do"])


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_painting_as_ctrl_c_does(tmp_path, number):
    before = signal.getsignal(number)
    Ending.number, Ending.calls = number, 0
    result = paint(tmp_path / "a.png", *ENDING)
    assert result.exit_code == 128 + number, result.output
    assert "interrupted after 2 of 4 steps" in result.stderr
    assert files(tmp_path) == ["a.json", "a.png", "a.png.ckpt"]
    assert read_document(tmp_path / "a.json")["interrupted"]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_outside_of_all_loops_ends_a_command_at_once(number):
    result = group(lambda: signal.raise_signal(number))()
    assert result.exit_code == 128 + number
    assert result.stderr == "interrupted\n"


def test_one_that_was_swallowed_is_heard_by_the_next_loop(tmp_path, monkeypatch):
    """As in an import, or where an object is destroyed."""

    class Deaf(Pixel):
        def __init__(self, target):
            super().__init__(target)
            with suppress(BaseException):
                signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(sys.modules[__name__], "Deaf", Deaf, raising=False)
    result = paint(tmp_path / "a.png", "--objective", f"{__name__}:Deaf")
    assert result.exit_code == 143, result.output
    assert files(tmp_path) == ["a.png.ckpt"]


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert group(lambda: signal.raise_signal(signal.SIGTERM))().exit_code == 0
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_import_that_a_signal_ends_is_no_broken_plugin(monkeypatch, tmp_path):
    (tmp_path / "ending.py").write_text("import signal\nsignal.raise_signal(signal.SIGTERM)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    result = paint(tmp_path / "a.png", "--objective", "ending:Objective")
    assert result.exit_code == 143, result.output


def test_one_after_the_last_step_writes_the_painting_all_the_same(tmp_path, monkeypatch):
    draw = Painting.rendered_by

    def ending(painting, renderer):
        signal.raise_signal(signal.SIGTERM)
        return draw(painting, renderer)

    monkeypatch.setattr(Painting, "rendered_by", ending)
    result = paint(tmp_path / "a.png", "--objective", "pixel")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == ["a.json", "a.png"]
    assert not read_document(tmp_path / "a.json")["interrupted"]


@pytest.mark.skipif(os.name != "posix", reason="streams of the shell")
def test_streams_that_are_closed_lose_nothing(tmp_path):
    program = [sys.executable, "-m", "diffpaint", "paint", str(PHOTO), "-o", "a.png", *SMALL, "--objective", "pixel"]
    shell = ["sh", "-c", '"$@" >&- 2>&-', "sh", *program]
    assert subprocess.run(shell, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}).returncode == 0
    assert files(tmp_path) == ["a.json", "a.png"]
