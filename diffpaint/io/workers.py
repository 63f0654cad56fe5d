"""Work shared among processes, any of which may be killed.

Pools of the standard library wait for ever for a worker that is gone, or cannot be ended before its work is. Here each
worker has a pipe of its own, which ends with it, and nothing that another one could wait for.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def shared_out(work: Callable[[Job], Result], jobs: Iterable[Job], processes: int) -> Generator[Result, None, None]:
    """Do jobs in several processes, each as soon as one is free; yields what they return, in the order they end.

    When the iterator is closed or raises, the processes are ended at once, in the midst of their work.

    Args:
        work: A function of a module, since the processes are spawned.
        jobs: What it is called with; none is None.
        processes: At most so many at once.

    Raises:
        ChildProcessError: One of them was killed, or crashed.
        Exception: What ``work`` raised.
    """
    with closing(outcomes(work, jobs, processes)) as done:
        for _, result in done:
            if isinstance(result, Exception):
                raise result
            yield result


def outcomes(
    work: Callable[[Job], Result], jobs: Iterable[Job], processes: int, patience: float = 0.0
) -> Generator[tuple[Job, Result | Exception], None, None]:
    """Like :func:`shared_out`, but a job that fails costs no other: yields each with what came of it.

    That is what ``work`` returned or raised, or a ChildProcessError where its process was killed or crashed; another
    process then takes its place.

    Args:
        work: As of :func:`shared_out`.
        jobs: Likewise.
        processes: Likewise.
        patience: Seconds that processes have when the iterator is closed or raises, to end by themselves: they get
            SIGTERM, which they otherwise leave to the parent.
    """
    context, waiting = multiprocessing.get_context("spawn"), iter(jobs)
    workers: dict[Any, tuple[Any, Any]] = {}  # a process and what it is at, by the pipe to it

    def start(job: Any) -> None:
        pipe, other = context.Pipe()
        process = context.Process(target=_worker, args=(work, job, other, patience > 0), daemon=True)
        workers[pipe] = process, job
        process.start()
        other.close()  # else it would not end with the worker

    try:
        for job in islice(waiting, processes):
            start(job)
        while workers:
            for pipe in wait(list(workers)):
                process, job = workers[pipe]
                done, following = _received(pipe, process), next(waiting, None)
                alive = _sent(pipe, following)
                if following is None or not alive:
                    process.join()
                    workers.pop(pipe)
                if following is not None and not alive:
                    start(following)
                elif following is not None:
                    workers[pipe] = process, following
                yield job, done
    finally:
        _end(workers, patience)


def _received(pipe: Any, process: Any) -> Any:
    """What a worker made of its job."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        process.join()
        return ChildProcessError(_why(process.exitcode))


def _sent(pipe: Any, job: Any) -> bool:
    """Whether a worker is there to take a job; None lets it go."""
    try:
        pipe.send(job)
    except OSError:
        return False
    return True


def _end(workers: dict[Any, tuple[Any, Any]], patience: float) -> None:
    running = [process for process, _ in workers.values() if process.pid]
    try:
        for process in running if patience else ():
            process.terminate()
        for pipe in workers:
            pipe.close()  # who is done waits for no further job
        for process in running if patience else ():
            process.join(patience)
    finally:
        for process in running:
            process.kill()
            process.join()


def _why(code: int) -> str:
    if code >= 0:
        return f"one of the processes ended by itself, with exit code {code}"
    name = signal.Signals(-code).name
    memory = ", as happens when memory runs out; fewer processes take less" if name == "SIGKILL" else ""
    return f"one of the processes was ended by {name}{memory}"


def _worker(work: Callable[[Any], Any], job: Any, pipe: Connection, ends_by_itself: bool) -> None:
    """Leave signals to the parent, and end when it does, however that happens."""
    for name in ("SIGINT", "SIGHUP", *(() if ends_by_itself else ("SIGTERM",))):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while job is not None:
        try:
            done = work(job)
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
