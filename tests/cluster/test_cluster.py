"""A cluster of two workers on this machine: the same bytes as one process, whoever is killed."""

import contextlib
import os
import shutil
import signal
import threading
import time
import warnings
from pathlib import Path

import lost
import pytest
from click.testing import CliRunner

from diffpaint.cli.main import cli
from diffpaint.io.cluster import outcomes_on

pytest.importorskip("ray", reason="needs the extra cluster")
PHOTO = Path(__file__).parents[1] / "data" / "chelsea.jpg"
FEW = ("--strokes", 20, "--steps", 3, "--size", 64, "--objective", "pixel", "--device", "cpu")


@pytest.fixture(scope="module")
def address():
    """Of a cluster, whose workers find this folder's modules."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parent), before]))
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        yield cluster.address
        cluster.shutdown()
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


@pytest.fixture(autouse=True)
def quiet():
    """Ray leaves files and sockets open when it is shut down."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.filterwarnings("ignore", module="ray")
        yield


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="diffpaint")


def refused(done, *said):
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert all(part in done.stderr for part in said), done.stderr


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_jobs_outlive_their_workers(address, tmp_path):
    jobs = [(number, str(tmp_path / f"{number}")) for number in range(3)]
    sent = []
    done = dict(outcomes_on(address, lost.once, jobs, lambda job: sent.append(job) or job))
    assert done == {job: job[0] for job in jobs}
    assert sorted(sent) == jobs


def test_a_job_that_is_lost_again_and_again_is_given_up(address):
    ((job, result),) = outcomes_on(address, lost.always, [7])
    assert job == 7
    assert isinstance(result, ChildProcessError)
    assert "lost 4 times" in str(result)


def test_a_job_that_fails_costs_no_other(address):
    done = dict(outcomes_on(address, lost.fails, ["a", "b"]))
    assert {job: (type(result), str(result)) for job, result in done.items()} == {
        name: (OSError, f"no room for {name}") for name in "ab"
    }


def test_a_folder_that_a_machine_lacks_is_named(address, tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    monkeypatch.setattr(os, "getcwd", lambda: str(folder))
    ((_, result),) = outcomes_on(address, lost.fails, ["a"])
    assert isinstance(result, ChildProcessError)
    assert f"has no folder {folder}" in str(result)


def killer_of_one(folder):
    """Kills a worker as soon as a painting in a folder has a checkpoint; gives the thread, and whom it killed."""
    killed = []

    def kill():
        while not list(folder.glob("*.png.ckpt")):
            time.sleep(0.01)
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if place.read_bytes().startswith(b"ray::_done_in"):
                    killed.append(int(place.parent.name))
        del killed[1:]
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread, killed


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds workers in /proc")
def test_photos_have_the_bytes_of_one_process_whoever_is_killed(address, tmp_path, monkeypatch):
    """Paths may be relative, and a photo may fail; one whose painter is killed goes on where its checkpoint is."""
    monkeypatch.chdir(tmp_path)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a", "b"):
        shutil.copy(PHOTO, photos / f"{name}.jpg")
    (photos / "bad.png").write_bytes(b"no picture")
    few = [40 if value == 3 else value for value in FEW]
    alone = run("paint", "photos", "-o", "alone/", *few, "--processes", 1)
    killer, killed = killer_of_one(tmp_path / "shared")
    shared = run("paint", "photos", "-o", "shared/", *few, "--cluster", address)
    killer.join()
    assert len(killed) == 1
    assert alone.exit_code == shared.exit_code == 1, shared.output
    assert "Error: 1 of 3 photos could not be painted" in shared.stderr
    there = {"a.png", "a.json", "b.png", "b.json"}
    assert {name for name in content(tmp_path / "shared") if not name.startswith(".")} == there
    for name in there:
        assert (tmp_path / "shared" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name


def test_strokes_have_the_bytes_of_one_process(address, tmp_path, engine):
    asked = ("strokes", "--brush", "classic/dry_brush", "-n", 2500, "--oversample", 1)
    for options, folder in ((("--processes", 1), "alone"), (("--cluster", address), "shared")):
        done = run(*asked, "-o", tmp_path / folder, *options)
        assert done.exit_code == 0, done.output
    assert len(content(tmp_path / "shared")) > 2
    assert content(tmp_path / "shared") == content(tmp_path / "alone")


@pytest.mark.parametrize("command", ["paint", "strokes"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("here", "a cluster is auto or HOST:PORT, such as 10.0.0.1:6379, got 'here'"),
        ("127.0.0.1:9", "no cluster at 127.0.0.1:9"),
        ("127.0.0.1:99999", "no cluster at 127.0.0.1:99999"),
    ],
)
def test_no_cluster_is_said_before_the_work(tmp_path, command, given, said):
    rest = (PHOTO, "-o", f"{tmp_path / 'out'}{os.sep}") if command == "paint" else ("-o", tmp_path / "out")
    refused(run(command, *rest, "--cluster", given), said)
    assert list(tmp_path.iterdir()) == []


def test_what_means_nothing_is_refused(tmp_path, monkeypatch):
    refused(run("paint", PHOTO, "-o", tmp_path / "a.png", "--cluster", "auto"), "--cluster is for many photos")
    out = f"{tmp_path / 'out'}{os.sep}"
    refused(run("paint", PHOTO, "-o", out, "--cluster", "auto", "--processes", 2), "--processes means nothing")
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    refused(run("paint", PHOTO, "-o", out, "--cluster", "auto"), "pip install 'diffpaint[cluster]'")
