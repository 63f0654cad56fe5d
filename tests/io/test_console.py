"""What is said on stderr, where nobody can hear it."""

import io
import sys

import click
import pytest
from tqdm import tqdm

from diffpaint.io.console import stderr


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, Full(), closed()], ids=["none", "full", "closed"])
def test_what_cannot_be_said_is_forgotten(stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    quiet = stderr()
    assert list(tqdm(range(3), file=quiet)) == [0, 1, 2]
    tqdm.write("hello", file=quiet)
    monkeypatch.setattr(sys, "stderr", quiet)
    assert stderr() is quiet
    click.echo("hello", err=True)
    print("hello", file=quiet, flush=True)


def test_all_else_is_said(capsys):
    print("hello", file=stderr())
    assert capsys.readouterr().err == "hello\n"
