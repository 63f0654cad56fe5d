"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to; renamed to ``path`` on success, removed on any failure.

    The temporary name keeps the ending, so that writers which go by it do the right thing.

    Raises:
        OSError: The folder is missing or cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: str | Path) -> Path:
    """Check, before long work starts, that a file can be written at ``path``.

    Raises:
        ValueError: Its folder does not exist, does not let us write, or ``path`` is a folder itself.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"cannot write {path}: it is a folder; name a file in it")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f"cannot write {path}: folder {path.parent} is not writable ({error.strerror})") from error
    return path


def check_distinct(*paths: Path | None) -> None:
    """Check that no file would be written over by the next; None stands for one that nobody asked for.

    Raises:
        ValueError: Two of the paths are the same.
    """
    asked = [path.resolve() for path in paths if path is not None]
    for number, path in enumerate(asked):
        if path in asked[:number]:
            raise ValueError(f"{path} would be written twice; name two files")
