"""Runs that are killed at random moments, and resumed: in the end there are the bytes of one that nobody killed.

A few kills of each command are among the fast tests. Two hundred in all, in about half an hour on a core:

    python -m pytest tests/kill -m kill -s
"""

import random
import signal
import sys

import pytest
from jobs import JOBS, results, run, seconds

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked"),
    pytest.mark.usefixtures("engine"),
]
SIGNALS = (signal.SIGKILL, signal.SIGTERM) if sys.platform != "win32" else ()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """``whole(name)``: what a job gives that nobody kills, how long it takes, and a folder for further ones."""
    place, known = tmp_path_factory.mktemp("jobs"), {}
    drawn = "strokes --brush classic/charcoal -n 64 --oversample 1 --processes 1 -o data"

    def done(name):
        if name == "train" and not (place / "data").exists():
            assert run(drawn, place) == 0
        if name not in known:
            (place / name).mkdir()
            took = seconds(JOBS[name], place / name)
            known[name] = results(JOBS[name], place / name), took
        return *known[name], place

    return done


def killed(name, whole, kills, chance):
    """Kill a job again and again at random moments, until there were so many kills; returns their number."""
    wanted, took, place = whole(name)
    job, count, tries = JOBS[name], 0, 0
    while count < kills:
        folder, tries = place / f"{name}-{tries}", tries + 1
        folder.mkdir()
        code, ends = None, []
        while code != 0:
            arguments = job.resume if (folder / job.state).exists() else job.begin
            number = chance.choice(SIGNALS)
            after = chance.uniform(0, took) if len(ends) < 3 and count < kills else None
            code = run(arguments, folder, after, number)
            if code:
                assert code in (-number, 128 + number), (folder / "said.txt").read_text()
                ends.append(code)
                count += 1
        assert results(job, folder) == wanted, f"{ends}: {(folder / 'said.txt').read_text()}"
        left = [path.name for path in folder.rglob("*") if ".tmp" in path.name or path.suffix in (".lock", ".ckpt")]
        assert not left, f"{', '.join(left)} left behind"
    return count


@pytest.mark.parametrize(("name", "kills"), [("paint", 2), ("strokes", 1)])
def test_a_few_kills_lose_nothing(name, kills, whole):
    assert killed(name, whole, kills, random.Random(0)) >= kills


@pytest.mark.kill
@pytest.mark.parametrize("name", JOBS)
def test_many_kills_lose_nothing(name, whole):
    chance = random.Random(name)
    print(f"\n{name}: {killed(name, whole, 40, chance)} kills, all resumed to the same bytes")
