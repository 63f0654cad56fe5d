"""Ctrl-C that lets the step under way finish."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TOGETHER = 0.5  # s in which signals count as one: wrappers send several
_under_way: dict[threading.Event, float] = {}  # the outermost loop's event, and when a signal set it
raised = threading.Event()  # once Interrupted was, with no loop under way, until whoever handles signals clears it


class Interrupted(KeyboardInterrupt):
    """KeyboardInterrupt that is sure to come from a signal."""


@contextmanager
def catch_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; a loop looks at it between steps. The second Ctrl-C interrupts at once.

    Loops within one another share the event, as do threads. A SIGINT that is ignored, as in a shell's background, is.
    """
    if _under_way or threading.current_thread() is not threading.main_thread():  # signals reach no other
        yield next(iter(_under_way), threading.Event())
        return
    heed()
    before, event = signal.getsignal(signal.SIGINT), threading.Event()
    _under_way[event] = -math.inf
    try:
        if before != signal.SIG_IGN:
            signal.signal(signal.SIGINT, interrupt)
        yield event
    finally:
        _under_way.clear()
        signal.signal(signal.SIGINT, before)


def asked_to_end() -> bool:
    """Whether the loop under way has heard Ctrl-C, for long work within it that can end early."""
    return any(event.is_set() for event in _under_way)


def interrupt(*_: object) -> None:
    """Handle a signal as Ctrl-C: set the event of the loop under way; Interrupted if there is none, or it is set."""
    for event, when in _under_way.items():
        if not event.is_set():
            _under_way[event] = time.monotonic()
            return event.set()
        if time.monotonic() - when < TOGETHER:
            return None
    if not _under_way:
        raised.set()
    raise Interrupted


def heed() -> None:
    """Raise Interrupted again if it was raised and lost, as happens within imports and destructors."""
    if raised.is_set():
        raise Interrupted
