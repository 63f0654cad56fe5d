"""neural-splat: what its strokes look like, at any size."""

import pytest
import torch

import diffpaint
from diffpaint_mypaint import read_brush
from diffpaint_neural.splat import SplatNetwork
from diffpaint_neural.training.fidelity import measure
from diffpaint_neural.training.reach import measure_reach
from diffpaint_neural.weights import load_weights, shipped_brushes


def alpha_of(actions, size=(64, 64)):
    painter = diffpaint.load_renderer("neural-splat", size=size)
    with torch.no_grad():
        return painter.stroke(actions)[1][:, 0]


@pytest.fixture
def actions():
    return torch.rand(40, 12, generator=torch.Generator().manual_seed(0))


def curve(actions, points=50):
    """(N, points, 2) of x and y along each stroke."""
    t = torch.linspace(0, 1, points)[:, None]
    start, control, end = (actions[:, None, first : first + 2] for first in (6, 8, 10))
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def distance_to_curve(actions, side=64):
    """(N, side, side), in units of the canvas."""
    centres = (torch.arange(side) + 0.5) / side
    pixels = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), -1).reshape(1, -1, 2)
    return torch.cdist(pixels.expand(len(actions), -1, -1), curve(actions)).amin(2).unflatten(1, (side, side))


@pytest.mark.parametrize("size", [(1, 1), (7, 130), (64, 64), (200, 90)])
def test_it_renders_at_any_size(actions, size):
    painter = diffpaint.load_renderer("neural-splat", size=size)
    canvas = painter(actions[None, :5])
    assert canvas.shape == (1, 3, *size)
    assert canvas.isfinite().all()
    assert ((canvas >= 0) & (canvas <= 1)).all()


def test_a_larger_raster_shows_the_same_strokes(actions):
    small, large = alpha_of(actions), alpha_of(actions, (192, 192))
    assert (torch.nn.functional.avg_pool2d(large[:, None], 3)[:, 0] - small).abs().mean() < 0.5 / 255


@pytest.mark.parametrize("size", [(64, 128), (128, 64)])
def test_on_an_oblong_canvas_strokes_are_as_thick_across_as_down(size):
    height, width = size
    half = 16 / width, 16 / height  # 32 px long
    flat = [0.5, 0.5, 0.4, 0, 0, 0, 0.5 - half[0], 0.5, 0.5, 0.5, 0.5 + half[0], 0.5]
    steep = [0.5, 0.5, 0.4, 0, 0, 0, 0.5, 0.5 - half[1], 0.5, 0.5, 0.5, 0.5 + half[1]]
    lying, standing = alpha_of(torch.tensor([flat, steep]), size)
    # columns across the lying stroke, rows across the standing one, in its middle third
    thick = lying[:, width // 2 - 5 : width // 2 + 5].sum(0).mean()
    wide = standing[height // 2 - 5 : height // 2 + 5].sum(1).mean()
    assert thick > 1
    torch.testing.assert_close(wide, thick, rtol=0.15, atol=0)


def test_colour_is_the_actions_own(actions):
    color, alpha = diffpaint.load_renderer("neural-splat").stroke(actions)
    assert torch.equal(color[:, :, 0, 0], actions[:, 3:6])
    assert torch.equal(alpha, diffpaint.load_renderer("neural-splat").stroke(actions.clone())[1])
    recoloured = actions.clone()
    recoloured[:, 3:6] = 0
    assert torch.equal(alpha, diffpaint.load_renderer("neural-splat").stroke(recoloured)[1])


def test_without_pressure_there_is_no_paint(actions):
    assert alpha_of(actions).mean() > 10 / 255
    actions[:, :2] = 0
    assert alpha_of(actions).mean() < 0.5 / 255


def test_more_pressure_is_more_paint(actions):
    amounts = []
    for pressure in (0.1, 0.4, 0.7, 1.0):
        actions[:, :2] = pressure
        amounts.append(alpha_of(actions).mean())
    assert amounts == sorted(amounts)


def test_far_from_the_curve_there_is_no_paint(actions):
    painter = diffpaint.load_renderer("neural-splat")
    low, high = painter.radius
    radius = (low * (high / low) ** actions[:, 2] / 64)[:, None, None]
    far = distance_to_curve(actions) > (painter.reach + 1) * radius + 1 / 64
    alpha = alpha_of(actions)
    assert 0.2 < far.float().mean() < 0.9
    assert alpha[far].mean() < 0.2 / 255
    assert alpha[~far].mean() > 20 / 255


def test_paint_lies_around_the_curve(actions):
    actions[:, 1] = actions[:, 0]  # equal pressure, so that no end outweighs the other
    actions[:, 6:] = 0.3 + 0.4 * actions[:, 6:]  # off the border
    alpha = alpha_of(actions)
    centres = (torch.arange(64) + 0.5) / 64
    mass = alpha.sum((1, 2))
    centroid = torch.stack([(alpha.sum(1) * centres).sum(1) / mass, (alpha.sum(2) * centres).sum(1) / mass], 1)
    even = curve(actions)
    steps = even.diff(dim=1).norm(dim=2, keepdim=True)  # weights by length: points crowd where the curve is slow
    expected = (0.5 * (even[:, 1:] + even[:, :-1]) * steps).sum(1) / steps.sum(1)
    assert (centroid - expected).norm(dim=1).median() < 1.5 / 64


def test_gradients_reach_every_number_of_an_action(actions):
    actions.requires_grad_()
    diffpaint.load_renderer("neural-splat")(actions[None]).square().sum().backward()
    assert actions.grad.isfinite().all()
    assert (actions.grad.abs().amax(0) > 1e-3).all()


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-4, 4)])
def test_a_size_below_one_pixel_is_refused(size):
    with pytest.raises(ValueError, match=r"size is .* at least 1 px"):
        diffpaint.load_renderer("neural-splat", size=size)


def test_an_untrained_network_paints_near_the_curve_already(actions):
    torch.manual_seed(0)
    with torch.no_grad():
        alpha = SplatNetwork((1.0, 8.0))(actions)
    near = distance_to_curve(actions) < 2 / 64
    assert alpha[near].mean() > 2 * alpha[~near].mean()


@pytest.mark.parametrize("brush", shipped_brushes("splat"))
def test_reach_is_what_was_measured_of_the_network(brush):
    painter = diffpaint.load_renderer("neural-splat", brush=brush)
    # weights that were measured on a finer raster may say up to a third of a pixel of the smallest stroke more
    assert painter.reach == pytest.approx(measure_reach(painter.network, painter.radius), abs=0.2)


def test_reach_is_measured_in_radii():
    """Of bars that end 2.5 radii from the curve, and of paint too thin to count."""
    middle = (torch.arange(64) + 0.5 - 32).abs()

    def bars(actions):
        radius = 1.0 * 8.0 ** actions[:, 2, None]
        alpha = (middle <= 2.5 * radius).float().clamp(min=0.01)
        return alpha[:, :, None].expand(-1, -1, 64)

    reach = measure_reach(bars, (1.0, 8.0))
    assert 2.2 < reach <= 2.5
    assert measure_reach(lambda actions: torch.full((len(actions), 64, 64), 0.01), (1.0, 8.0)) == 0


@pytest.mark.parametrize("brush", shipped_brushes("splat"))
@pytest.mark.usefixtures("engine")
def test_a_shipped_painter_is_true_to_the_engine(brush):
    header = load_weights("splat", brush)[1]
    oversample = header.get("data", {"oversample": 4})["oversample"]
    painter = diffpaint.load_renderer("neural-splat", brush=brush)
    fidelity = measure(painter, brush=read_brush(brush), oversample=oversample, actions=32, draws=16)
    assert fidelity.gap < 1.0 if fidelity.random else fidelity.psnr > 30
    assert fidelity.stray < 1.0
