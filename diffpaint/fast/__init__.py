"""Kernels: what painting on a CPU spends its time on, compiled by numba where the extra ``fast`` is installed.

They do what torch does elsewhere, for 32-bit numbers on the CPU, in a fraction of the time: a stroke is drawn and laid
where it is, and its maps do not pass through memory again and again. Compiled code is kept on disk for the next run.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")
PARTS = 4  # that each thread is given, so that none waits long for another
#: Options of ``numba.njit`` for what kernels call: sums have no order, numbers that are not finite stay so. All of it
#: becomes part of the kernel, or which of several compiled copies runs, and so the last bits, would be left to chance.
INNER: dict[str, Any] = {
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "forceinline": True,
}
#: And for kernels, beside which other threads go on.
KERNEL: dict[str, Any] = {**INNER, "forceinline": False, "nogil": True, "cache": True}


@functools.cache
def installed() -> bool:
    """Whether numba is there."""
    return importlib.util.find_spec("numba") is not None


def takes(*tensors: Tensor) -> bool:
    """Whether kernels can work on these: plain tensors of 32-bit floats on the CPU, and numba is there."""
    return installed() and all(
        type(part) in (Tensor, torch.nn.Parameter) and part.dtype == torch.float32 and part.device.type == "cpu"
        for part in tensors
    )


def share_out(work: Callable[[int, int], Result], count: int) -> list[Result]:
    """``work(first, last)`` for parts of ``range(count)``, on as many threads as torch computes with, in order."""
    threads = torch.get_num_threads()
    if threads < 2:
        return [work(0, count)]
    ends = [round(count * part / (threads * PARTS)) for part in range(threads * PARTS + 1)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, ends[:-1], ends[1:]))
