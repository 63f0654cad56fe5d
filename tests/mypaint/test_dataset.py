"""Data sets of strokes: the same bytes however they are written, and nothing half-written."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from diffpaint.io.lock import locked
from diffpaint_mypaint import alpha_masks, read_brush, read_manifest, read_shard
from diffpaint_mypaint.dataset import SHARD, Manifest, plan, write

pytestmark = pytest.mark.usefixtures("engine")

COUNT = 2 * SHARD + 1200  # three shards


def draw(folder, count, brush="classic/dry_brush", **settings):
    drawn = list(write(folder, plan(folder, brush, count, **settings)))
    assert sum(drawn) == count
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def three_shards(tmp_path_factory):
    """A data set that one process drew without interruption. Not to be written to."""
    return draw(tmp_path_factory.mktemp("strokes") / "three", COUNT, "classic/charcoal", seed=3)


@pytest.fixture
def small(tmp_path):
    return draw(tmp_path / "small", 10)


def test_a_data_set_holds_what_its_manifest_says(three_shards):
    assert sorted(contents(three_shards)) == ["manifest.json", *(f"shard-0000{shard}.npz" for shard in range(3))]
    manifest = read_manifest(three_shards)
    assert (manifest.count, manifest.seed, manifest.shards) == (COUNT, 3, 3)
    assert manifest.brush_sha256 == read_brush("classic/charcoal").sha256
    pressures = []
    for shard, count in enumerate([SHARD, SHARD, 1200]):
        actions, alpha = read_shard(three_shards, shard)
        assert (len(actions), manifest.size_of(shard)) == (count, count)
        assert (actions.dtype, alpha.dtype) == (np.float32, np.uint8)
        assert alpha.shape == (count, 64, 64)
        assert ((actions >= 0) & (actions < 1)).all()
        pressures.append(actions[:, 0])
    assert len(np.unique(np.concatenate(pressures))) > COUNT - 10  # no shard repeats another


def test_alpha_is_of_the_actions_beside_it(three_shards):
    for shard in (0, 2):
        actions, alpha = (part[-40:] for part in read_shard(three_shards, shard))
        drawn = alpha_masks(actions, "classic/charcoal").astype(int)
        assert abs(drawn - alpha).mean() < abs(drawn - alpha[::-1]).mean() / 2


def test_another_seed_gives_other_strokes(small, tmp_path):
    same, other = draw(tmp_path / "same", 10), draw(tmp_path / "other", 10, seed=1)
    assert contents(same) == contents(small)
    assert (read_shard(other, 0)[0] != read_shard(small, 0)[0]).all()


def test_settings_reach_the_engine(small, tmp_path):
    wide = draw(tmp_path / "wide", 10, radius=(6.0, 8.0), oversample=2)
    actions, alpha = read_shard(wide, 0)
    assert (actions == read_shard(small, 0)[0]).all()
    assert alpha.mean() > 1.5 * read_shard(small, 0)[1].mean()
    assert (read_manifest(wide).radius, read_manifest(wide).oversample) == ((6.0, 8.0), 2)


def test_an_interrupted_data_set_is_completed_and_nothing_is_drawn_twice(three_shards, tmp_path):
    for name in ("manifest.json", "shard-00000.npz", "shard-00002.npz"):
        shutil.copy(three_shards / name, tmp_path)
        os.utime(tmp_path / name, (1, 1))
    for _ in range(2):  # nothing is missing the second time
        draw(tmp_path, COUNT, "classic/charcoal", seed=3)
        assert contents(tmp_path) == contents(three_shards)
    changed = {path.name for path in tmp_path.iterdir() if path.stat().st_mtime != 1}
    assert changed == {"shard-00001.npz"}


def test_writing_stops_between_shards(tmp_path):
    drawing = write(tmp_path, plan(tmp_path, "classic/charcoal", COUNT))
    assert next(drawing) == SHARD
    drawing.close()
    assert sorted(contents(tmp_path)) == ["manifest.json", "shard-00000.npz"]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to another process there")
def test_two_processes_interrupted_leave_whole_shards_of_the_same_bytes(three_shards, tmp_path):
    folder = tmp_path / "strokes"
    many = 40 * SHARD  # far more than is drawn before the interrupt
    options = f"--brush classic/charcoal -n {many} --seed 3 --oversample 1 --processes 2 -o".split()
    process = subprocess.Popen(
        [sys.executable, "-c", "from diffpaint.cli.main import main; main()", "strokes", *options, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # a shell's background job ignores Ctrl-C, and so would what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not list(folder.glob("shard*")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0]
    assert process.returncode == 130, output
    assert "interrupted; the same command goes on from here" in output
    assert "Traceback" not in output
    left, whole = contents(folder), contents(three_shards)
    assert "manifest.json" in left
    shards = left.keys() - {"manifest.json"}
    assert 0 < len(shards) < 40
    assert all(re.fullmatch(r"shard-\d{5}\.npz", name) for name in shards)  # no temporary file
    for name in shards & {"shard-00000.npz", "shard-00001.npz"}:
        assert left[name] == whole[name]
    for name in shards:
        read_shard(folder, int(name[6:11]))  # nothing half-written


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": 1}, "seed 0 there, 1 asked"),
        ({"count": 11}, "count 10 there, 11 asked"),
        ({"oversample": 2}, "oversample 1 there, 2 asked"),
        ({"radius": (1.0, 12.0)}, "radius"),
        ({"brush": "classic/charcoal"}, "brush classic/dry_brush there"),
    ],
)
def test_a_folder_of_another_data_set_is_refused(small, settings, named):
    before = contents(small)
    with pytest.raises(ValueError, match=f"holds another data set .*{named}.*name an empty folder"):
        plan(small, **{"brush": "classic/dry_brush", "count": 10} | settings)
    assert contents(small) == before


def test_a_brush_file_that_has_changed_is_refused(tmp_path):
    brush = tmp_path / "mine.myb"
    shutil.copy(read_brush("classic/charcoal").path, brush)
    plan(tmp_path / "strokes", str(brush), 10)
    shutil.copy(read_brush("classic/dry_brush").path, brush)
    with pytest.raises(ValueError, match=r"holds another data set .*brush_sha256"):
        plan(tmp_path / "strokes", str(brush), 10)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"count": 0}, "count must be at least 1"), ({"oversample": 0}, "oversample"), ({"seed": -1}, "seed")]
    + [({"radius": radius}, "radius") for radius in ((0.0, 1.0), (3.0, 2.0), (1.0, float("nan")))]
    + [({"brush": "classic/no_such"}, "no brush named")],
)
def test_settings_out_of_range_are_refused_before_anything_is_written(tmp_path, settings, named):
    with pytest.raises(ValueError, match=named):
        plan(tmp_path / "strokes", **{"brush": "classic/dry_brush", "count": 10} | settings)
    assert not (tmp_path / "strokes").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '"x"', '{"version": 1}', '{"version": 1, "brush": "b", "colour": 1}']
)
def test_a_damaged_manifest_is_refused(small, content):
    (small / "manifest.json").write_text(content)
    for read in (read_manifest, lambda folder: plan(folder, "classic/dry_brush", 10)):
        with pytest.raises(ValueError, match=r"is no data set of strokes \(.*\); make one with 'diffpaint strokes'"):
            read(small)
    assert (small / "manifest.json").read_text() == content


def test_a_manifest_of_another_version_is_refused(small):
    fields = json.loads((small / "manifest.json").read_text())
    (small / "manifest.json").write_text(json.dumps(fields | {"version": 3}))
    with pytest.raises(ValueError, match="has version 3; this program reads up to 2"):
        read_manifest(small)


def test_a_folder_without_a_data_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no data set of strokes"):
        read_manifest(tmp_path)


def test_a_manifest_is_read_as_it_was_written(three_shards):
    manifest = read_manifest(three_shards)
    assert Manifest(**asdict(manifest)) == manifest
    assert [replace(manifest, count=count).shards for count in (1, SHARD, SHARD + 1)] == [1, 1, 2]


def test_a_missing_shard_is_named(small):
    with pytest.raises(ValueError, match=r"shard-00001\.npz.*run 'diffpaint strokes' again"):
        read_shard(small, 1)


@pytest.mark.parametrize("damage", ["cut short", "empty", "text", "pickle", "flipped"])
def test_a_damaged_shard_is_refused_and_the_advice_mends_it(small, damage):
    path = small / "shard-00000.npz"
    whole = path.read_bytes()
    if damage == "pickle":
        np.savez(path, actions=np.array([{}], object), alpha=np.zeros((1, 64, 64), np.uint8))
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 9]) + whole[middle + 9 :]
        path.write_bytes({"cut short": whole[:middle], "empty": b"", "text": b"strokes", "flipped": flipped}[damage])
    with pytest.raises(
        ValueError, match=r"cannot read .*shard-00000\.npz .*delete it and run 'diffpaint strokes' again"
    ):
        read_shard(small, 0)
    path.unlink()
    draw(small, 10)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("actions", "alpha"), [((10, 11), (10, 64, 64)), ((10, 12), (9, 64, 64)), ((10, 12), (10, 32, 32)), ((12,), (12,))]
)
def test_a_shard_of_other_shapes_is_refused(small, actions, alpha):
    np.savez(small / "shard-00000.npz", actions=np.zeros(actions, np.float32), alpha=np.zeros(alpha, np.uint8))
    with pytest.raises(ValueError, match=r"shard-00000\.npz holds actions .* not a shard of strokes"):
        read_shard(small, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("count", value) for value in (0, -1, 2**63, 10**30, 10**9, 1.5, "10", float("inf"), float("nan"), None)),
        *(("seed", -1), ("seed", 0.5), ("oversample", 0), ("oversample", 10**6), ("columns", ["x"]), ("columns", 3)),
        *(("radius", [1.0]), ("radius", [3.0, 2.0]), ("radius", [0.0, 2.0]), ("radius", [1.0, 1e300])),
        *(("brush", 3), ("brush", "x" * 200_000), ("version", [])),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_manifest_is_checked_against_its_schema(small, field, value):
    fields = json.loads((small / "manifest.json").read_text())
    (small / "manifest.json").write_text(json.dumps(fields | {field: value}))
    with pytest.raises(ValueError, match=r"is no data set of strokes|reads up to 2") as error:
        read_manifest(small)
    assert len(str(error.value)) < 400 + len(str(small))


def test_the_size_of_a_member_is_looked_at_before_it_is_unpacked(small):
    """A gigabyte of zeros is a megabyte when packed."""
    with zipfile.ZipFile(small / "shard-00000.npz", "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("actions.npy", bytes(10_000_000))
        whole.writestr("alpha.npy", b"")
    with pytest.raises(ValueError, match=r"shard-00000\.npz .*10000000 bytes when unpacked"):
        read_shard(small, 0)


@pytest.mark.parametrize(("actions", "alpha"), [("float64", "uint8"), ("float32", "int8"), ("float32", "float32")])
def test_a_shard_of_other_numbers_is_refused(small, actions, alpha):
    np.savez(small / "shard-00000.npz", actions=np.zeros((1, 12), actions), alpha=np.zeros((1, 64, 64), alpha))
    with pytest.raises(ValueError, match="not a shard of strokes"):
        read_shard(small, 0)
    np.savez(small / "shard-00000.npz", actions=np.full((1, 12), np.nan, "f4"), alpha=np.zeros((1, 64, 64), "u1"))
    with pytest.raises(ValueError, match="not a shard of strokes"):
        read_shard(small, 0)


PROGRAM = [sys.executable, "-c", "from diffpaint.cli.main import main; main()", "strokes"]
SLOW = ["--brush", "classic/charcoal", "-n", "4096", "--oversample", "24", "-o"]  # a shard takes minutes


def started(folder, *options):
    """A process that draws the first shards of a data set."""
    process = subprocess.Popen(
        [*PROGRAM, *SLOW, str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and not (folder / ".lock").exists():
        time.sleep(0.01)
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to another process there")
def test_ctrl_c_is_heard_after_the_stroke_under_way(tmp_path):
    process = started(tmp_path / "strokes", "--processes", "1")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130, output
    assert "interrupted; the same command goes on from here" in output
    assert list(contents(tmp_path / "strokes")) == ["manifest.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be killed there without its children")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    process = started(tmp_path / "strokes", "--processes", "2")
    time.sleep(1.0)
    process.kill()
    process.communicate(timeout=60)  # returns when nobody holds the other end any more


@pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")
def test_a_worker_that_is_killed_ends_the_command_in_one_line_and_loses_nothing(three_shards, tmp_path):
    folder = tmp_path / "strokes"
    options = f"--brush classic/charcoal -n {COUNT} --seed 3 --oversample 1 --processes 2 -o {folder}".split()
    process = subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not list(folder.glob("shard*")):
        time.sleep(0.005)
    for child in children.read_text().split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
            break
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 2, output
    assert "ended by SIGKILL, as happens when memory runs out; fewer processes take less" in output
    assert "the same command goes on from here" in output
    assert "Traceback" not in output
    left = contents(folder)
    assert "shard-00000.npz" in left or "shard-00001.npz" in left
    assert not [name for name in left if ".tmp" in name]
    draw(folder, COUNT, "classic/charcoal", seed=3)
    assert contents(folder) == contents(three_shards)


def test_of_two_sets_that_are_begun_together_one_is_drawn(tmp_path):
    first = plan(tmp_path, "classic/dry_brush", 10)
    (tmp_path / "manifest.json").unlink()
    second = plan(tmp_path, "classic/dry_brush", 12)
    with pytest.raises(ValueError, match="holds another data set, begun at the same time"):
        list(write(tmp_path, first))
    drawing = write(tmp_path, second)
    with locked(tmp_path / ".lock", "it"), pytest.raises(ValueError, match="another run is at work"):
        list(drawing)
    assert sum(write(tmp_path, second)) == 12
    assert sorted(contents(tmp_path)) == ["manifest.json", "shard-00000.npz"]


def test_shards_without_a_manifest_are_nobodys(small):
    (small / "manifest.json").unlink()
    with pytest.raises(ValueError, match="holds shards of strokes, but no manifest"):
        plan(small, "classic/dry_brush", 10)
    assert list(contents(small)) == ["shard-00000.npz"]
