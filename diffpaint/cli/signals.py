"""Signals that ask the program to end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..io.interrupt import TOGETHER, interrupt, raised

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def endings() -> Iterator[list[int]]:
    """Hear SIGTERM and SIGHUP as Ctrl-C, but for those that are ignored, as under nohup; gives those that came."""
    came: list[int] = []
    last = 0.0

    def handle(number: int, _frame: object) -> None:
        nonlocal last
        together, last = bool(came) and time.monotonic() - last < TOGETHER, time.monotonic()
        if not together:
            came.append(number)
            interrupt()

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        wanted = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, handle) for number in wanted}
    try:
        yield came
    finally:
        raised.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
