"""The brush that data sets, weights and documents carry: what is drawn does not depend on the machine's brushes."""

import base64
import json
import shutil
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import diffpaint
from diffpaint import Painting
from diffpaint.cli.main import cli
from diffpaint.io.images import read_image
from diffpaint.io.weights import save_weights
from diffpaint_mypaint import Brush, alpha_masks, carried_brush, read_brush, read_manifest, read_shard, unpack_brush
from diffpaint_mypaint.dataset import plan, write
from diffpaint_mypaint.replay import replay
from diffpaint_neural.splat import SplatNetwork
from diffpaint_neural.weights import read_header, shipped_path

pytestmark = pytest.mark.usefixtures("engine")


def run(*arguments):
    return CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture
def no_brushes(tmp_path, monkeypatch):
    """A machine with brushes of the same names that are other ones."""
    other = tmp_path / "other" / "classic"
    other.mkdir(parents=True)
    for name in ("dry_brush", "charcoal"):
        shutil.copy(read_brush("classic/knife").path, other / f"{name}.myb")
    monkeypatch.setenv("MYPAINT_BRUSHES", str(other.parent))


@pytest.fixture
def document():
    renderer = diffpaint.load_renderer("grid", renderer="neural-splat", rows=2, cols=2, size=(64, 64))
    actions = renderer.initial(1, 2, torch.Generator().manual_seed(0))
    return Painting(renderer(actions), actions, renderer, 0, torch.ones(1, 3, 64, 64)).document()


@pytest.mark.parametrize("name", ["classic/dry_brush", "tanda/charcoal-03", "Dieterle/Fan#1"])
def test_a_brush_is_packed_and_unpacked_whole(name):
    file = read_brush(name)
    packed = json.loads(json.dumps(file.packed()))
    assert len(json.dumps(packed)) < 5_000
    assert unpack_brush(packed) == replace(file, path=None)
    without = file.without_smudge()
    assert unpack_brush(without.packed()) == replace(without, path=None)


def test_a_document_carries_its_brush(document, no_brushes):
    assert carried_brush(document["brush"], document["brush_file"]).settings == json.loads(json.dumps(DRY_BRUSH))
    assert read_brush("classic/dry_brush").settings != DRY_BRUSH


DRY_BRUSH = dict(read_brush("classic/dry_brush").settings)


def test_replay_draws_with_the_brush_of_the_document(document, tmp_path, no_brushes):
    path = tmp_path / "painting.json"
    path.write_text(json.dumps(document))
    assert run("replay", path, "-o", tmp_path / "own.png").exit_code == 0
    assert run("replay", path, "-o", tmp_path / "other.png", "--brush", "classic/dry_brush").exit_code == 0
    own, other = (np.asarray(read_image(tmp_path / f"{name}.png")) for name in ("own", "other"))
    wanted = replay(document, Brush(unpack_brush(document["brush_file"]))) / 255
    assert abs(own - np.moveaxis(wanted, 2, 0)).max() < 0.01
    assert abs(own - other).mean() > 0.01


def test_a_document_of_before_finds_its_brush_by_name(document, tmp_path):
    del document["brush_file"]
    path = tmp_path / "painting.json"
    path.write_text(json.dumps(document))
    assert run("replay", path, "-o", tmp_path / "own.png").exit_code == 0


@pytest.mark.parametrize("damage", ["settings", "cut", "bomb", "kind", "name", "smudging", "nothing"])
def test_a_damaged_brush_is_refused_in_one_line(document, tmp_path, damage):
    packed = document["brush_file"]
    packed |= {
        "settings": {"settings": "AAAA"},
        "cut": {"settings": packed["settings"][:400]},
        "bomb": {"settings": base64.b64encode(zlib.compress(b" " * 50_000_000)).decode()},
        "kind": {"settings": base64.b64encode(zlib.compress(b"[1, 2]")).decode()},
        "name": {"name": 3},
        "smudging": {"smudging": "no"},
        "nothing": {},
    }[damage]
    if damage == "nothing":
        packed.clear()
    path = tmp_path / "painting.json"
    path.write_text(json.dumps(document))
    result = run("replay", path, "-o", tmp_path / "own.png")
    assert result.exit_code == 2
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    assert "damaged" in result.output
    assert not (tmp_path / "own.png").exists()


def test_a_data_set_goes_on_with_the_brush_that_it_began_with(tmp_path):
    mine = tmp_path / "mine.myb"
    shutil.copy(read_brush("classic/charcoal").path, mine)
    manifest = plan(tmp_path / "strokes", str(mine), 12)
    mine.unlink()
    assert manifest.brush == "mine.myb"
    assert read_manifest(tmp_path / "strokes") == manifest
    assert sum(write(tmp_path / "strokes", manifest)) == 12
    by_name = plan(tmp_path / "by_name", "classic/charcoal", 12)
    list(write(tmp_path / "by_name", by_name))
    assert (read_shard(tmp_path / "strokes", 0)[1] == read_shard(tmp_path / "by_name", 0)[1]).all()


def test_a_data_set_of_version_1_is_read_and_not_gone_on_with(tmp_path):
    folder = tmp_path / "strokes"
    manifest = plan(folder, "classic/charcoal", 12)
    list(write(folder, manifest))
    old = manifest.about() | {"version": 1}
    (folder / "manifest.json").write_text(json.dumps(old))
    known = plan(folder, "classic/charcoal", 12)  # it is complete
    assert (known.version, known.read_brush().sha256) == (1, manifest.brush_sha256)
    with pytest.raises(ValueError, match=r"seed 0 there, 1 asked"):
        plan(folder, "classic/charcoal", 12, seed=1)
    (folder / "shard-00000.npz").unlink()
    with pytest.raises(ValueError, match=r"version 1 there, 2 asked"):
        plan(folder, "classic/charcoal", 12)
    (folder / "manifest.json").write_text(json.dumps(old | {"brush_sha256": "0" * 64}))
    with pytest.raises(ValueError, match="classic/charcoal is another brush on this machine than the one of these"):
        read_manifest(folder).read_brush()


def test_data_sets_with_and_without_smudging_are_two(tmp_path):
    plan(tmp_path / "strokes", "tanda/charcoal-03", 12)
    with pytest.raises(ValueError, match="smudging True there, False asked"):
        plan(tmp_path / "strokes", "tanda/charcoal-03", 12, without_smudge=True)


@pytest.mark.parametrize(("painter", "brush"), [("splat", "classic/charcoal"), ("dabs", "classic/dry_brush")])
def test_shipped_weights_carry_their_brush(painter, brush):
    header = read_header(shipped_path(painter, brush))
    packed = unpack_brush(header["brush_file"])
    assert (packed.name, packed.sha256) == (brush, header["data"]["brush_sha256"])
    assert packed.settings == read_brush(brush).settings


def test_evaluate_needs_no_brushes_of_the_machine(no_brushes):
    few = ("--actions", 6, "--draws", 2, "--oversample", 1)
    result = run("evaluate", "neural-splat", "--brush", "classic/charcoal", *few)
    assert result.exit_code == 0, result.output
    assert float(result.output.split("gap")[1].split()[0]) < 3


def test_data_without_smudge_are_drawn_so(tmp_path):
    refused = run("strokes", "--brush", "ramon/Pastel_1", "-n", 8, "-o", tmp_path / "no")
    assert refused.exit_code == 2
    assert "its mask alone can be (without_smudge)" in refused.output
    options = ("--without-smudge", "-n", 8, "-o", tmp_path / "pastel", "--oversample", 1, "--processes", 1)
    assert run("strokes", "--brush", "ramon/Pastel_1", *options).exit_code == 0
    actions, alpha = read_shard(tmp_path / "pastel", 0)
    plain = read_brush("ramon/Pastel_1").settings
    off = {**plain, "smudge": {"base_value": 0.0, "inputs": {}}}
    drawn = [replace(read_brush("ramon/Pastel_1"), settings=settings) for settings in (off, plain)]
    means = [abs(alpha_masks(actions, Brush(file)).mean() - alpha.mean()) for file in drawn]
    assert means[0] < 0.5 * means[1]


def test_a_painter_without_smudge_is_replayed_so_or_not_as_asked(tmp_path):
    network = SplatNetwork((1.0, 8.0))
    file = read_brush("ramon/Pastel_1").without_smudge()
    header = {"painter": "splat", "brush": file.name, "brush_file": file.packed(), "radius": [1.0, 8.0], "reach": 1.0}
    save_weights(tmp_path / "pastel.safetensors", network, header | {"options": network.options})
    painter = diffpaint.load_renderer("neural-splat", brush=str(tmp_path / "pastel.safetensors"), size=(64, 64))
    actions = painter.initial(1, 6, torch.Generator().manual_seed(0))
    Painting(painter(actions), actions, painter, 0, torch.ones(1, 3, 64, 64)).save(tmp_path / "x.json")
    for name, *smudge in (("off", "--no-smudge"), ("default",), ("on", "--smudge")):
        result = run("replay", tmp_path / "x.json", "-o", tmp_path / f"{name}.png", *smudge)
        assert result.exit_code == 0, result.output
        assert ("it smudges" in result.output) == (name == "on")
    off, default, on = (np.asarray(read_image(tmp_path / f"{name}.png")) for name in ("off", "default", "on"))
    assert (off == default).all()
    assert abs(on - off).mean() > 0.001
