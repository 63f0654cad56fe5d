"""Saying how it goes, on stderr, which is never a reason to fail."""

from __future__ import annotations

import io
import sys
from typing import Any, TextIO, cast


def stderr() -> TextIO:
    """``sys.stderr``, but what cannot be written there, since it is closed or full or nobody reads it, is forgotten."""
    if isinstance(sys.stderr, _Forgiving):
        return cast(TextIO, sys.stderr)
    return cast(TextIO, _Forgiving(sys.stderr))


class _Nowhere(io.TextIOBase):
    def write(self, text: str, /) -> int:
        """Forget it."""
        return len(text)


class _Forgiving:
    """A stream, or none, that falls silent where it cannot be written."""

    def __init__(self, stream: TextIO | None):
        self._stream = _Nowhere() if stream is None else stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, and see that it arrives."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: of a closed file
            self._stream = _Nowhere()
        return len(text)

    def flush(self) -> None:
        """Nothing is left to flush."""
