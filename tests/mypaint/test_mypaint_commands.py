"""``diffpaint strokes``; ``diffpaint replay`` is in test_replay.py."""

import numpy as np
import pytest
from click.testing import CliRunner

from diffpaint.cli.main import cli
from diffpaint_mypaint import read_brush, read_manifest, read_shard
from diffpaint_mypaint.strokes import RADIUS

pytestmark = pytest.mark.usefixtures("engine")


def run(*arguments):
    return CliRunner().invoke(cli, ["strokes", *map(str, arguments)])


def test_strokes_draws_a_data_set(tmp_path):
    result = run("-n", 12, "-o", tmp_path / "strokes")
    assert result.exit_code == 0, result.output
    assert result.output.endswith(f"12 strokes of classic/dry_brush in {tmp_path / 'strokes'}\n")
    assert "100%" in result.output
    manifest = read_manifest(tmp_path / "strokes")
    assert (manifest.count, manifest.seed, manifest.radius, manifest.oversample) == (12, 0, RADIUS, 4)
    actions, alpha = read_shard(tmp_path / "strokes", 0)
    assert len(actions) == 12
    assert alpha.any(axis=(1, 2)).sum() > 9
    assert len(list((tmp_path / "strokes").iterdir())) == 2


def test_strokes_takes_every_option(tmp_path):
    brush = read_brush("classic/charcoal").path
    options = ["--brush", brush, "--seed", 5, "--radius", 2, 12, "--oversample", 1, "--processes", 1]
    assert run("-n", 6, "-o", tmp_path, *options).exit_code == 0
    manifest = read_manifest(tmp_path)
    assert (manifest.brush, manifest.seed, manifest.radius, manifest.oversample) == ("charcoal.myb", 5, (2.0, 12.0), 1)


def test_the_same_command_completes_a_data_set(tmp_path):
    command = ["-n", 8, "-o", tmp_path, "--oversample", 1]
    run(*command)
    shard = (tmp_path / "shard-00000.npz").read_bytes()
    (tmp_path / "shard-00000.npz").unlink()
    for _ in range(2):
        assert run(*command).exit_code == 0
        assert (tmp_path / "shard-00000.npz").read_bytes() == shard


def test_a_brush_by_its_own_file_makes_the_same_strokes(tmp_path):
    by_path = read_brush("classic/charcoal").path
    for folder, brush in (("name", "classic/charcoal"), ("path", by_path)):
        run("-n", 5, "-o", tmp_path / folder, "--brush", brush)
    (_, named), (_, pathed) = (read_shard(tmp_path / folder, 0) for folder in ("name", "path"))
    assert np.array_equal(named, pathed)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--brush", "classic/smudge"], "cannot be learned as alpha times colour: it smudges"),
        (["--brush", "classic/dry_brus"], "did you mean classic/dry_brush"),
        (["--brush", "mine.myb"], "no brush file mine.myb"),
        (["-n", 0], "count must be at least 1"),
        (["--oversample", 0], "oversample"),
        (["--radius", 5, 2], "radius"),
        (["--processes", 0], "--processes"),
        (["--seed", -1], "seed"),
    ],
)
def test_strokes_refuses_in_one_line_and_writes_nothing(tmp_path, options, named):
    result = run("-n", 8, "-o", tmp_path / "strokes", *options)
    assert result.exit_code == 2
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1, result.output
    assert named in result.output
    assert not (tmp_path / "strokes").exists()


def test_strokes_refuses_the_folder_of_another_data_set(tmp_path):
    run("-n", 5, "-o", tmp_path, "--oversample", 1)
    result = run("-n", 6, "-o", tmp_path, "--oversample", 1)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "count 5 there, 6 asked" in result.output


def test_strokes_into_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    result = run("-n", 5, "-o", tmp_path / "taken")
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "taken" in result.output
    assert (tmp_path / "taken").read_text() == "mine"
