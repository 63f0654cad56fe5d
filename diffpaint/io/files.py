"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST_NAME = 255  # bytes, of most file systems


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to; renamed to ``path`` on success, removed on any failure.

    The temporary name is short, and keeps the ending, so that writers which go by it do the right thing. Where ``path``
    is a link, what it leads to is replaced, and a file that is replaced leaves its permissions to the new one.

    Raises:
        OSError: The folder is missing or cannot be written, or the file is write-protected.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected", str(path))
    temporary = target.with_name(f"{_mark(target)}{secrets.token_hex(4)}.tmp{target.suffix}")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        if error.errno and error.filename in (None, str(temporary)):  # nobody knows that name
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def clear_leftovers(path: str | Path) -> None:
    """Remove what :func:`replacing` left beside ``path`` when it was killed; for those who hold the lock on it."""
    target = Path(os.path.realpath(path))
    for temporary in target.parent.glob(f"{_mark(target)}*.tmp*"):
        temporary.unlink(missing_ok=True)


def _mark(target: Path) -> str:
    """How the names of its temporary files begin."""
    return f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]}-"


def beside(path: Path, ending: str) -> Path:
    """``path`` with ``ending`` after its name, or after a digest where that is too long for a file system."""
    name = f"{path.name}{ending}"
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return path.with_name(name)
    return path.with_name(f"{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}{ending}")


def check_writable(path: str | Path) -> Path:
    """Check, before long work starts, that a file can be written at ``path``.

    Raises:
        ValueError: Its name is too long, its folder does not exist or does not let us write, it is write-protected, or
            ``path`` is a folder or device itself.
    """
    path = Path(path)
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError(f"cannot write {path}: its name is too long for this file system") from None
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ValueError(f"cannot write {path}: it is a folder; name a file in it")
    if not target.parent.is_dir():
        folder = target.parent if path.is_symlink() else path.parent
        raise ValueError(f"cannot write {path}: there is no folder {folder}; make it first")
    if target.exists() and not target.is_file():
        raise ValueError(f"cannot write {path}: it is no regular file; name another")
    if target.exists() and not os.access(target, os.W_OK):
        raise ValueError(f"cannot write {path}: it is write-protected; name another file, or let it be written")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise ValueError(f"cannot write {path}: folder {target.parent} is not writable ({error.strerror})") from error
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
            if path.exists() and os.path.exists(given) and path.samefile(given):
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
