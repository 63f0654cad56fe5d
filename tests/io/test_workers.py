"""Work shared among processes: done by any of them, and never waited for where one is gone."""

import os
import signal
import sys
import threading
import time

import pytest

from diffpaint.io.workers import outcomes, shared_out


def doubled(job):
    return 2 * job


def refused(job):
    raise ValueError(f"{job} is odd")


def killed(job):
    os.kill(os.getpid(), signal.SIGKILL)


def crashed(job):
    os.kill(os.getpid(), signal.SIGSEGV)


def ended(job):
    os._exit(3)


def slow(job):
    time.sleep(job)
    return job


def test_each_job_is_done_once():
    assert sorted(shared_out(doubled, range(7), 2)) == [0, 2, 4, 6, 8, 10, 12]


def test_fewer_jobs_than_processes():
    assert list(shared_out(doubled, [4], 3)) == [8]
    assert list(shared_out(doubled, [], 3)) == []


def test_what_work_raises_is_raised():
    with pytest.raises(ValueError, match="1 is odd"):
        list(shared_out(refused, [1, 1], 2))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not killed by signals there")
@pytest.mark.parametrize(
    ("work", "said"),
    [
        (killed, "ended by SIGKILL, as happens when memory runs out; fewer processes take less$"),
        (crashed, "ended by SIGSEGV$"),
        (ended, "ended by itself, with exit code 3$"),
    ],
)
def test_a_worker_that_is_gone_is_an_error(work, said):
    with pytest.raises(ChildProcessError, match=said):
        list(shared_out(work, [1, 2, 3], 2))


def test_work_under_way_is_ended_with_the_iterator():
    began = time.monotonic()
    results = shared_out(slow, [0, 600, 600], 2)
    assert next(results) == 0
    results.close()
    assert time.monotonic() - began < 60


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to a process there")
def test_signals_are_left_to_the_parent():
    assert list(shared_out(signalled, [1], 1)) == [1]


def signalled(job):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)
    return job


def ended_at_two(job):
    return killed(job) if job == 2 else refused(job) if job == 4 else job


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not killed by signals there")
def test_a_job_that_fails_costs_no_other():
    done = dict(outcomes(ended_at_two, range(6), 1))
    assert [job for job, result in done.items() if result == job] == [0, 1, 3, 5]
    assert isinstance(done[2], ChildProcessError)
    assert str(done[4]) == "4 is odd"


def patient(path):
    signal.signal(signal.SIGTERM, lambda *_: path.write_text("ended"))
    path.write_text("begun")
    while path.read_text() != "ended":
        time.sleep(0.01)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to a process there")
def test_work_under_way_may_end_by_itself(tmp_path):
    results = outcomes(patient, [tmp_path / "a", tmp_path / "b"], 2, patience=60)
    threading.Thread(target=interrupt_once, args=([tmp_path / "a", tmp_path / "b"],)).start()
    with pytest.raises(KeyboardInterrupt):
        next(results)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == "ended"


def interrupt_once(paths):
    while not all(path.exists() for path in paths):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
