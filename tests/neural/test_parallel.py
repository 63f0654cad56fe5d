"""Training by several processes that share each batch, as ``accelerate launch`` starts them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from diffpaint.training.loop import train
from diffpaint_neural.training.settings import SplatSettings
from diffpaint_neural.training.splat import SplatRecipe

pytestmark = pytest.mark.usefixtures("engine")

SCRIPT = Path(__file__).with_name("parallel_run.py")
# with --cpu in place of --multi_gpu, accelerate starts a single process, however many are asked for
LAUNCH = "--multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port 0"


@pytest.fixture(scope="module")
def shared(data, tmp_path_factory):
    """The folder of runs by two processes. Not to be written to."""
    folder = tmp_path_factory.mktemp("shared")
    launch = [sys.executable, "-m", "accelerate.commands.launch", *LAUNCH.split()]
    done = subprocess.run([*launch, SCRIPT, data, folder], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_two_processes_learn_what_one_does(shared, data, tmp_path):
    settings = SplatSettings(steps=4, batch=16, lr=0.2)
    course = SplatRecipe.prepare(settings, data=data)
    train(course, tmp_path / "run", settings, device="cpu", progress=False, checkpoint_every=3)
    alone = load_file(tmp_path / "run" / "weights.safetensors")
    together = load_file(shared / "splat" / "weights.safetensors")
    assert max((alone[name] - together[name]).abs().max().item() for name in alone) < 1e-4
    rows = [
        [list(map(float, line.split(","))) for line in (run / "losses.csv").read_text().splitlines()[1:]]
        for run in (tmp_path / "run", shared / "splat")
    ]
    assert len(rows[1]) == 4
    for one, other in zip(*rows, strict=True):
        assert other == pytest.approx(one, rel=1e-4)


def test_two_processes_write_one_run(shared, tmp_path):
    left = sorted(path.name for path in (shared / "splat").iterdir())
    assert left == ["checkpoint.pt", "config.json", "losses.csv", "sheets", "weights.safetensors"]
    assert [path.name for path in (shared / "splat" / "sheets").iterdir()] == ["0000003.png"]


def test_networks_stay_the_same_in_all_processes(shared):
    """Also where each draws noise of its own, and a critic has gradients of gradients."""
    figures = json.loads((shared / "figures.json").read_text())
    assert figures["processes"] == 2
    assert figures["apart"] < 1e-6


def test_a_batch_that_cannot_be_shared_is_refused(shared):
    figures = json.loads((shared / "figures.json").read_text())
    assert figures["refusal"] == "batch 15 cannot be shared evenly by 2 processes"
    assert not (shared / "odd").exists()


def test_ctrl_c_in_one_process_ends_all_after_the_same_step(shared):
    assert json.loads((shared / "figures.json").read_text())["interrupted"]
    assert len((shared / "stopped" / "losses.csv").read_text().splitlines()) == 1 + 2
    assert not (shared / "stopped" / "weights.safetensors").exists()
