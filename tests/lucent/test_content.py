import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lucent.modelzoo import inceptionv1

import diffpaint
from diffpaint_lucent import Content, Model, load_model
from diffpaint_lucent.transforms import RandomAffine


@pytest.fixture(scope="module")
def model():
    return load_model("efficientnet-lite0")


@pytest.fixture(scope="module")
def photo():
    return diffpaint.read_image(Path(__file__).parents[1] / "data" / "chelsea.jpg", 96)


def still(photo, model, **options):
    """Without transforms."""
    return Content(photo, model, jitter=0, scale=0, rotate=0, **options)


def test_the_photo_itself_scores_zero(photo, model):
    assert still(photo, model)(photo) == 0


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_the_score_is_the_mean_difference_of_the_layers(photo, model, norm):
    canvas = 1 - photo
    seen = {}
    hooks = [
        module.register_forward_hook(lambda *args, name=name: seen.setdefault(name, []).append(args[2]))
        for name, module in model.network.named_modules()
        if name in ("_blocks.1", "_blocks.3")
    ]
    for picture in (canvas, photo):
        model.network(model.normalise(picture))
    for hook in hooks:
        hook.remove()
    means = [
        ((painted - wanted).abs() if norm == "l1" else (painted - wanted) ** 2).mean()
        for painted, wanted in seen.values()
    ]
    score = still(photo, model, layers=["_blocks_3", "_blocks_1"], norm=norm)(canvas)
    torch.testing.assert_close(score, torch.stack(means).mean())


def test_one_network_serves_two_objectives_and_others(photo, model):
    before = model.network(model.normalise(photo))
    first, second = still(photo, model), still(photo, model, layers=["_blocks_0"])
    canvas = 1 - photo
    alone = first(canvas)
    torch.testing.assert_close((first + second)(canvas), alone + second(canvas))
    torch.testing.assert_close(model.network(model.normalise(photo)), before)
    assert not any(module._forward_hooks for module in model.network.modules())


def test_no_layer_beyond_those_asked_for_is_computed(photo, model):
    def fail(*_):
        raise AssertionError("computed")

    hook = model.network._conv_head.register_forward_hook(fail)
    try:
        still(photo, model)(1 - photo)
    finally:
        hook.remove()


def test_canvas_and_photo_are_transformed_alike(photo, model):
    torch.manual_seed(0)
    assert Content(photo, model)(photo) == 0


def test_each_call_draws_another_transform_from_the_global_generator(photo, model):
    content, canvas = Content(photo, model), 1 - photo
    torch.manual_seed(0)
    first, second = content(canvas), content(canvas)
    torch.manual_seed(0)
    assert content(canvas) == first
    assert first != second


def test_a_shift_moves_pixels_and_a_rotation_does_not_shear():
    picture = torch.zeros(1, 3, 41, 81)
    picture[:, :, 20, 60] = 1  # 20 px right of the centre
    torch.manual_seed(1)
    shifted = RandomAffine(jitter=5, scale=0, rotate=0)(picture)
    assert shifted.sum() == pytest.approx(3, rel=1e-3)
    torch.manual_seed(3)
    turned = RandomAffine(jitter=0, scale=0, rotate=40)(picture)[0, 0]
    y, x = divmod(int(turned.argmax()), 81)
    assert (y, x) != (20, 60)
    assert ((y - 20) ** 2 + (x - 40) ** 2) ** 0.5 == pytest.approx(20, abs=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layers": ["_block_4"]}, "has no layer '_block_4'; did you mean _blocks_4"),
        ({"layers": ["zzz"]}, "has no layer 'zzz'; it has _conv_stem"),
        ({"layers": []}, "no layers of efficientnet-lite0 are named"),
        ({"norm": "l3"}, "norm is 'l1' or 'l2', got 'l3'"),
        ({"jitter": -1}, "are finite and from 0"),
        ({"jitter": float("nan")}, "are finite and from 0"),
        ({"scale": float("nan")}, "are finite and from 0"),
        ({"rotate": float("inf")}, "are finite and from 0"),
        ({"scale": 1.0}, "scale below 1"),
        ({"model": "resnet"}, "no model 'resnet'"),
    ],
)
def test_bad_options_are_explained(photo, model, options, said):
    with pytest.raises(ValueError, match=said):
        Content(photo, **{"model": model} | options)


def test_a_canvas_too_small_for_a_layer_is_found_out_at_once():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 9))
    with pytest.raises(ValueError, match=r"small cannot look at \(8, 8\) px, too small perhaps: .*[Kk]ernel size"):
        Content(torch.rand(1, 3, 8, 8), Model("small", network, content_layers=("0",)))


def test_a_canvas_of_another_size_is_explained(photo, model):
    with pytest.raises(ValueError, match="render at the target's size"):
        Content(photo, model)(photo[:, :, 1:])


def test_without_the_extra_the_reason_and_the_cure_are_given(tmp_path):
    (tmp_path / "lucent.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    listed = subprocess.run(
        [sys.executable, "-m", "diffpaint", "list"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    line = next(line for line in listed.splitlines() if line.strip().startswith("content"))
    assert "broken" in line
    assert "operator torchvision::nms does not exist" in line
    assert "pip install 'diffpaint[lucent]'" in line
    assert "  pixel " in listed


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_a_mask_says_where_the_content_counts(photo, model, norm):
    mask = torch.zeros_like(photo)
    mask[..., :48] = 1
    left, right = photo.clone(), photo.clone()
    left[..., 8:24], right[..., 72:88] = 0, 0
    masked = still(photo, model, norm=norm, mask=mask)
    assert masked(photo) == 0
    assert masked(left) > 20 * masked(right)
    gradient = torch.autograd.grad(masked(left.requires_grad_()), left)[0].abs().mean((0, 1, 2))
    assert gradient[8:40].mean() > 20 * gradient[72:].mean()


def test_a_white_mask_changes_nothing_and_grey_ones_neither(photo, model):
    canvas = 1 - photo
    plain = still(photo, model)(canvas)
    for tone in (1.0, 0.5):
        torch.testing.assert_close(still(photo, model, mask=torch.full_like(photo, tone))(canvas), plain)


def test_a_mask_has_the_targets_size(photo):
    with pytest.raises(ValueError, match="the mask is as large as the target, 64 x 96; got 8 x 8"):
        Content(photo[:, :, :64, :96], mask=torch.zeros(1, 3, 8, 8))


def test_a_mask_shows_something_of_layers_that_have_places(photo, model):
    with pytest.raises(ValueError, match="the mask is black everywhere"):
        Content(photo, model, mask=torch.zeros_like(photo))
    with pytest.raises(ValueError, match="layer _fc has no places"):
        Content(photo, model, "_fc", mask=torch.ones_like(photo))(photo)


def test_a_mask_is_shaken_and_cropped_with_the_photo(photo, model):
    mask = torch.zeros_like(photo)
    mask[..., :48] = 1
    canvas = photo.clone()
    canvas[..., 84:] = 0
    torch.manual_seed(0)
    assert Content(photo, model, mask=mask)(canvas) < 0.1 * Content(photo, model)(canvas)


def test_the_papers_content_is_that_of_inceptionv1(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    network = inceptionv1(pretrained=False)
    torch.save(network.state_dict(), tmp_path / "checkpoints" / "inception5h.pth")
    found = diffpaint.load_objective("paper-content", photo)
    options = "model=lucent:inceptionv1, layers=mixed3b, norm=l1"
    torch.manual_seed(0)
    score = found(1 - photo)
    torch.manual_seed(0)
    assert score == diffpaint.load_objective(f"content({options})", photo)(1 - photo) > 0
