"""Work shared among the machines of a Ray cluster, any of which may be lost."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from .brief import brief

Job = TypeVar("Job")
Result = TypeVar("Result")
TRIES = 4  # of a job whose worker is lost
REACHED = 5.0  # s, within which a cluster answers
AUTO = "auto"


def outcomes_on(
    address: str,
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    again: Callable[[Job], Job] = lambda job: job,
    patience: float = 0.0,
) -> Generator[tuple[Job, Result | Exception], None, None]:
    """Do jobs on a Ray cluster, each on one core, in the folder of this process; see :func:`~.workers.outcomes`.

    Files are shared: machines see the same folders under the same names. A job whose worker is killed, or whose machine
    is lost, is done anew by another one.

    Args:
        address: Of the cluster, ``HOST:PORT``; or ``auto``, the one that runs on this machine.
        work: A function of an importable module.
        jobs: What it is called with.
        again: What a job becomes that is done anew.
        patience: Seconds that jobs have to end by themselves, when the iterator is closed or raises.

    Yields:
        Each job and what ``work`` returned or raised, or a ChildProcessError where its workers were lost again and
        again; in the order they end.

    Raises:
        ValueError: Ray is not installed, or there is no cluster.
    """
    ray = check_cluster(address)
    _connect(ray, address)
    try:
        task = ray.remote(num_cpus=1, max_retries=0)(_done_in)
        waiting: dict[Any, tuple[Job, Job, int]] = {}  # a job as it was given and as it is sent, and its try
        folder = os.getcwd()
        for job in jobs:
            waiting[task.remote(folder, work, job)] = job, job, 1
        try:
            while waiting:
                (reference, *_), _ = ray.wait(list(waiting))
                job, sent, tries = waiting.pop(reference)
                try:
                    done = ray.get(reference)
                except ray.exceptions.RayTaskError as error:  # it left the folder of the work
                    done = error.cause if isinstance(error.cause, Exception) else ChildProcessError(brief(error, 300))
                except ray.exceptions.RayError as error:
                    if tries < TRIES:
                        sent = again(sent)
                        waiting[task.remote(folder, work, sent)] = job, sent, tries + 1
                        continue
                    done = ChildProcessError(f"its worker was lost {tries} times ({brief(error)})")
                yield job, done
        finally:
            for reference in waiting:
                with suppress(ray.exceptions.RayError):
                    ray.cancel(reference)
            if waiting and patience:
                ray.wait(list(waiting), num_returns=len(waiting), timeout=patience)
    finally:
        ray.shutdown()


def check_cluster(address: str) -> Any:
    """Ray, once there is a cluster to be reached; ValueError if there is none, or no Ray."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
    except ImportError:
        raise ValueError("a cluster needs Ray: pip install 'diffpaint[cluster]'") from None
    if address != AUTO:
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdigit():
            raise ValueError(f"a cluster is auto or HOST:PORT, such as 10.0.0.1:6379, got {address!r}")
        try:
            socket.create_connection((host, int(port)), REACHED).close()
        except (OSError, OverflowError) as error:
            raise ValueError(f"no cluster at {address} ({error}); 'ray start' starts one") from error
    return ray


def _connect(ray: Any, address: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = "on this machine" if address == AUTO else f"at {address}"
        raise ValueError(f"no cluster {where} ({brief(error)}); 'ray start' starts one") from error


def _done_in(folder: str, work: Callable[[Job], Result], job: Job) -> Result | Exception:
    """A job, done in a folder that this machine has too."""
    try:
        os.chdir(folder)
    except OSError as error:
        return ChildProcessError(f"{socket.gethostname()} has no folder {folder} ({error.strerror}); share it")
    try:
        return work(job)
    except Exception as error:
        return error
