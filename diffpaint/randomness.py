"""Randomness as a function of a seed, which nobody else notices."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_lock = threading.RLock()  # the generators are the process's: threads take turns with them


@contextmanager
def seeded(*seed: int) -> Iterator[None]:
    """Seed every generator that plugins may draw from, torch's, numpy's and Python's, and put them back at the end.

    What is random about a step then depends on seed and step alone: a resumed run needs no state of any generator.
    """
    with _lock, torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        others = random.getstate(), np.random.get_state()
        try:
            mixed = int(np.random.SeedSequence(seed).generate_state(1)[0])
            torch.manual_seed(mixed)
            np.random.seed(mixed)
            random.seed(mixed)
            yield
        finally:
            random.setstate(others[0])
            np.random.set_state(others[1])
