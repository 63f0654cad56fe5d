"""``diffpaint train`` and ``diffpaint evaluate``, from strokes to a painter."""

import json
import re
import signal
import sys

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import diffpaint
from diffpaint.cli.main import cli
from diffpaint_mypaint import check_complete, read_manifest
from diffpaint_neural.training.gan import GANRecipe

pytestmark = pytest.mark.usefixtures("engine")

SMALL = ["--actions", 12, "--draws", 4, "--oversample", 1]


class Plain(diffpaint.StrokeRenderer):
    """Squares of no brush."""

    action_names, size = ("red", "green", "blue"), (8, 8)

    def __init__(self):
        super().__init__()

    def stroke(self, actions):
        return actions[:, :, None, None], actions.new_ones(len(actions), 1, *self.size)


def run(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


def refused(result, *words):
    assert result.exit_code == 2, result.output
    assert result.output.startswith("Error: "), result.output
    assert result.output.count("\n") == 1, result.output
    for word in words:
        assert word in result.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a short run, and what the command printed."""
    folder = tmp_path_factory.mktemp("trained")
    strokes = ["strokes", "--brush", "classic/charcoal", "-n", 70, "--oversample", 1, "-o", folder / "strokes"]
    assert run(*strokes).exit_code == 0
    few = ["--steps", 12, "--batch", 32, "--checkpoint-every", 6]
    known = ["--data", folder / "strokes", "--brush", "classic/charcoal", "--count", 9]  # it is there, of 70
    result = run("train", "splat", *known, "-o", folder / "run", *few)
    assert result.exit_code == 0, result.output
    return folder / "run", result.output


def test_training_leaves_weights_their_figures_and_a_picture(trained):
    folder, output = trained
    left = ["card.md", "checkpoint.pt", "config.json", "figures.json", "losses.csv", "sheets", "strokes.png"]
    assert sorted(path.name for path in folder.iterdir()) == [*left, "weights.safetensors"]
    assert sorted(path.name for path in (folder / "sheets").iterdir()) == ["0000006.png", "0000012.png"]
    figures = json.loads((folder / "figures.json").read_text())
    assert (figures["actions"], figures["draws"]) == (256, 32)
    assert figures["gap"] > 0
    with Image.open(folder / "strokes.png") as sheet:
        assert sheet.size == (4 * 198, 8 * 70)
    for where in (output, (folder / "card.md").read_text()):
        assert f"{figures['psnr']:.2f} dB" in where
        assert f"{figures['irreducible_psnr']:.2f} dB" in where


def test_the_card_says_what_the_painter_was_trained_on(trained):
    card = (trained[0] / "card.md").read_text()
    assert card.startswith("# neural-splat for classic/charcoal\n")
    for word in ("70, uniform random actions", "steps 12, batch 32, lr 0.004", "drawn at 64 px", "radius 1 to 8 px"):
        assert word in card
    assert "Where it departs from the paper" not in card  # it is no part of it
    assert f"diffpaint evaluate neural-splat --brush {trained[0] / 'weights.safetensors'}" in card


def test_trained_weights_load_as_a_painter(trained):
    painter = diffpaint.load_renderer("neural-splat", brush=str(trained[0] / "weights.safetensors"), size=(20, 30))
    assert painter.brush == "classic/charcoal"
    canvas = painter(torch.rand(1, 4, 12, generator=torch.Generator().manual_seed(0)))
    assert canvas.shape == (1, 3, 20, 30)
    assert canvas.min() < 0.99


def test_trained_weights_are_evaluated_against_their_own_brush(trained):
    result = run("evaluate", "neural-splat", "--brush", trained[0] / "weights.safetensors", *SMALL)
    assert result.exit_code == 0, result.output
    assert "12 actions x 4 draws" in result.output


def test_a_run_that_is_there_is_refused(trained):
    data = trained[0].with_name("strokes")
    command = ["train", "splat", "--data", data, "-o", trained[0], "--batch", 32]
    refused(run(*command, "--steps", 12), "holds a run already; resume it")
    refused(run(*command, "--steps", 13, "--resume"), "was begun with other options: --steps was 12, now 13")


def test_the_papers_painters_say_where_they_depart_from_it(trained, tmp_path):
    few = ["--steps", 3, "--batch", 8, "--predictor-steps", 1, "--image", 0.5, "--seed", 4]
    result = run("train", "vae", "--data", trained[0].with_name("strokes"), "-o", tmp_path / "run", *few)
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "run" / "config.json").read_text())["settings"]
    assert settings == {"steps": 3, "batch": 8, "lr": 1e-3, "seed": 4, "predictor_steps": 1, "image": 0.5}
    card = (tmp_path / "run" / "card.md").read_text()
    assert card.startswith("# neural-vae for classic/charcoal\n")
    assert "Where it departs from the paper, and why:\n\n- It learns alpha alone" in card
    assert "predictor_steps 1, image 0.5" in card


@pytest.mark.parametrize(
    ("painter", "options"),
    [
        ("splat", "--points"),
        ("dabs", ""),
        ("vae", "--predictor-steps --image"),
        ("gan", "--noise --mean-steps --critic-steps --mse"),
    ],
)
def test_each_painter_has_its_settings_as_options(painter, options):
    result = run("train", painter, "--help")
    assert result.exit_code == 0
    common = "--brush --data --count --without-smudge --output --steps --batch --lr --seed --device --resume --help"
    assert set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", result.output, re.M)) == {
        *common.split(),
        "--checkpoint-every",
        *options.split(),
    }


@pytest.mark.parametrize("step", [0, 3])
def test_an_interrupted_training_says_how_to_go_on(trained, tmp_path, monkeypatch, step):
    plain = GANRecipe.step

    def pressed(recipe, number, batch):
        if number == step:
            signal.raise_signal(signal.SIGINT)
        return plain(recipe, number, batch)

    monkeypatch.setattr(GANRecipe, "step", pressed)
    few = ["--steps", 5, "--batch", 8, "--mean-steps", 2, "--critic-steps", 1]
    result = run("train", "gan", "--data", trained[0].with_name("strokes"), "-o", tmp_path / "run", *few)
    assert result.exit_code == 130
    assert "interrupted; to go on: " in result.output
    assert "Traceback" not in result.output
    assert (tmp_path / "run" / "checkpoint.pt").exists()
    assert not (tmp_path / "run" / "weights.safetensors").exists()


def test_strokes_of_the_brush_are_drawn_where_there_are_none(tmp_path):
    few = ["--count", 12, "--batch", 16, "-o", tmp_path / "run"]  # fewer than a batch, so nothing is learned
    drawing = ["train", "dabs", "--data", tmp_path / "strokes", *few]
    refused(run(*drawing, "--steps", 1), "is no data set of strokes")
    refused_after_drawing(run(*drawing, "--brush", "classic/charcoal"), "holds 12 strokes, fewer than a batch of 16")
    manifest = read_manifest(tmp_path / "strokes")
    check_complete(tmp_path / "strokes", manifest)
    assert (manifest.brush, manifest.count, manifest.oversample) == ("classic/charcoal", 12, 4)
    (tmp_path / "strokes" / "shard-00000.npz").unlink()  # drawing was interrupted, say: it goes on, of as many strokes
    refused_after_drawing(run(*drawing, "--brush", "classic/charcoal", "--count", 99), "holds 12 strokes")
    check_complete(tmp_path / "strokes", manifest)
    refused(run(*drawing, "--brush", "classic/knife"), "brush classic/charcoal there, classic/knife asked")
    refused(run(*drawing, "--brush", "classic/knif"), "classic/knif")
    assert not (tmp_path / "run").exists()


def refused_after_drawing(result, *words):
    """As :func:`refused`, below the progress of drawing."""
    assert result.exit_code == 2, result.output
    last = result.output.splitlines()[-1]
    assert last.startswith("Error: ")
    for word in words:
        assert word in last


def test_training_without_accelerate_says_what_to_install(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    result = run("train", "splat", "--data", trained[0].with_name("strokes"), "-o", tmp_path / "run")
    refused(result, "training needs accelerate: pip install 'diffpaint[train]'")


def test_training_refuses_in_one_line(trained, tmp_path):
    data = ["--data", trained[0].with_name("strokes"), "-o", tmp_path / "run"]
    refused(run("train", "splat", "--data", tmp_path, "-o", tmp_path / "run"), "is no data set of strokes")
    refused(run("train", "splat", *data, "--steps", 0), "steps must be above 0")
    refused(run("train", "splat", *data, "--lr", "nan"), "lr must be above 0")
    refused(run("train", "dabs", *data, "--seed", -1), "seed must be at least 0")
    refused(
        run("train", "vae", *data, "--steps", 7, "--predictor-steps", 7), "predictor_steps must leave some of the 7"
    )
    refused(run("train", "gan", *data, "--steps", 7, "--mean-steps", 7), "mean_steps must leave some of the 7 steps")
    refused(run("train", "gan", *data, "--critic-steps", 0), "critic_steps must be at least 1")
    refused(run("train", "splat", *data, "--checkpoint-every", 0), "checkpoint_every must be at least 1 step, got 0")
    refused(run("train", "splat", *data, "--device", "abacus"), "abacus")
    refused(run("train", "splat", *data, "--resume"), "nothing to resume")
    assert not (tmp_path / "run").exists()


def test_too_small_a_data_set_is_refused_before_anything_is_written(trained, tmp_path):
    data = trained[0].with_name("strokes")
    result = run("train", "splat", "--data", data, "-o", tmp_path / "run", "--batch", 71)
    refused(result, "holds 70 strokes, fewer than a batch of 71")
    assert not (tmp_path / "run").exists()


def test_evaluate_prints_figures_and_writes_them(tmp_path):
    figures, sheet = tmp_path / "figures.json", tmp_path / "sheet.png"
    result = run("evaluate", "neural-splat", *SMALL, "--seed", 3, "--json", figures, "--sheet", sheet)
    assert result.exit_code == 0, result.output
    written = json.loads(figures.read_text())
    assert (written["actions"], written["draws"]) == (12, 4)
    assert written["gap"] == pytest.approx(written["irreducible_psnr"] - written["psnr"])
    for figure in ("psnr", "irreducible_psnr", "gap", "mae", "irreducible_mae", "two_draws_mae", "stray"):
        assert f" {written[figure]:.2f} " in result.output
    assert f"texture ratio                   {written['texture']:6.2f}" in result.output
    assert written["spread"] == 0
    with Image.open(sheet) as picture:
        assert picture.size == (4 * 198, 8 * 70)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.json", "sheet.png"]


def test_evaluate_takes_other_actions_for_another_seed(tmp_path):
    measured = []
    for seed in (0, 0, 1):
        run("evaluate", "neural-splat", *SMALL, "--seed", seed, "--json", tmp_path / "figures.json", "--overwrite")
        measured.append(json.loads((tmp_path / "figures.json").read_text())["psnr"])
    assert measured[0] == measured[1] != measured[2]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["neural-splatt"], "did you mean 'neural-splat'"),
        (["neural-splat", "--brush", "classic/dry_brus"], "no neural-splat for brush 'classic/dry_brus'"),
        ([f"{__name__}:Plain"], "does not imitate a MyPaint brush"),
        ([f"{__name__}:Plain", "--brush", "classic/dry_brush"], "its options are none"),
        (["grid"], "a grid needs rows and cols"),
        (["neural-splat", "--actions", 0], "actions"),
        (["neural-splat", "--draws", 1], "draws"),
        (["neural-splat", "--oversample", 0], "oversample"),
        (["neural-splat", "--sheet", "sheet.xyz"], "no picture format '.xyz' to write"),
        (["neural-splat", "--sheet", "none/sheet.png"], "there is no folder none"),
        (["neural-splat", "--json", "none/figures.json"], "there is no folder none"),
        (["neural-splat", "--json", "both.png", "--sheet", "both.png"], "both.png would be written twice"),
    ],
)
def test_evaluate_refuses_in_one_line(arguments, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(run("evaluate", *SMALL, *arguments), named)
    assert list(tmp_path.iterdir()) == []
