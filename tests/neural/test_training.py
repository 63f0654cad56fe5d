"""Training: the order of strokes, and runs that are interrupted, resumed and refused."""

import json
from itertools import islice

import numpy as np
import pytest
import torch

import diffpaint
from diffpaint_mypaint import Manifest, read_shard
from diffpaint_mypaint.dataset import plan, write
from diffpaint_neural.splat import NeuralSplat
from diffpaint_neural.training import splat as training
from diffpaint_neural.training.data import batches
from diffpaint_neural.training.splat import SplatTraining, measure_reach, train_splat
from diffpaint_neural.weights import load_weights, save_weights

SETTINGS = SplatTraining(steps=14, batch=16)


def strokes(folder, count=100, **settings):
    manifest = plan(folder, "classic/charcoal", count, **settings)
    assert sum(write(folder, manifest)) == count
    return folder


def train(data, run, settings=SETTINGS, **options):
    return train_splat(data, run, settings, device="cpu", progress=False, **{"checkpoint_every": 5} | options)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A small data set. Not to be written to."""
    return strokes(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run that was not interrupted. Not to be written to."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert train(data, run) == run / "weights.safetensors"
    return run


@pytest.fixture
def interrupt(monkeypatch):
    """``interrupt(n)``: Ctrl-C in the nth step of every run from now on; 0 lets them go on."""

    def arm(step):
        def interrupted(*arguments, **options):
            yield from islice(batches(*arguments, **options), step or None)
            raise KeyboardInterrupt

        monkeypatch.setattr(training, "batches", interrupted)

    return arm


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A data set of two shards, 2048 and 40 strokes, whose first action and whose alpha number the strokes."""
    folder = tmp_path_factory.mktemp("numbered")
    manifest = Manifest("none", "", "none", 2088, 0)
    for shard, numbers in enumerate(np.split(np.arange(2088), [2048])):
        alpha = np.zeros((len(numbers), 64, 64), np.uint8)
        alpha[:, 0, 0], alpha[:, 0, 1] = numbers // 256, numbers % 256
        actions = np.tile(numbers[:, None] / 4096, (1, 12)).astype(np.float32)
        np.savez(folder / f"shard-{shard:05d}.npz", actions=actions, alpha=alpha)
    return folder, manifest


def order(data, count, batch=16, seed=0, first=0):
    """Numbers of the strokes in the first batches, (count, batch)."""
    taken = list(islice(batches(*data, batch, seed, first), count))
    for actions, alpha in taken:
        assert actions.shape == (batch, 12)
        assert alpha.shape == (batch, 64, 64)
        assert alpha.dtype == torch.float32
        numbers = actions[:, 0] * 4096
        assert torch.equal((alpha[:, 0, 0] * 256 + alpha[:, 0, 1]).mul(255).round(), numbers)  # its own stroke's
    return torch.stack([actions[:, 0] * 4096 for actions, _ in taken]).long()


def test_an_epoch_is_every_stroke_once_in_random_order(numbered):
    epoch = order(numbered, 130)  # 128 batches of the first shard, 2 of the second, whose last 8 strokes are left over
    assert len(epoch.unique()) == 130 * 16
    assert (epoch < 2048).sum() == 2048
    assert not torch.equal(epoch.flatten(), epoch.flatten().sort().values)
    second = order(numbered, 130, first=130)
    assert len(second.unique()) == 130 * 16
    assert not torch.equal(second, epoch)


def test_the_order_depends_on_the_seed_alone(numbered):
    assert torch.equal(order(numbered, 20), order(numbered, 20))
    assert not torch.equal(order(numbered, 20), order(numbered, 20, seed=1))


@pytest.mark.parametrize("first", [1, 2, 3, 127, 129, 130, 131, 259, 260])
def test_batches_go_on_from_any_of_them(numbered, first):
    assert torch.equal(order(numbered, 4, first=first), order(numbered, first + 4)[first:])


def test_shards_smaller_than_a_batch_are_left_out(numbered):
    assert (order(numbered, 40, batch=64) < 2048).all()
    assert (order(numbered, 4, batch=2000) < 2048).all()


def test_too_few_strokes_for_a_batch_are_refused(data, tmp_path):
    with pytest.raises(ValueError, match="holds 100 strokes, fewer than a batch of 101"):
        train(data, tmp_path / "run", SplatTraining(steps=1, batch=101))
    assert not (tmp_path / "run" / "weights.safetensors").exists()


def test_training_lowers_the_error(tmp_path):
    data = plan(tmp_path / "data", "classic/dry_brush", 64)
    assert sum(write(tmp_path / "data", data)) == 64
    train(tmp_path / "data", tmp_path / "run", SplatTraining(steps=40, batch=16, lr=0.02))
    lines = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    assert lines[0] == "step,loss"
    steps, losses = zip(*(line.split(",") for line in lines[1:]), strict=True)
    assert steps == tuple(map(str, range(40)))
    first, last = (np.mean(np.float64(epoch)) for epoch in (losses[:4], losses[-4:]))
    assert last < 0.92 * first


def test_a_run_leaves_its_settings_losses_checkpoint_and_weights(whole, data):
    assert sorted(contents(whole)) == ["checkpoint.pt", "config.json", "losses.csv", "weights.safetensors"]
    config = json.loads((whole / "config.json").read_text())
    assert config["settings"] == {"steps": 14, "batch": 16, "lr": 4e-3, "seed": 0}
    assert config["data"] == json.loads((data / "manifest.json").read_text())


def test_weights_say_what_they_were_trained_on(whole):
    header = load_weights("splat", str(whole / "weights.safetensors"))[1]
    assert (header["painter"], header["brush"], header["radius"]) == ("splat", "classic/charcoal", [1.0, 8.0])
    assert header["data"]["count"] == 100
    assert header["training"]["steps"] == 14
    painter = diffpaint.load_renderer("neural-splat", brush=str(whole / "weights.safetensors"))
    assert (painter.brush, painter.radius) == ("classic/charcoal", (1.0, 8.0))


def test_reach_is_what_was_measured_of_the_network(whole):
    for painter in (NeuralSplat(), NeuralSplat(str(whole / "weights.safetensors"))):
        assert painter.reach == pytest.approx(measure_reach(painter.network), abs=0.01)


def test_the_same_settings_train_the_same_weights(data, whole, tmp_path):
    torch.rand(3)  # what the program did with its randomness before does not matter
    assert (
        contents(train(data, tmp_path / "again").parent).items()
        >= {name: (whole / name).read_bytes() for name in ("weights.safetensors", "losses.csv", "config.json")}.items()
    )
    other = train(data, tmp_path / "other", SplatTraining(steps=14, batch=16, seed=1))
    assert other.read_bytes() != (whole / "weights.safetensors").read_bytes()


@pytest.mark.parametrize("step", [5, 8, 14])
def test_an_interrupted_run_resumes_to_the_same_weights(data, whole, tmp_path, interrupt, step):
    run = tmp_path / "run"
    interrupt(step)
    if step < SETTINGS.steps:
        with pytest.raises(KeyboardInterrupt):
            train(data, run)
        assert sorted(contents(run)) == ["checkpoint.pt", "config.json", "losses.csv"]
    else:
        train(data, run)
    interrupt(0)
    torch.rand(3)
    train(data, run, resume=True)
    assert len((run / "losses.csv").read_text().splitlines()) == 15
    for name in ("weights.safetensors", "losses.csv", "config.json"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_run_interrupted_again_and_again_ends_the_same(data, whole, tmp_path, interrupt):
    interrupt(6)
    for resume in (False, True):
        with pytest.raises(KeyboardInterrupt):
            train(data, tmp_path, resume=resume)
    train(data, tmp_path, resume=True)
    assert (tmp_path / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


def test_a_run_interrupted_before_its_first_checkpoint_starts_anew(data, whole, tmp_path, interrupt):
    interrupt(3)
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path)
    interrupt(0)
    with pytest.raises(ValueError, match=r"nothing to resume: there is no .*checkpoint\.pt"):
        train(data, tmp_path, resume=True)
    assert train(data, tmp_path).read_bytes() == (whole / "weights.safetensors").read_bytes()


def test_a_run_that_is_there_is_not_written_over(data, whole):
    before = contents(whole)
    with pytest.raises(ValueError, match="holds a run already; --resume goes on with it, or name another folder"):
        train(data, whole)
    assert contents(whole) == before


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"steps": 15}, "steps was 14, now 15"),
        ({"batch": 8}, "batch was 16, now 8"),
        ({"lr": 1e-3}, "lr was 0.004, now 0.001"),
        ({"seed": 1}, "seed was 0, now 1"),
    ],
)
def test_resuming_with_other_settings_is_refused(data, whole, changed, named):
    before = contents(whole)
    with pytest.raises(ValueError, match=rf"checkpoint\.pt is of other settings: {named}"):
        train(data, whole, SplatTraining(**{"steps": 14, "batch": 16} | changed), resume=True)
    assert contents(whole) == before


def test_resuming_with_other_data_is_refused(whole, tmp_path):
    with pytest.raises(ValueError, match=r"checkpoint\.pt is of other data: seed was 0, now 9"):
        train(strokes(tmp_path / "data", seed=9), whole, resume=True)


@pytest.mark.parametrize("damage", ["cut short", "empty", "another file"])
def test_a_damaged_checkpoint_is_refused(data, whole, tmp_path, damage):
    raw = (whole / "checkpoint.pt").read_bytes()
    broken = {"cut short": raw[:-200], "empty": b"", "another file": (whole / "weights.safetensors").read_bytes()}
    (tmp_path / "checkpoint.pt").write_bytes(broken[damage])
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged; delete .* to start anew"):
        train(data, tmp_path, resume=True)


def test_a_damaged_shard_ends_the_run_with_its_name(tmp_path):
    data = strokes(tmp_path / "data")
    (data / "shard-00000.npz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"shard-00000\.npz"):
        train(data, tmp_path / "run")


def test_a_shard_with_too_few_strokes_is_refused(tmp_path):
    """As when shards of two data sets were mixed: it must not train on empty batches."""
    data = strokes(tmp_path / "data")
    actions, alpha = read_shard(data, 0)
    np.savez(data / "shard-00000.npz", actions=actions[:10], alpha=alpha[:10])
    with pytest.raises(ValueError, match=r"shard-00000\.npz"):
        train(data, tmp_path / "run")


@pytest.mark.parametrize("field", ["steps", "batch", "lr"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_settings_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} must be above 0"):
        SplatTraining(**{field: value})


def test_training_starts_from_no_data_set_with_advice(tmp_path):
    with pytest.raises(ValueError, match=r"is no data set of strokes .*make one with 'diffpaint strokes'"):
        train(tmp_path / "none", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_saved_weights_paint_as_the_network_that_was_saved(whole, tmp_path):
    path = str(whole / "weights.safetensors")
    painter = NeuralSplat(path)
    save_weights(tmp_path / "copy.safetensors", painter.network, load_weights("splat", path)[1])
    actions = torch.rand(3, 12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(NeuralSplat(str(tmp_path / "copy.safetensors")).network(actions), painter.network(actions))
