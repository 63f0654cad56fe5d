"""Names that come out of files: they find what is registered, and name no other code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_trusted: ContextVar[frozenset[str] | None] = ContextVar("trusted", default=None)  # None: a person types


@contextmanager
def names_of_a_file(are_they: bool = True, trusted: Collection[str] = ()) -> Iterator[None]:
    """While this lasts, names come out of a file, at whatever depth and through whatever plugin they are loaded.

    Painting.load, and whatever else reads a file, begins one itself. Around it, ``trusted`` adds to what it allows::

        with names_of_a_file(trusted=["my_shapes:Shapes"]):
            painting = Painting.load("painting.json")

    Args:
        are_they: False changes nothing.
        trusted: Names, ``package:attribute`` each, that a person has allowed the file to import.
    """
    token = _trusted.set((_trusted.get() or frozenset()) | frozenset(trusted) if are_they else _trusted.get())
    try:
        yield
    finally:
        _trusted.reset(token)


def check_typed(name: str, registered: Iterable[str], what: str) -> None:
    """Check that it is a person that names code which is about to be imported, or a file that may.

    Args:
        name: ``package:attribute``.
        registered: What plugins register.
        what: For the error.

    Raises:
        ValueError: It stands in a file, is not registered, and nobody trusts it.
    """
    trusted = _trusted.get()
    if trusted is not None and name not in trusted and name not in registered:
        raise ValueError(f"{what} stands in a file, is registered by no plugin, and not among what you trust")
