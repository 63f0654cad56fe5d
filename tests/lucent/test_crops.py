"""Large canvases, crop by crop."""

import pytest
import torch

import diffpaint
from diffpaint_lucent import Content, Style, crops
from diffpaint_lucent.crops import Crops

STILL = {"jitter": 0, "scale": 0, "rotate": 0, "layers": "_blocks_0"}


@pytest.fixture
def small_is_whole(monkeypatch):
    monkeypatch.setattr(crops, "WHOLE", 40 * 40)


@pytest.mark.parametrize("size", [(100, 37), (64, 64), (65, 64), (333, 500), (20, 300)])
def test_all_crops_cover_the_canvas_and_overlap(size):
    seen = torch.zeros(size)
    places = Crops(64, 0).places(*size)
    for place in places:
        seen[place] += 1
    assert seen.min() >= 1
    assert len(places) == len({(rows.start, columns.start) for rows, columns in places})
    overlapping = [rows.start for rows, _ in places]
    assert max(overlapping) == max(0, size[0] - 64)


def test_drawn_crops_lie_inside_and_see_the_edges_too():
    torch.manual_seed(0)
    seen = torch.zeros(200, 300)
    places = Crops(64, 2000).places(200, 300)
    for rows, columns in places:
        assert rows.start >= 0
        assert rows.stop <= 200
        assert columns.start >= 0
        assert columns.stop <= 300
        seen[rows, columns] += 1
    middle = seen[64:-64, 64:-64].mean()
    assert 0.7 * middle < seen[0].mean() < 2.5 * middle
    assert seen.min() > 0.15 * seen.max()  # corners, of what is nearly a crop away from two edges


def test_the_mean_of_crops_and_its_gradient(small_is_whole, rand):
    canvas, target = rand(2, 3, 50, 90).requires_grad_(), rand(1, 3, 50, 90)
    held = Crops(32, 0)
    total = held(canvas, lambda crop, place: (crop - target[(..., *place)]).square().mean())
    (found,) = torch.autograd.grad(3 * total, canvas)
    wanted = torch.stack([(canvas - target)[(..., *place)].square().mean() for place in held.places(50, 90)]).mean()
    torch.testing.assert_close(total, wanted)
    torch.testing.assert_close(found, torch.autograd.grad(3 * wanted, canvas)[0])
    with torch.no_grad():
        torch.testing.assert_close(
            held(canvas, lambda crop, place: (crop - target[(..., *place)]).square().mean()), wanted
        )


def test_a_small_canvas_is_looked_at_whole(rand):
    canvas = rand(1, 3, 50, 90)
    assert Crops(32, 1)(canvas, lambda crop, _: crop.sum()) == canvas.sum()


@pytest.mark.parametrize("count", [0, 3])
def test_content_of_a_large_canvas(small_is_whole, rand, count):
    target = rand(1, 3, 80, 120)
    content = Content(target, crop=48, crops=count, **STILL)
    assert content(target) == 0
    canvas = target.clone()
    canvas[:, :, 50:] = 0.5  # wrong in its lower part only
    canvas.requires_grad_()
    for _ in range(8):
        content(canvas).backward()
    assert canvas.grad[:, :, 70:].abs().sum() > 0
    assert canvas.grad[:, :, :20].abs().sum() == 0


def test_style_of_a_large_canvas(small_is_whole, rand):
    target = rand(1, 3, 60, 60)
    style = Style(target, crop=48, crops=2, **STILL)
    canvas = torch.full((1, 3, 60, 100), 0.5, requires_grad=True)
    far = style(canvas)
    far.backward()
    assert canvas.grad.abs().sum() > 0
    assert style(rand(1, 3, 60, 100)) < 0.5 * far


@pytest.mark.parametrize("options", [{"crop": 0}, {"crops": -1}, {"crops": 1.5}, {"crop": 512.0}])
def test_impossible_crops_are_explained(rand, options):
    with pytest.raises(ValueError, match="crop is at least 1 px and crops at least 0"):
        diffpaint.load_objective("content", target=rand(1, 3, 64, 64), **options)
