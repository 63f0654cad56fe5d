"""Locks: of two runs, one; and none of a run that is dead."""

import subprocess
import sys
import threading
import time

import pytest

from diffpaint.io.lock import locked, locked_folder

HOLDER = """
import sys, time
from diffpaint.io.lock import locked
with locked(sys.argv[1], "a.png"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_it_is_there_while_it_is_held(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "lock", "a.png"):
            assert (tmp_path / "lock").exists()
        assert list(tmp_path.iterdir()) == []


def test_a_second_is_refused_until_the_first_has_ended(holder, tmp_path):
    with pytest.raises(ValueError, match=r"another run is at work on a\.png"), locked(tmp_path / "lock", "a.png"):
        pass
    holder.communicate("")
    with locked(tmp_path / "lock", "a.png"):
        pass


def test_a_dead_one_holds_nothing(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / "lock").exists()
    with locked(tmp_path / "lock", "a.png"):
        pass
    assert not (tmp_path / "lock").exists()


def test_of_many_that_start_together_one_gets_it(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(command, text=True, **streams) for _ in range(4)]
    said = []
    while started:  # those that are refused end by themselves; then the one that holds it
        process = next((one for one in started if one.poll() is not None), None)
        if process is None and len(started) == 1:
            process = started[0]
        if process is not None:
            said.append(process.communicate("" if process.poll() is None else None)[0])
            started.remove(process)
    assert said.count("held\n") == 1


def test_a_folder_is_made_for_it_and_goes_if_nothing_came_of_it(tmp_path):
    run = tmp_path / "new" / "run"
    with locked_folder(run), pytest.raises(ValueError, match="at work"), locked_folder(run):
        pass
    assert list(tmp_path.iterdir()) == []
    with locked_folder(run):
        (run / "config.json").touch()
    assert [path.name for path in run.iterdir()] == ["config.json"]


def test_who_holds_a_lock_for_a_moment_is_waited_for(tmp_path):
    """As workers do, whose parent was killed, until they have ended."""
    path, held = tmp_path / ".lock", threading.Event()

    def hold():
        with locked(path, "a.png"):
            held.set()
            time.sleep(0.3)

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    with locked(path, "a.png"):
        assert path.exists()
    other.join()
