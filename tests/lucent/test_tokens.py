"""Vision transformers: their tokens as layers."""

import pytest
import timm
import torch
from click.testing import CliRunner

import diffpaint
from diffpaint.cli.main import cli
from diffpaint_lucent import Activation, Content, Model, Style, Tokens
from diffpaint_lucent.activations import Activations

PATCH, CHANNELS = 8, 16


def vit(registers=2, **options):
    """As DINO's: a class token, registers, patches, no labels; of random weights."""
    torch.manual_seed(0)
    sizes = {"img_size": 32, "patch_size": PATCH, "embed_dim": CHANNELS, "depth": 2, "num_heads": 2, "num_classes": 0}
    options = {"dynamic_img_size": True, "dynamic_img_pad": True} | options
    network = timm.models.vision_transformer.VisionTransformer(**sizes, reg_tokens=registers, **options)
    return Model("tiny", network, size=32, tokens=Tokens.of(network))


@pytest.mark.parametrize(("size", "rows", "columns"), [((32, 32), 4, 4), ((16, 40), 2, 5), ((30, 17), 4, 3)])
def test_patches_lie_as_in_the_picture_and_the_class_token_is_apart(size, rows, columns, rand):
    model, canvas = vit(), rand(2, 3, *size)
    read = Activations(model, ["blocks_1", "blocks_1_patches", "blocks_1_class", "labels"])(canvas)
    held, patches = read["blocks_1"], read["blocks_1_patches"]
    assert held.shape == (2, 3 + rows * columns, CHANNELS)
    assert patches.shape == (2, CHANNELS, rows, columns)
    assert torch.equal(read["blocks_1_class"], held[:, 0])
    assert torch.equal(patches[:, :, 1, 2], held[:, 3 + columns + 2])
    wanted = model.network.forward_intermediates(model.normalise(canvas), indices=[1], intermediates_only=True)[0]
    torch.testing.assert_close(patches, wanted)


def test_a_patch_token_of_the_first_layer_sees_its_patch():
    model, canvas = vit(), torch.full((1, 3, 32, 32), 0.5)
    marked = canvas.clone()
    marked[:, :, 8:16, 24:32] = 0.9
    read = Activations(model, ["norm_pre_patches"])
    differs = (read(marked)["norm_pre_patches"] - read(canvas)["norm_pre_patches"]).abs().amax(1)[0] > 1e-6
    assert differs.nonzero().tolist() == [[1, 3]]


@pytest.mark.parametrize("layer", ["blocks_1_patches", "blocks_0_attn_qkv_patches", "norm_class", "labels"])
def test_objectives_take_them(layer, rand):
    target, canvas = rand(1, 3, 24, 40), rand(1, 3, 24, 40)
    for objective in (
        Content(target, vit(), layer),
        Style(target, 32, vit(), layer),
        Activation(f"{layer}:3", [vit()]),
    ):
        slope = torch.autograd.grad(objective(canvas.requires_grad_()), canvas)[0]
        assert slope.isfinite().all()
        assert slope.abs().max() > 0


def test_content_of_patch_tokens_is_painted(rand):
    target = diffpaint.read_image("tests/data/chelsea.jpg", (24, 32))
    settings = {"strokes": 4, "steps": 12, "device": "cpu", "progress": False}
    content = Content(target, vit(), "blocks_1_patches", jitter=0, scale=0, rotate=0)
    painting = diffpaint.paint(diffpaint.load_renderer("neural-splat", size=(24, 32)), content, **settings)
    assert painting.losses[-1] < painting.losses[0]


def test_a_network_of_one_size_sees_squares_of_it(rand):
    whole = vit(dynamic_img_size=False, dynamic_img_pad=False)
    model = Model("fixed", whole.network, size=32, square=True, tokens=whole.tokens)
    canvas = rand(1, 3, 20, 50)
    assert Activations(model, ["blocks_0_patches"])(canvas)["blocks_0_patches"].shape == (1, CHANNELS, 4, 4)
    with pytest.raises(ValueError, match=r"tiny cannot look at \(20, 50\) px"):
        Content(canvas, whole, "blocks_0_patches")


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("blocks_9_patches", "no layer 'blocks_9_patches'; did you mean blocks_1_patches"),
        ("blocks_0_attn_q_norm_patches", r"tiny has no 'blocks_0_attn_q_norm_patches': \(1, 2, 19, 8\) is not"),
        ("patch_embed_proj_class", r"\(1, 16, 4, 4\) holds no class token"),
    ],
)
def test_layers_that_hold_none_are_explained(layer, said, rand):
    with pytest.raises(ValueError, match=said):
        Content(rand(1, 3, 32, 32), vit(), layer)


def test_without_a_class_token_none_is_offered(rand):
    network = timm.models.vision_transformer.VisionTransformer(
        img_size=32, patch_size=PATCH, embed_dim=16, depth=1, num_heads=2, class_token=False, global_pool="avg"
    )
    model = Model("bare", network, size=32, tokens=Tokens.of(network))
    assert model.tokens == Tokens((PATCH, PATCH), 0, classified=False)
    assert Content(rand(1, 3, 32, 32), model, "blocks_0_patches")(rand(1, 3, 32, 32)) > 0
    with pytest.raises(ValueError, match="bare has no layer 'blocks_0_class'"):
        Content(rand(1, 3, 32, 32), model, "blocks_0_class")


def test_models_lists_them():
    result = CliRunner().invoke(cli, ["models", f"{__name__}:vit"])
    assert result.exit_code == 0, result.output
    assert "NAME_patches, NAME_class  patch tokens" in result.output
    assert "blocks_1  Block(" in result.output


@pytest.mark.parametrize("name", ["xcit_nano_12_p16_224", "swin_tiny_patch4_window7_224", "resnet18"])
def test_other_kinds_of_networks_have_none(name):
    with torch.device("meta"):
        assert Tokens.of(timm.create_model(name)) is None
