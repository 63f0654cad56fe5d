"""Runs that train painters: what each leaves behind, how it is interrupted, and which strokes it refuses."""

import json
import signal
from unittest.mock import ANY

import numpy as np
import pytest
import torch
from PIL import Image

import diffpaint
from diffpaint.io.weights import save_weights
from diffpaint.registry import load
from diffpaint.training.loop import train
from diffpaint_mypaint import read_brush, read_shard, unpack_brush
from diffpaint_neural import NeuralSplat
from diffpaint_neural.training.settings import DabsSettings, GANSettings, SplatSettings, VAESettings
from diffpaint_neural.weights import load_weights

pytestmark = pytest.mark.usefixtures("engine")

SETTINGS = SplatSettings(steps=14, batch=16)
TINY = {
    "splat": SplatSettings(steps=6, batch=8),
    "dabs": DabsSettings(steps=6, batch=8),
    "vae": VAESettings(steps=6, batch=8, predictor_steps=3),
    "gan": GANSettings(steps=6, batch=8, mean_steps=2, critic_steps=2),
    "gan with noise": GANSettings(steps=6, batch=8, mean_steps=2, critic_steps=2, noise=3),
}
FIGURES = {"splat": "mse", "dabs": "mse,score,apart", "vae": "mse,divergence,code", "gan": "mse,distance,penalty"}
SAME = ("weights.safetensors", "losses.csv", "config.json")  # whether it was interrupted or not


def learn(data, run, settings=SETTINGS, kind="splat", stop=None, presses=1, **options):
    """Train; Ctrl-C is pressed during step ``stop``: once to end after it, twice to end at once."""

    class Stopping(load("recipes", kind.partition(" ")[0])):
        def step(self, number, batch):
            for _ in range(presses if number == stop else 0):
                signal.raise_signal(signal.SIGINT)
            return super().step(number, batch)

    course = Stopping.prepare(settings, data=data)
    train(course, run, settings, **{"device": "cpu", "progress": False, "checkpoint_every": 5} | options)
    return run / "weights.safetensors"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def steps_of(run):
    return len((run / "losses.csv").read_text().splitlines()) - 1


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run that was not interrupted. Not to be written to."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert learn(data, run) == run / "weights.safetensors"
    return run


@pytest.fixture(scope="module")
def tiny(data, tmp_path_factory):
    """``tiny(kind)``: a run of a few steps of each painter, that was not interrupted. Not to be written to."""
    runs = {}

    def run(kind):
        if kind not in runs:
            folder = tmp_path_factory.mktemp("tiny") / kind
            runs[kind] = learn(data, folder, TINY[kind], kind, checkpoint_every=3).parent
        return runs[kind]

    return run


def test_training_lowers_the_error(strokes, tmp_path):
    data = strokes(tmp_path / "data", 64, "classic/dry_brush")
    learn(data, tmp_path / "run", SplatSettings(steps=40, batch=16, lr=0.02))
    lines = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    assert lines[0] == "step,mse"
    steps, losses = zip(*(line.split(",") for line in lines[1:]), strict=True)
    assert steps == tuple(map(str, range(40)))
    first, last = (np.mean(np.float64(epoch)) for epoch in (losses[:4], losses[-4:]))
    assert last < 0.92 * first


def test_a_run_leaves_its_settings_losses_checkpoint_sheets_and_weights(whole, data):
    sheets = ["sheets/0000005.png", "sheets/0000010.png"]
    assert sorted(contents(whole)) == ["checkpoint.pt", "config.json", "losses.csv", *sheets, "weights.safetensors"]
    config = json.loads((whole / "config.json").read_text())
    assert config["painter"] == "splat"
    assert config["settings"] == {"steps": 14, "batch": 16, "lr": 4e-3, "seed": 0}
    assert config["data"] | {"brush_file": ANY} == json.loads((data / "manifest.json").read_text())


@pytest.mark.parametrize("kind", TINY)
def test_every_painter_logs_its_figures_and_can_be_loaded(tiny, kind):
    run, painter = tiny(kind), kind.partition(" ")[0]
    header, *rows = (run / "losses.csv").read_text().splitlines()
    assert header == f"step,{FIGURES[painter]}"
    assert [row.split(",")[0] for row in rows] == list("012345")
    assert np.isfinite([list(map(float, row.split(","))) for row in rows]).all()
    loaded = diffpaint.load_renderer(f"neural-{painter}", brush=str(run / "weights.safetensors"))
    assert (loaded.brush, loaded.radius) == ("classic/charcoal", (1.0, 8.0))
    assert (loaded.table is not None) == (kind in ("dabs", "gan with noise"))
    sheets = sorted(path.name for path in (run / "sheets").iterdir())
    assert sheets == ["0000003.png", "0000006.png"]


@pytest.mark.parametrize("kind", ["splat", "vae", "gan"])
def test_a_sheet_shows_real_strokes_beside_painted_ones(tiny, data, kind):
    sheet = np.asarray(Image.open(tiny(kind) / "sheets" / "0000006.png")).astype(float)
    assert sheet.shape == (8 * 70, 4 * 134)
    actions, alpha = read_shard(data, 0)
    painter = diffpaint.load_renderer(f"neural-{kind}", brush=str(tiny(kind) / "weights.safetensors"))
    painted = 255 * painter.stroke(torch.from_numpy(actions[:32]))[1][:, 0].numpy()
    for number in (0, 6, 31):
        row, col = divmod(number, 4)
        framed = 255 - sheet[row * 70 + 3 : row * 70 + 67, col * 134 + 3 : col * 134 + 131]
        assert abs(framed[:, :64] - alpha[number]).max() <= 1
        assert abs(framed[:, 64:] - painted[number]).max() <= 1


def test_weights_say_what_they_were_trained_on(whole):
    header = load_weights("splat", str(whole / "weights.safetensors"))[1]
    assert (header["painter"], header["brush"], header["radius"]) == ("splat", "classic/charcoal", [1.0, 8.0])
    assert header["data"]["count"] == 100
    assert "brush_file" not in header["data"]
    assert unpack_brush(header["brush_file"]).settings == read_brush("classic/charcoal").settings
    assert header["training"] == {"steps": 14, "batch": 16, "lr": 4e-3, "seed": 0, "points": 24}
    assert header["device"].startswith("1 x cpu")
    painter = diffpaint.load_renderer("neural-splat", brush=str(whole / "weights.safetensors"))
    assert (painter.brush, painter.radius) == ("classic/charcoal", (1.0, 8.0))


def test_the_same_settings_train_the_same_weights(data, whole, tmp_path):
    torch.rand(3)  # what the program did with its randomness before does not matter
    again = contents(learn(data, tmp_path / "again").parent)
    assert again.items() >= {name: (whole / name).read_bytes() for name in SAME}.items()
    other = learn(data, tmp_path / "other", SplatSettings(steps=14, batch=16, seed=1))
    assert other.read_bytes() != (whole / "weights.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("kind", "step"), [(kind, step) for kind in TINY for step in (1, 3)] + [("splat", 0), ("splat", 5)]
)
def test_an_interrupted_run_resumes_to_the_same_weights(data, tiny, tmp_path, kind, step):
    """In each stage of the training, in its first and its last step too."""
    options = {"settings": TINY[kind], "kind": kind, "checkpoint_every": 3}
    with pytest.raises(KeyboardInterrupt):
        learn(data, tmp_path, stop=step, **options)
    assert not (tmp_path / "weights.safetensors").exists()
    assert steps_of(tmp_path) == step + 1
    torch.rand(3)
    learn(data, tmp_path, resume=True, **options)
    for name in SAME:
        assert (tmp_path / name).read_bytes() == (tiny(kind) / name).read_bytes(), name


@pytest.mark.parametrize("kind", ["splat", "gan with noise"])
def test_a_run_that_was_cut_off_resumes_from_its_last_checkpoint(data, tiny, tmp_path, kind, monkeypatch):
    monkeypatch.setattr("diffpaint.io.interrupt.TOGETHER", 0.0)
    options = {"settings": TINY[kind], "kind": kind, "checkpoint_every": 2}
    with pytest.raises(KeyboardInterrupt):
        learn(data, tmp_path, stop=5, presses=2, **options)
    assert steps_of(tmp_path) == 4
    learn(data, tmp_path, resume=True, **options)
    for name in SAME:
        assert (tmp_path / name).read_bytes() == (tiny(kind) / name).read_bytes(), name


def test_resuming_another_painter_is_refused(data, whole):
    with pytest.raises(ValueError, match=r"checkpoint\.pt is of other settings: painter was splat, now dabs$"):
        learn(data, whole, DabsSettings(steps=14, batch=16, lr=4e-3), "dabs", resume=True)


def test_resuming_with_other_data_is_refused(strokes, whole, tmp_path):
    with pytest.raises(ValueError, match=r"checkpoint\.pt is of other settings: data\.seed was 0, now 9$"):
        learn(strokes(tmp_path / "data", seed=9), whole, resume=True)


def test_too_few_strokes_for_a_batch_are_refused(data, tmp_path):
    with pytest.raises(ValueError, match="holds 100 strokes, fewer than a batch of 101"):
        learn(data, tmp_path / "run", SplatSettings(steps=1, batch=101))
    assert not (tmp_path / "run").exists()


def test_a_damaged_shard_ends_the_run_with_its_name(strokes, tmp_path):
    data = strokes(tmp_path / "data")
    (data / "shard-00000.npz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"shard-00000\.npz"):
        learn(data, tmp_path / "run")


def test_a_shard_with_too_few_strokes_is_refused(strokes, tmp_path):
    """As when shards of two data sets were mixed: it must not train on empty batches."""
    data = strokes(tmp_path / "data")
    actions, alpha = read_shard(data, 0)
    np.savez(data / "shard-00000.npz", actions=actions[:10], alpha=alpha[:10])
    with pytest.raises(ValueError, match=r"shard-00000\.npz"):
        learn(data, tmp_path / "run")


def test_training_starts_from_no_data_set_with_advice(tmp_path):
    with pytest.raises(ValueError, match=r"is no data set of strokes .*make one with 'diffpaint strokes'"):
        learn(tmp_path / "none", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_saved_weights_paint_as_the_network_that_was_saved(whole, tmp_path):
    path = str(whole / "weights.safetensors")
    painter = NeuralSplat(path)
    save_weights(tmp_path / "copy.safetensors", painter.network, load_weights("splat", path)[1])
    actions = torch.rand(3, 12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(NeuralSplat(str(tmp_path / "copy.safetensors")).network(actions), painter.network(actions))
