"""Names that come out of files: they find what is registered, and never name code as ``package:attribute`` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_reading: ContextVar[bool] = ContextVar("reading", default=False)


@contextmanager
def names_of_a_file(are_they: bool = True) -> Iterator[None]:
    """While this lasts, names come out of a file, at whatever depth and through whatever plugin they are loaded."""
    token = _reading.set(are_they or _reading.get())
    try:
        yield
    finally:
        _reading.reset(token)


def check_typed(what: str) -> None:
    """Check that a person named code that is about to be imported, such as ``package:attribute``.

    Args:
        what: For the error.

    Raises:
        ValueError: A file did.
    """
    if _reading.get():
        raise ValueError(f"{what} stands in a file, which may only name what is registered; make it and pass it")
