"""What version 0.1 wrote: documents, checkpoints and weights load, and its command lines go on with them."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

import diffpaint
from diffpaint import Painting, Pixel, load_renderer, paint, read_image
from diffpaint.cli.main import cli
from diffpaint_agent import load_agent

ROOT = Path(__file__).parents[2]
OLD = ROOT / "tests" / "data" / "v0.1"
COMMANDS = [line.split() for line in (OLD / "commands.txt").read_text().splitlines()]
DOCUMENTS = ("grid", "pyramid", "constrained", "scaled", "visualize", "agent", "cppn")
#: Mean difference of actions after a resumed run: sums are rounded otherwise on other machines, and where a gradient is
#: next to nothing, Adam makes the difference large. A run that begins with another state is off by a hundredth.
APART = {"interrupted": 5e-4, "interrupted-agent": 5e-4, "interrupted-visualize": 5e-3}


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def command_of(output):
    """The arguments of the command that wrote a file or a folder."""
    (found,) = [words[1:] for words in COMMANDS if str(Path(words[words.index("-o") + 1])).endswith(f"v0.1/{output}")]
    return found


def resumed(arguments, output):
    """The command again, with ``--resume`` and another output."""
    arguments = [*arguments, "--resume"]
    arguments[arguments.index("-o") + 1] = str(output)
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_rendered_as_it_was(name):
    painting = Painting.load(OLD / f"{name}.json")
    off = (painting.canvas - read_image(OLD / f"{name}.png")).abs()
    assert off.max() < 1.01 / 255
    assert off.mean() < 0.3 / 255


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_saved_again_says_the_same(name, tmp_path):
    before = json.loads((OLD / f"{name}.json").read_text())
    Painting.load(OLD / f"{name}.json").save(tmp_path / "a.json")
    after = json.loads((tmp_path / "a.json").read_text())
    assert after["actions"] == before["actions"]
    assert {key: after["renderer"][key] for key in ("name", "options")} == before["renderer"]
    same = ("width", "height", "background", "brush", "cell", "stroke_columns", "action_names", "losses", "seed")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    strokes = (torch.tensor(document["strokes"]) for document in (before, after))
    torch.testing.assert_close(*strokes, atol=1e-4, rtol=1e-5)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", ["grid", "pyramid", "agent"])
def test_a_document_is_replayed(name, tmp_path):
    done = CliRunner().invoke(cli, ["replay", str(OLD / f"{name}.json"), "-o", str(tmp_path / "a.png")])
    assert done.exit_code == 0, done.output
    real, neural = read_image(tmp_path / "a.png"), read_image(OLD / f"{name}.png")
    assert (real - neural).abs().mean() < 30 / 255


@pytest.mark.parametrize("folder", APART)
def test_an_interrupted_painting_goes_on(folder, tmp_path):
    shutil.copytree(OLD / folder, tmp_path / folder)
    resumed(command_of(f"{folder}/paint.png"), tmp_path / folder / "paint.png")
    assert not (tmp_path / folder / "paint.png.ckpt").exists()
    found, wanted = (
        json.loads(path.read_text()) for path in (tmp_path / folder / "paint.json", OLD / folder / "finished.json")
    )
    assert len(found["losses"]) == len(wanted["losses"])
    off = (torch.tensor(found["actions"]) - torch.tensor(wanted["actions"])).abs().mean()
    assert off < APART[folder]
    assert found["losses"] == pytest.approx(wanted["losses"], rel=1e-3)


def test_a_checkpoint_of_paint_goes_on(tmp_path):
    shutil.copy(OLD / "python.ckpt", tmp_path / "a.ckpt")
    target = read_image("tests/data/chelsea.jpg", (24, 24))
    painting = paint(
        *(load_renderer("neural-splat", size=(24, 24)), Pixel(target)),
        **{"strokes": 4, "steps": 6, "device": "cpu", "progress": False},
        checkpoint=tmp_path / "a.ckpt",
        resume=True,
    )
    wanted = Painting.load(OLD / "python.json")
    torch.testing.assert_close(painting.actions, wanted.actions, atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.tensor(painting.losses), torch.tensor(wanted.losses))


@pytest.mark.usefixtures("engine")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["splat", "agent"])
def test_an_interrupted_run_of_training_goes_on(name, tmp_path):
    shutil.copytree(OLD / f"{name}-run", tmp_path / "run")
    resumed(command_of(f"{name}-run"), tmp_path / "run")
    found = load_file(tmp_path / "run" / "weights.safetensors")
    wanted = load_file(OLD / f"{name}-finished.safetensors")
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        torch.testing.assert_close(found[key].float(), value.float(), atol=2e-3, rtol=1e-3)


def test_weights_of_a_painter_paint():
    renderer = load_renderer("neural-splat", brush=str(OLD / "splat-finished.safetensors"), size=(24, 24))
    actions = renderer.initial(1, 3, torch.Generator().manual_seed(0))
    assert renderer.brush == "classic/dry_brush"
    assert renderer(actions).std() > 0


def test_weights_of_an_agent_paint():
    agent = load_agent(str(OLD / "agent-finished.safetensors"))
    assert [repr(constraint) for constraint in agent.constraints] == [
        "Palette(colors=((0.0, 0.0, 0.0),))",
        "Connected()",
    ]
    actions = agent.act(torch.ones(1, 3, 8, 8), agent.painter(16))
    assert actions.shape == (1, 8, 12)
    assert (actions[..., 3:6] == 0).all()


def test_words_of_then_are_options_still():
    shown = CliRunner().invoke(cli, ["train", "agent", "--help"]).output
    for old in ("--lesson", "--forcing", "--forcing-until", "--forcing-gone", "--forcing-slack"):
        assert f"{old} " in shown.replace("\n", " ")


def test_all_of_it_is_there_and_small():
    assert {path.name for path in OLD.iterdir()} >= {f"{name}.json" for name in DOCUMENTS}
    assert sum(path.stat().st_size for path in OLD.rglob("*")) < 500_000
    assert diffpaint.__version__ != ""
