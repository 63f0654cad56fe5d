"""Calls of the engine that Ctrl-C waits for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from diffpaint.io.interrupt import catch_interrupt

Call = TypeVar("Call", bound=Callable[..., Any])


def uninterrupted(call: Call) -> Call:
    """Let Ctrl-C wait for the end of a call; raised within the engine's callbacks, KeyboardInterrupt would be lost."""

    @functools.wraps(call)
    def called(*args: Any, **named: Any) -> Any:
        with catch_interrupt() as interrupt:
            result = call(*args, **named)
        if interrupt.is_set():
            raise KeyboardInterrupt
        return result

    return called  # pyright: ignore[reportReturnType], of the same signature
