"""Work of which the first try is killed; workers of a cluster import it by name."""

import os
import signal
from pathlib import Path


def once(job):
    """Kill this process, unless it was done before; a job is (what comes of it, a file that says so)."""
    result, mark = job
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def always(job):
    os.kill(os.getpid(), signal.SIGKILL)


def fails(job):
    raise OSError(f"no room for {job}")
