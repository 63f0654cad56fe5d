import math
import os
import subprocess
import sys

import pytest
import torch

import diffpaint
from diffpaint_clip import Clip, ClipContent, image_model, load_clip, weighted
from diffpaint_lucent import Activation

STILL = {"views": 1, "crop": 1.0, "rotate": 0.0}


@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_a_checkpoint_is_loaded(tiny_clip, ending):
    import open_clip

    name = tiny_clip("tiny-vit", ending)
    network, tokenizer = load_clip(name)
    torch.manual_seed(0)
    wanted = open_clip.create_model("tiny-vit").state_dict()
    torch.testing.assert_close(network.state_dict(), wanted)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert tokenizer(["a fox"]).shape == (1, 77)


class Mischief:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("ending", [".pt", ".pth", ".bin", ".safetensors"])
def test_a_checkpoint_runs_no_code(tiny_clip, tmp_path, ending):
    tiny_clip("tiny-vit")
    path, proof = tmp_path / f"a{ending}", tmp_path / "proof"
    torch.save({"state_dict": Mischief(proof)}, path)
    with pytest.raises(ValueError, match=f"a{ending} cannot be loaded as tiny-vit of open_clip"):
        load_clip(f"tiny-vit:{path}")
    assert not proof.exists()
    torch.load(path.rename(tmp_path / "b.pt"), weights_only=False)  # which it would have
    assert proof.exists()


def test_it_is_minus_the_similarity_of_picture_and_text(tiny_clip, rand):
    name, canvas = tiny_clip("tiny-vit"), rand(2, 3, 32, 32)
    objective = Clip("a red fox in snow", name, **STILL)
    network, tokenizer = load_clip(name)
    mean, std = (torch.tensor(network.visual.preprocess_cfg[key])[:, None, None] for key in ("mean", "std"))
    seen = network.encode_image((canvas - mean) / std, normalize=True)
    wanted = -(seen @ network.encode_text(tokenizer(["a red fox in snow"]), normalize=True).T).mean()
    torch.testing.assert_close(objective(canvas), wanted)


def test_prompts_add_up_by_their_weights(tiny_clip, rand):
    name, canvas = tiny_clip("tiny-vit"), rand(1, 3, 32, 32)
    alone = [Clip(prompt, name, **STILL)(canvas) for prompt in ("a fox", "snow", "text")]
    together = Clip("a fox | snow:0.5 | text: -0.3", name, **STILL)
    torch.testing.assert_close(together(canvas), alone[0] + 0.5 * alone[1] - 0.3 * alone[2])
    assert together.prompts == {"a fox": 1.0, "snow": 0.5, "text": -0.3}
    torch.testing.assert_close(together(canvas), Clip(together.prompts, name, **STILL)(canvas))


@pytest.mark.parametrize("tower", ["tiny-vit", "tiny-resnet", "tiny-timm"])
def test_any_tower_will_do_at_any_size(tower, tiny_clip, rand):
    objective, canvas = Clip("a fox", tiny_clip(tower)), rand(1, 3, 24, 57).requires_grad_()
    (slope,) = torch.autograd.grad(objective(canvas), canvas)
    assert slope.abs().amax() > 0
    assert slope.isfinite().all()


def test_crops_are_squares_of_their_sizes_all_over_the_canvas(tiny_clip):
    objective = Clip("a fox", tiny_clip("tiny-vit"), crop=0.5)
    down, across = torch.meshgrid(torch.linspace(0, 1, 64), torch.linspace(0, 1, 96), indexing="ij")
    torch.manual_seed(0)
    crops = [objective._crop(torch.stack([down, across, 0 * down])[None]) for _ in range(300)]
    assert {tuple(crop.shape) for crop in crops} == {(1, 3, 32, 32)}
    ends = torch.stack([torch.cat([crop.amin((2, 3)), crop.amax((2, 3))]) for crop in crops])  # n, least and most, 3
    heights = ends[:, 1, 0] - ends[:, 0, 0]
    assert 0.45 < heights.min() < 0.55
    assert 0.95 < heights.max() <= 1
    assert ends[:, 0].amin(0)[:2].max() < 0.03
    assert ends[:, 1].amax(0)[:2].min() > 0.97
    torch.testing.assert_close(heights * 64, (ends[:, 1, 1] - ends[:, 0, 1]) * 96, atol=2.5, rtol=0)


def test_a_command_of_words_is_painted(tiny_clip):
    objective = diffpaint.load_objective(
        f'clip(prompt="a red fox, in snow | text:-0.3", model="{tiny_clip("tiny-vit")}")'
    )
    settings = {"strokes": 4, "steps": 15, "device": "cpu", "progress": False}
    painting = diffpaint.paint(diffpaint.load_renderer("neural-splat", size=(32, 40)), objective, **settings)
    assert painting.losses[-1] < painting.losses[0]


@pytest.mark.parametrize(
    ("tower", "layers"),
    [
        ("tiny-resnet", "layer2 layer3"),
        ("tiny-vit", "transformer_resblocks_1_patches"),
        ("tiny-timm", "trunk_blocks_0_class"),
    ],
)
def test_content_by_layers(tower, layers, tiny_clip, rand):
    target = rand(1, 3, 48, 40)
    objective = ClipContent(target, tiny_clip(tower), layers)
    assert objective(target) < 1e-9
    canvas = rand(2, 3, 48, 40).requires_grad_()
    (slope,) = torch.autograd.grad(objective(canvas), canvas)
    assert slope.abs().amax() > 0


def test_patch_tokens_of_its_transformer(tiny_clip, rand):
    model = image_model(tiny_clip("tiny-vit"))
    goal = Activation("transformer_resblocks_1_patches:3", [model], views=1, jitter=0, scale=0, rotate=0)
    canvas = rand(1, 3, 32, 32)
    wanted = model.network.forward_intermediates(model.normalise(canvas), [1])["image_intermediates"][0][:, 3].mean()
    torch.testing.assert_close(goal(canvas), -wanted)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prompt": " "}, "a prompt is a text such as 'a red fox in snow', got ' '"),
        ({"prompt": "a fox |"}, "a prompt is a text"),
        ({"prompt": {}}, "a prompt is a text"),
        ({"prompt": "a fox:0"}, "finite and not 0, got 0.0 for 'a fox'"),
        ({"prompt": "a fox:nan"}, "finite and not 0, got nan"),
        ({"prompt": "a fox | a fox:-1"}, "a prompt stands twice"),
        ({"prompt": "fox " * 80}, "a prompt has 82 tokens, and the network reads 77: shorten 'fox fox"),
        ({"views": 0}, "views must be at least 1, got 0"),
        ({"crop": 0.0}, "crop is above 0 and at most 1, got 0.0"),
        ({"crop": math.nan}, "crop is above 0"),
        ({"rotate": -1.0}, "rotate"),
        ({"model": "tiny-vat:a.pt"}, "open_clip has no model 'tiny-vat'; did you mean .*tiny-vit"),
        (
            {"model": "ViT-B-32"},
            "ViT-B-32: no weights are named; write ViT-B-32:TAG or ViT-B-32:FILE, its tags are openai",
        ),
        ({"model": "ViT-B-32:opened"}, "neither a tag nor a file: 'opened'"),
        ({"model": "tiny-vit:absent.pt"}, "neither a tag nor a file: 'absent.pt'.*it has no tags"),
        ({"model": f"tiny-vit:{__file__}"}, "ends in '.py'; weights of open_clip are .safetensors"),
    ],
)
def test_mistakes_are_explained(options, said, tiny_clip):
    options = {"prompt": "a fox", "model": tiny_clip("tiny-vit"), **options}
    with pytest.raises(ValueError, match=said):
        Clip(**options)


def test_a_checkpoint_of_another_network_is_explained(tiny_clip):
    _, _, path = tiny_clip("tiny-resnet").partition(":")
    with pytest.raises(ValueError, match=r"cannot be loaded as tiny-vit of open_clip: Error.* in loading state_dict"):
        load_clip(f"tiny-vit:{path}")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("1984", {"1984": 1.0}),
        ("a title: a fox", {"a title: a fox": 1.0}),
        (" a fox : 2 |snow:-1e-1", {"a fox": 2.0, "snow": -0.1}),
    ],
)
def test_colons_and_numbers_of_a_text_are_its_own(text, pairs):
    assert weighted(text) == pairs


OFFLINE = """
import diffpaint_clip
try:
    diffpaint_clip.Clip("a fox")
except ValueError as error:
    print(error)
"""


def test_without_a_network_one_line_says_so(tmp_path):
    # in a process of its own: huggingface_hub reads where it keeps things when it is imported
    nobody = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        env=os.environ | nobody | {"HF_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = "the weights of ViT-B-32:openai cannot be downloaded (https://huggingface.co does not answer: "
    assert ended.stdout.startswith(said), ended.stderr
    assert ended.stdout.endswith("a file of them can be given as ViT-B-32:FILE\n")
    assert not ended.stderr
