import random

import numpy as np
import pytest
import torch

import diffpaint
import diffpaint_lucent  # noqa: F401  before lucent: it silences what kornia warns of when it is imported
from diffpaint.testing import RendererConformance
from diffpaint_cppn import CPPN
from diffpaint_cppn.network import evaluate

# isort: split
from lucent.optvis import objectives, render
from lucent.optvis.param.cppn import cppn


class TestSmallCPPN(RendererConformance):
    strokes = 1
    has_strokes = False

    @pytest.fixture
    def renderer(self):
        return CPPN((7, 9), hidden=3, layers=3)


class TestCPPNOfOneLayer(RendererConformance):
    strokes = 1
    has_strokes = False

    @pytest.fixture
    def renderer(self):
        return CPPN((5, 4), layers=1)


def lucents(size, seed=0, hidden=24, layers=8):
    """A network of lucent's, none of whose weights is 0: its parameters, and its canvas as a function."""
    torch.manual_seed(seed)
    parameters, image_f = cppn(size, num_hidden_channels=hidden, num_layers=layers)
    parameters = list(parameters)
    with torch.no_grad():
        parameters[-2].normal_(0, parameters[-2].shape[1] ** -0.5)
        for bias in parameters[1::2]:
            bias.normal_(0, 0.1)
    return parameters, image_f


def train(parameters, image_f, target, steps):
    optimizer = torch.optim.Adam(parameters, lr=5e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        (image_f() - target).square().mean().backward()
        optimizer.step()


def blob(height, width):
    """A soft red disc on blue."""
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    inside = torch.sigmoid(8 * (0.5 - down**2 - across**2))
    return torch.stack([inside, 0.2 + 0 * inside, 1 - inside])[None]


@pytest.mark.parametrize(("size", "hidden", "layers"), [(2, 4, 1), (33, 24, 8), (64, 24, 8), (40, 8, 2), (24, 40, 5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_lucents(size, hidden, layers, seed):
    parameters, image_f = lucents(size, seed, hidden, layers)
    renderer = CPPN((size, size), hidden, layers)
    actions = renderer.actions(parameters)
    assert actions.shape == (1, 1, len(renderer.action_names))
    torch.testing.assert_close(renderer(actions), image_f().detach(), atol=1e-5, rtol=0)


def test_it_is_lucents_after_training():
    parameters, image_f = lucents(32)
    target = blob(32, 32)
    before = (image_f() - target).square().mean()
    train(parameters, image_f, target, 60)
    canvas = image_f().detach()
    assert (canvas - target).square().mean() < 0.2 * before
    renderer = CPPN((32, 32))
    torch.testing.assert_close(renderer(renderer.actions(parameters)), canvas, atol=1e-5, rtol=0)


def test_gradients_are_lucents():
    parameters, image_f = lucents(48)
    weight = torch.randn(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    wanted = torch.autograd.grad((image_f() * weight).sum(), parameters)
    renderer = CPPN((48, 48))
    logits = renderer.actions(parameters).logit().requires_grad_()
    (got,) = torch.autograd.grad((renderer(logits.sigmoid()) * weight).sum(), logits)
    wanted = torch.cat([gradient.flatten() for gradient in wanted])
    torch.testing.assert_close(got.flatten(), wanted, atol=1e-4 * wanted.abs().max().item(), rtol=1e-3)


def test_adam_on_logits_is_lucents_adam_on_weights():
    parameters, image_f = lucents(32)
    renderer = CPPN((32, 32))
    start, target = renderer.actions(parameters), blob(32, 32)
    train(parameters, image_f, target, 10)
    painting = diffpaint.paint(
        renderer, diffpaint.Pixel(target), actions=start, steps=10, lr=5e-3, device="cpu", progress=False
    )
    torch.testing.assert_close(painting.canvas, image_f().detach(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("tall", [False, True])
def test_an_oblong_canvas_is_not_stretched(tall):
    """Its middle square is the square canvas, and its longer side goes on beyond at the same scale."""
    renderer = CPPN((21, 21))
    actions = renderer.actions(lucents(21)[0])
    oblong = CPPN((41, 21) if tall else (21, 41))(actions)
    middle = oblong[:, :, 10:31] if tall else oblong[..., 10:31]
    torch.testing.assert_close(middle, renderer(actions), atol=1e-5, rtol=0)
    assert (oblong - oblong.mean((2, 3), keepdim=True)).abs().amax() > 0.05


def test_the_same_actions_give_the_same_picture_larger():
    small, large = CPPN((16, 24)), CPPN((151, 231))  # from end to end, 15 and 150 px; 23 and 230
    actions = small.actions(lucents(16)[0])
    torch.testing.assert_close(large(actions)[..., ::10, ::10], small(actions), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (6, 1)])
def test_a_side_of_one_pixel_lies_in_the_middle(size):
    renderer = CPPN(size)
    canvas = renderer(renderer.initial(1, generator=torch.Generator().manual_seed(0)))
    assert canvas.isfinite().all()
    assert 0 in renderer.down if size[0] == 1 else 0 in renderer.across


def test_tiles_do_not_show(monkeypatch):
    """Value and gradient are the same in one tile as in many, the last of them smaller."""
    renderer = CPPN((30, 37), hidden=5, layers=4)
    actions = renderer.initial(3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weight = torch.randn(3, 3, 30, 37, generator=torch.Generator().manual_seed(1))

    def both():
        canvas = renderer(actions)
        return canvas.detach(), torch.autograd.grad((canvas * weight).sum(), actions)[0]

    whole = both()
    monkeypatch.setattr("diffpaint_cppn.network.CACHED", 5 * 3 * 100 // torch.get_num_threads())
    for tiled, one in zip(both(), whole, strict=True):
        torch.testing.assert_close(tiled, one, atol=1e-5, rtol=1e-3)


def test_nothing_but_the_weights_is_kept_for_backward():
    renderer = CPPN((64, 64))
    actions = renderer.initial(1, generator=torch.Generator().manual_seed(0)).requires_grad_()
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes() // 4
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        renderer(actions)
    assert sum(kept.values()) < 6 * 64 * 64 + 8 * actions.numel()  # positions and colours, and a few copies of weights


def test_a_point_is_what_the_layers_say():
    """One point through two layers, by hand."""
    points = torch.tensor([[[0.5], [-1.0]]])
    weights = [
        torch.tensor([[[1.0, 2.0]]]),
        torch.tensor([[[0.5]]]),
        torch.tensor([[[3.0, 4.0]]]),
        torch.zeros(1, 1, 1),
    ]
    angle = torch.tensor(0.5 - 2.0 + 0.5).atan()
    assert evaluate(points, weights).item() == pytest.approx((3 * angle + 4 * angle**2).item(), rel=1e-6)


def test_the_dtype_is_that_of_the_actions():
    renderer = CPPN((8, 8))
    actions = renderer.initial(2, generator=torch.Generator().manual_seed(0))
    canvas = renderer(actions.double())
    assert canvas.dtype == torch.float64
    torch.testing.assert_close(canvas.float(), renderer(actions), atol=1e-5, rtol=0)
    assert renderer(actions.bfloat16()).dtype == torch.bfloat16


def test_what_was_painted_before_is_covered():
    renderer = CPPN((8, 10))
    actions = renderer.initial(2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(renderer(actions, torch.rand(2, 3, 8, 10)), renderer(actions))


def test_it_starts_as_lucent_does():
    """Normal weights of variance 1 / inputs, no biases, and an even grey, whatever ``strokes`` is."""
    renderer = CPPN((16, 16))
    actions = renderer.initial(40, 16, torch.Generator().manual_seed(0))
    assert actions.shape == (40, 1, 7275)
    weights = dict(zip(renderer.action_names, actions[:, 0].logit().T, strict=True))
    for layer, inputs in enumerate((2, *[48] * 6)):
        of_layer = torch.cat([weight for name, weight in weights.items() if name.startswith(f"weight_{layer}_")])
        assert of_layer.var().item() == pytest.approx(1 / inputs, rel=0.1)
    assert all(not weight.any() for name, weight in weights.items() if name.startswith("bias"))
    assert (renderer(actions) - 0.5).abs().max() < 0.05


def test_actions_are_named():
    renderer = CPPN((4, 4), hidden=2, layers=2)
    assert renderer.action_names[:6] == (
        *("weight_0_0_0", "weight_0_0_1", "weight_0_1_0", "weight_0_1_1", "bias_0_0", "bias_0_1"),
    )
    assert renderer.action_names[6:] == (
        *(f"weight_1_{row}_{column}" for row in range(3) for column in range(4)),
        *(f"bias_1_{row}" for row in range(3)),
    )
    assert renderer.positions() == ([], [])


def test_it_paints_a_picture_and_its_document_paints_it_again(tmp_path):
    target = blob(24, 32)
    renderer = diffpaint.load_renderer("diffpaint_cppn:CPPN", size=(24, 32), hidden=12, layers=5)
    painting = diffpaint.paint(renderer, diffpaint.Pixel(target), batch=1, steps=150, device="cpu", progress=False)
    assert painting.actions.shape[1] == 1
    assert painting.losses[-1] < 0.05 * painting.losses[0]
    painting.save(tmp_path / "blob.json")
    again = diffpaint.Painting.load(tmp_path / "blob.json")
    assert isinstance(again.renderer, CPPN)
    torch.testing.assert_close(again.canvas, painting.canvas, atol=1e-6, rtol=0)
    larger = painting.rendered_by(CPPN((48, 64), hidden=12, layers=5))
    assert (larger.canvas - blob(48, 64)).square().mean() < 0.1 * painting.losses[0]


def test_lucent_paints_with_it():
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5, stride=4), torch.nn.ReLU()).eval()
    make = diffpaint.param_f(CPPN((24, 32), hidden=8, layers=4), seed=0, device="cpu")
    losses, objective = [], objectives.as_objective("0:1")

    def watched(hook):
        loss = objective(hook)
        losses.append(loss.item())
        return loss

    pictures = render.render_vis(
        network, watched, make, transforms=[], thresholds=(1, 6), show_image=False, progress=False, preprocess=False
    )
    assert losses[-1] < losses[0]
    assert pictures[-1].shape == (1, 24, 32, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": (0, 8)}, r"size is \(height, width\), two whole numbers of at least 1 px, got \(0, 8\)"),
        ({"size": (8.5, 8)}, r"got \(8.5, 8\)"),
        ({"size": 8}, "got 8"),
        ({"size": (8, 8, 8)}, r"got \(8, 8, 8\)"),
        ({"hidden": 0}, "hidden must be at least 1, got 0"),
        ({"hidden": 2.5}, "hidden must be a whole number, got 2.5"),
        ({"layers": -1}, "layers must be at least 1, got -1"),
    ],
)
def test_bad_options_are_explained(options, said):
    with pytest.raises(ValueError, match=said):
        CPPN(**options)


def test_strokes_are_refused():
    renderer = CPPN((4, 4), hidden=2, layers=2)
    with pytest.raises(ValueError, match=r"no strokes: .*\(batch, 1, 21\), got \(2, 3, 21\); .* take a batch"):
        renderer(torch.rand(2, 3, 21))


def test_other_networks_are_explained():
    with pytest.raises(ValueError, match=r"\(9, 2, 1, 1\), .* takes \(4, 2\), .*: make it with .* own hidden"):
        CPPN((4, 4), hidden=4, layers=2).actions(lucents(4, hidden=9, layers=2)[0])
    with pytest.raises(ValueError, match="own hidden and layers"):
        CPPN((4, 4), hidden=4, layers=3).actions(lucents(4, hidden=4, layers=2)[0])


@pytest.mark.parametrize("wrong", [16.5, float("nan")])
def test_weights_that_actions_cannot_hold_are_refused(wrong):
    parameters, _ = lucents(4, hidden=4, layers=2)
    parameters[1].data[0] = wrong
    with pytest.raises(ValueError, match=r"from -15.9 to 15.9 as torch.float32, got .* scale them down"):
        CPPN((4, 4), hidden=4, layers=2).actions(parameters)


def test_the_largest_weights_survive():
    renderer = CPPN((4, 4), hidden=4, layers=2)
    parameters = [torch.full(shape, 6.0) for shape in ((4, 2), (4,), (3, 8), (3,))]
    assert renderer.actions(parameters).logit().mean().item() == pytest.approx(6, rel=1e-4)
