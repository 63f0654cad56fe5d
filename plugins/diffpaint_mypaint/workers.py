"""Work shared among processes, any of which may be killed.

Pools of the standard library wait for ever for a worker that is gone, or cannot be ended before its work is. Here each
worker has a pipe of its own, which ends with it, and nothing that another one could wait for.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

T = TypeVar("T")


def shared_out(work: Callable[[T], int], jobs: Iterable[T], processes: int) -> Generator[int, None, None]:
    """Do jobs in several processes, each as soon as one is free; yields what they return, in the order they end.

    When the iterator is closed or raises, the processes are ended at once, in the midst of their work.

    Args:
        work: A function of a module, since the processes are spawned.
        jobs: What it is called with.
        processes: At most so many at once.

    Raises:
        ChildProcessError: One of them was killed, or crashed.
        Exception: What ``work`` raised.
    """
    context, waiting = multiprocessing.get_context("spawn"), iter(jobs)
    workers: dict[Any, Any] = {}  # by the pipe to each
    try:
        for job in islice(waiting, processes):
            pipe, other = context.Pipe()
            workers[pipe] = context.Process(target=_worker, args=(work, job, other), daemon=True)
            workers[pipe].start()
            other.close()  # else it would not end with the worker
        while workers:
            for pipe in wait(list(workers)):
                yield _exchanged(pipe, workers, waiting)
    finally:
        for worker in workers.values():
            if worker.pid:
                worker.kill()
                worker.join()


def _exchanged(pipe: Any, workers: dict[Any, Any], waiting: Iterator[Any]) -> int:
    """Take what a worker did, and give it the next job, or let it go."""
    try:
        done = pipe.recv()
        job = next(waiting, None)
        pipe.send(job)
    except (EOFError, OSError):
        workers[pipe].join()
        raise ChildProcessError(_why(workers[pipe].exitcode)) from None
    if job is None:
        workers.pop(pipe).join()
    if isinstance(done, Exception):
        raise done
    return done


def _why(code: int) -> str:
    if code >= 0:
        return f"one of the processes ended by itself, with exit code {code}"
    name = signal.Signals(-code).name
    memory = ", as happens when memory runs out; fewer processes take less" if name == "SIGKILL" else ""
    return f"one of the processes was ended by {name}{memory}"


def _worker(work: Callable[[Any], int], job: Any, pipe: Connection) -> None:
    """Leave signals to the parent, and end when it does, however that happens."""
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while job is not None:
        try:
            done: int | Exception = work(job)
        except Exception as error:
            done = error
        try:
            pipe.send(done)
            job = pipe.recv()
        except (EOFError, OSError):  # the parent is gone
            return


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
