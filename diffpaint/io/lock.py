"""Locks: of two runs that would write the same, one is refused."""

from __future__ import annotations

import errno
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 1.0  # s: processes whose parent was killed take a moment to end
TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: str | Path, what: str) -> Iterator[None]:
    """Hold the lock file ``path``, which is there for as long as it is held.

    The system gives it back when its holder dies, however that happens: the file alone means nothing. Where a file
    system knows no locks, there is a warning, and none.

    Args:
        path: Of the lock file; its folder exists.
        what: That is locked, for the error.

    Raises:
        ValueError: Somebody else holds it.
        OSError: The file cannot be made.
    """
    file = _open(Path(path), what)
    try:
        yield
    finally:
        if sys.platform == "win32":  # where an open file cannot be removed
            os.close(file)
        with suppress(OSError):
            os.unlink(path)
        if sys.platform != "win32":
            os.close(file)


@contextmanager
def locked_folder(path: Path) -> Iterator[None]:
    """Make a folder and hold its lock; folders that were made and are still empty at the end are removed.

    Raises:
        ValueError: Somebody else holds it.
        OSError: It cannot be made.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        with locked(path / ".lock", str(path)):
            yield
    finally:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _open(path: Path, what: str) -> int:
    """The lock file, open and locked."""
    until = time.monotonic() + PATIENCE
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(file)
        except OSError as error:
            if error.errno in TAKEN:
                os.close(file)
                if time.monotonic() < until:
                    time.sleep(0.05)
                    continue
                raise ValueError(
                    f"another run is at work on {what}; wait for its end, or name another output"
                ) from None
            warnings.warn(f"{what} is not locked against other runs: {error.strerror}", stacklevel=4)
            return file
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        os.close(file)  # its last holder removed it between our two steps
