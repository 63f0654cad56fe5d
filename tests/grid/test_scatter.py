"""Scattered strokes: each in a patch of its own, anywhere on the canvas."""

import math

import pytest
import torch
from torch.nn.functional import avg_pool2d

import diffpaint
from diffpaint import Painting, Pixel, load_renderer, paint
from diffpaint.compositing import worth
from diffpaint_grid import scatter
from diffpaint_grid.scatter import PLACEMENT, shares


@pytest.fixture
def scattered():
    return load_renderer("scatter", size=(40, 64))


@pytest.fixture
def actions(scattered):
    return scattered.initial(2, 30, torch.Generator().manual_seed(0))


def test_a_patch_of_its_own_for_each(scattered, actions):
    """What is drawn is what the painter draws in a patch, laid where the placement says."""
    corners, numbers = scattered.placed(actions[0])
    wide = torch.ones(1, 3, 40 + 200, 64 + 200)
    for action, (row, col), number in zip(actions[0], corners.tolist(), numbers.tolist(), strict=True):
        painter = scattered.painter(number)
        inside = action[None, :-3] * scattered.factor + scattered.shift
        side = scattered.sides[number]
        assert painter.size == (side, side)
        place = wide[:, :, 100 + row : 100 + row + side, 100 + col : 100 + col + side]
        place.copy_(painter(inside[None], place.clone()))
    torch.testing.assert_close(scattered(actions)[:1], wide[:, :, 100:140, 100:164], atol=1e-5, rtol=0)


def test_centres_and_sides_are_what_the_placement_says(scattered):
    actions = torch.full((1, 15), 0.5)
    for column, value in zip((-3, -2, -1), (0.25, 0.75, 1.0), strict=True):
        actions[0, column] = value
    (row, col), number = (part[0].tolist() for part in scattered.placed(actions))
    side = scattered.sides[number]
    assert number == 0
    assert side == 48
    assert (row + side / 2, col + side / 2) == (30, 16)
    actions[0, -1] = 0
    assert scattered.placed(actions)[1].tolist() == [len(scattered.sides) - 1]


def test_every_canvas_of_a_batch_has_its_own_places(scattered, actions):
    both = scattered(actions)
    for index in range(2):
        alone = scattered(actions[index : index + 1])
        torch.testing.assert_close(both[index : index + 1], alone, atol=1e-6, rtol=0)


def test_a_larger_canvas_has_the_same_places(scattered, actions):
    large = load_renderer("scatter", size=(40, 64), scale=4)
    assert large.size == (160, 256)
    assert (avg_pool2d(large(actions), 4) - scattered(actions)).abs().mean() < 0.02
    names, small_table = scattered.strokes(actions[0])
    table = large.strokes(actions[0])[1]
    pixels = [index for index, name in enumerate(names) if name in ("radius", "cell") or name.endswith(("_x", "_y"))]
    torch.testing.assert_close(table[:, pixels], 4 * small_table[:, pixels], atol=1e-2, rtol=1e-4)


@pytest.mark.parametrize("order", ["by side", "mixed"])
def test_coarse_canvases_are_close(order):
    fine, coarse = (load_renderer("scatter", size=(200, 300), coarse=coarse) for coarse in (False, True))
    assert max(fine.coarseness) > 1
    actions = fine.initial(1, 60, torch.Generator().manual_seed(0))
    if order == "mixed":
        actions = actions[:, torch.randperm(60, generator=torch.Generator().manual_seed(0))]
    off = (fine(actions) - coarse(actions)).abs()
    assert off.mean() < 0.012
    assert off.max() < 0.25
    picture = torch.rand(1, 3, 200, 300, generator=torch.Generator().manual_seed(0))
    assert torch.equal(fine(actions, picture), coarse(actions, picture))


@pytest.mark.parametrize("size", [(227, 341), (130, 97), (63, 210)])
@pytest.mark.parametrize("coarse", [False, True])
def test_patches_may_lie_at_every_edge(size, coarse):
    """Of every side, with centres at the corners and edges of the canvas, of sizes that no patch divides."""
    renderer = load_renderer("scatter", size=size, coarse=coarse)
    places = torch.cartesian_prod(torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.0, 0.499, 1.0]))
    actions = renderer.initial(1, len(places) * len(renderer.sides), torch.Generator().manual_seed(0))
    actions[0, :, -3:-1] = places.repeat(len(renderer.sides), 1)
    actions[0, :, -1] = renderer.sized(torch.arange(len(renderer.sides))).repeat_interleave(len(places))
    canvas = renderer(actions.requires_grad_())
    canvas.square().sum().backward()
    assert canvas.shape == (1, 3, *size)
    assert len(list(renderer.frames(actions[:, ::7].detach()))) == len(actions[0, ::7])
    assert worth(renderer.stacks(actions.detach()), torch.ones_like(canvas), canvas.detach()).isfinite().all()


def test_gradients_are_the_same_where_strokes_are_rendered_again(scattered, actions, monkeypatch):
    def gradients(most):
        monkeypatch.setattr(scatter, "AT_ONCE", most)
        given = actions.clone().requires_grad_()
        ground = torch.rand(2, 3, 40, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
        canvas = scattered(given, ground)
        return canvas, *torch.autograd.grad((canvas * canvas.detach().cos()).sum(), (given, ground))

    for kept, again in zip(gradients(2**30), gradients(1), strict=True):
        torch.testing.assert_close(kept, again, atol=1e-4, rtol=1e-4)
    assert not gradients(2**30)[1][..., -3:].any()  # patches stay where they are


def test_frames_grow_to_the_canvas(scattered, actions):
    frames = list(scattered.frames(actions))
    assert len(frames) == 30
    torch.testing.assert_close(frames[-1], scattered(actions), atol=1e-5, rtol=0)


@pytest.mark.usefixtures("engine")
def test_a_painting_is_saved_loaded_and_replayed(tmp_path):
    from click.testing import CliRunner

    from diffpaint.cli.main import cli

    renderer = load_renderer("scatter", size=(48, 64))
    target = diffpaint.read_image("tests/data/chelsea.jpg", (48, 64))
    painting = paint(renderer, Pixel(target), strokes=40, steps=10, device="cpu", progress=False)
    painting.save(tmp_path / "a.json")
    again = Painting.load(tmp_path / "a.json")
    torch.testing.assert_close(again.canvas, painting.canvas, atol=1e-5, rtol=0)
    document = painting.document()
    assert document["stroke_columns"][-1] == "cell"
    assert document["action_names"][-3:] == list(PLACEMENT)
    assert document["brush_file"] == load_renderer("neural-splat").brush_file
    done = CliRunner().invoke(cli, ["replay", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.png")])
    assert done.exit_code == 0, done.output
    real = diffpaint.read_image(tmp_path / "a.png")
    assert (real - painting.canvas).abs().mean() < 20 / 255


@pytest.mark.parametrize("strokes", [1, 2, 5, 16, 100, 1000, 5000])
def test_shares_are_all_strokes_ever_more_of_them_smaller(strokes):
    found = shares(strokes)
    assert sum(found) == strokes
    assert found == sorted(found)
    assert min(found) > 0
    assert len(found) == max(1, round(math.log2(strokes) / 2 - 0.5))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": (0, 5)}, "size is .* at least 1 px"),
        ({"size": (20_000, 20_000), "scale": 2}, "at most 400 megapixels"),
        ({"scale": 0}, "scale must be at least 1, got 0"),
        ({"scale": 1.5}, "scale must be a whole number"),
        ({"margin": 0.5}, "margin is a fraction"),
        ({"renderer": "cppn"}, "stroke renderers; 'cppn' is a CPPN"),
        ({"renderer": 3}, "takes the name of a stroke renderer"),
    ],
)
def test_bad_arguments_are_explained(options, said):
    with pytest.raises(ValueError, match=said):
        load_renderer("scatter", **options)
