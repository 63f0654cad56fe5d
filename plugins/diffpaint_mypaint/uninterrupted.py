"""Calls of the engine that Ctrl-C waits for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from diffpaint.interrupt import catch_interrupt

Given, Result = ParamSpec("Given"), TypeVar("Result")


def uninterrupted(call: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let Ctrl-C wait for the end of a call; raised within the engine's callbacks, KeyboardInterrupt would be lost."""

    @functools.wraps(call)
    def called(*args: Given.args, **named: Given.kwargs) -> Result:
        with catch_interrupt() as interrupt:
            result = call(*args, **named)
        if interrupt.is_set():
            raise KeyboardInterrupt
        return result

    return called
