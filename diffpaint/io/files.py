"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
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


def check_outputs(*paths: str | Path | None, inputs: Iterable[str | Path] = ()) -> None:
    """Check, before long work starts, that files can be written, and that none is written over another or an input.

    Args:
        paths: Of the files; None stands for one that nobody asked for.
        inputs: What is read, or the name of something that is no file.

    Raises:
        ValueError: As :func:`check_writable`; two of the paths are the same; or one is an input.
    """
    asked: list[Path] = []
    for path in (check_writable(path) for path in paths if path is not None):
        if path.resolve() in asked:
            raise ValueError(f"{path} would be written twice; name two files")
        asked.append(path.resolve())
        for given in map(Path, inputs):
            if path.exists() and given.exists() and path.samefile(given):
                raise ValueError(f"{path} is what is read; name another file to write")


def check_folder(path: str | Path) -> Path:
    """Check, before long work starts, that files can be written into a folder, which may yet have to be made.

    Raises:
        ValueError: There is a file in its place, or a folder on the way to it does not let us write.
    """
    path = Path(path)
    there = next(folder for folder in (path, *path.parents, Path()) if folder.exists())
    if not there.is_dir():
        raise ValueError(f"cannot write into {path}: {there} is a file; name a folder")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ValueError(f"cannot write into {path}: folder {there} is not writable ({error.strerror})") from error
    return path
