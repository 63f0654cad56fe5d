import json
import re

import pytest
import torch
from click.testing import CliRunner

import diffpaint
from diffpaint.cli.main import cli
from diffpaint_lucent import Model

FAST = ("--size", "64", "--grid", "2x2", "--strokes", "2", "--steps", "3", "--device", "cpu")


def few_labels():
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 10))
    return Model("few", network)


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_class_is_painted_and_judged(tmp_path):
    result = run("visualize", "daisy", "-o", tmp_path / "a.png", *FAST, "--models", "efficientnet-lite0")
    assert result.exit_code == 0, result.output
    assert diffpaint.read_image(tmp_path / "a.png").shape == (1, 3, 64, 64)
    document = json.loads((tmp_path / "a.json").read_text())
    assert len(document["losses"]) == 3
    assert re.search(r"step 0: efficientnet-lite0 0\.\d\d", result.output)
    assert re.search(r"efficientnet-lite0, 1 of 1: daisy \d\.\d{3} \(.+ \d\.\d\d, ", result.output)
    assert not (tmp_path / "a.png.ckpt").exists()


def test_strokes_grow_on_paper_where_no_cells_are_asked_for(tmp_path):
    few = ("--size", "64", "--strokes", "14", "--steps", "20", "--models", "efficientnet-lite0", "--batch", "2")
    result = run("visualize", "daisy", "-o", tmp_path / "a.png", *few, "--device", "cpu")
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "a-2.json").read_text())
    assert document["renderer"]["name"] == "scatter"
    assert len(document["actions"]) == 14
    assert document["background"] == pytest.approx([217 / 255, 209 / 255, 194 / 255], abs=1e-4)


def test_variants_are_numbered_and_differ(tmp_path):
    options = ("--batch", "2", "--greyscale", "--timelapse", tmp_path / "a.gif", "--frames", "3")
    result = run("visualize", "985", "-o", tmp_path / "a.png", *FAST, *options)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("a-1.gif", "a-1.json", "a-1.png", "a-2.gif", "a-2.json", "a-2.png"),
    ]
    first, second = (diffpaint.read_image(tmp_path / f"a-{number}.png") for number in (1, 2))
    assert not torch.equal(first, second)
    assert torch.equal(first[:, 0], first[:, 2])  # grey
    assert "efficientnet-lite1, 2 of 2: daisy" in result.output


def test_a_text_is_painted(tmp_path, tiny_clip):
    names = f"{tiny_clip('tiny-vit')},{tiny_clip('tiny-resnet')}"
    prompt = "a red fox, in snow | text:-0.3"
    options = ("--prompt", prompt, "--models", names, "--batch", "2")
    result = run("visualize", *options, "-o", tmp_path / "a.png", *FAST)
    assert result.exit_code == 0, result.output
    assert diffpaint.read_image(tmp_path / "a-2.png").shape == (1, 3, 64, 64)
    for name in names.split(","):
        assert re.search(rf"{re.escape(name)}, 2 of 2: similarity -?0\.\d{{3}}\n", result.output)


@pytest.mark.parametrize("renderer", ["cppn", "fourier", "neural-dabs"])
def test_any_renderer_will_do(tmp_path, renderer):
    options = [*FAST[:2], *FAST[6:]] if renderer in ("cppn", "fourier") else FAST
    result = run(
        "visualize", "985", "-o", tmp_path / "a.png", *options, "--renderer", renderer, "--models", "efficientnet-lite0"
    )
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["giant pand"], "no ImageNet class 'giant pand'; did you mean giant panda"),
        (["1000"], "no ImageNet class 1000"),
        (["daisy", "--models", ""], "an ensemble needs at least one model"),
        (["daisy", "--models", "efficientnet-lite9"], "no model 'efficientnet-lite9'"),
        (["daisy", "--models", f"{__name__}:few_labels"], "few does not yield ImageNet's 1000 labels but (1, 10)"),
        ([], "name a class of ImageNet, or give a --prompt, and not both"),
        (["daisy", "--prompt", "a fox"], "name a class of ImageNet, or give a --prompt, and not both"),
        (["--prompt", "a fox", "--labels", "logit"], "--labels are of classes; a --prompt has none"),
        (["--prompt", "a fox:0", "--models", "tiny-vit:a.pt"], "the weight of a prompt is finite and not 0"),
        (["--prompt", "a fox", "--models", "ViT-B-32"], "no weights are named; write ViT-B-32:TAG"),
        (["daisy", "--batch", "0"], "--batch must be at least 1, got 0"),
        (["daisy", "--labels", "odds"], "odds"),
        (["daisy", "--limit", "sise=0:1"], "did you mean size"),
    ],
)
def test_mistakes_are_one_line_before_anything_is_written(tmp_path, arguments, said):
    result = run("visualize", *arguments, "-o", tmp_path / "a.png", *FAST)
    assert result.exit_code == 2
    assert said in result.output
    assert not list(tmp_path.iterdir())


def test_models_are_listed_with_what_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "inception5h.pth").touch()
    lines = run("models").output.splitlines()
    assert "efficientnet-lite2  installed" in lines
    assert "lucent:inceptionv1  downloaded" in lines
    assert "torchvision:resnet18  would be downloaded, 45 MB" in lines
    assert any(line.startswith("timm:NAME  ") and "networks" in line for line in lines)


def test_layers_of_a_model_are_listed():
    lines = run("models", "efficientnet-lite0").output.splitlines()
    assert "_blocks_4  MBConvBlock(" in lines
    assert lines[-1].startswith("labels")
    assert run("models", "efficientnet-lite9").exit_code == 2
