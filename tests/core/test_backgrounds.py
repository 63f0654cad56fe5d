"""What is painted on: a colour, a picture, or nothing."""

import json

import pytest
import torch
from PIL import Image

from diffpaint import Painting, Pixel, load_renderer, paint, param_f, read_image
from diffpaint.io.images import write_image


@pytest.fixture
def run(dots, dark):
    def paint_on(background, steps=3, size=(10, 12), objective=None, **options):
        return paint(
            dots(size),
            dark if objective is None else objective,
            **{"strokes": 3, "steps": steps, "background": background, "device": "cpu", "progress": False} | options,
        )

    return paint_on


@pytest.fixture
def picture():
    levels = torch.randint(0, 256, (1, 3, 10, 12), generator=torch.Generator().manual_seed(0))
    return levels / 255


def test_a_picture_shows_where_no_stroke_is(run, picture):
    painting = run(picture)
    bare = painting.renderer(painting.actions, torch.zeros(1, 3, 10, 12)) == painting.renderer(painting.actions)
    assert torch.equal(painting.background, picture)
    assert not torch.equal(painting.canvas, picture)
    assert not bare.all()
    torch.testing.assert_close(run(picture[0], steps=0).background, picture)


def test_each_canvas_of_a_batch_may_have_its_own(run, picture):
    both = torch.cat([picture, 1 - picture])
    painting = run(both, batch=2)
    assert torch.equal(painting.background, both)
    assert torch.equal(painting[1].background, 1 - picture)


def test_a_document_holds_the_picture(run, picture, dots, tmp_path):
    painting = run(picture)
    painting.save(tmp_path / "a.json")
    again = Painting.load(tmp_path / "a.json", dots((10, 12)))
    assert torch.equal(again.canvas, painting.canvas)
    assert torch.equal(again.background, picture)


def test_a_larger_rendering_resizes_the_picture(run, picture, dots):
    large = run(picture).rendered_by(dots((20, 24)))
    assert large.background.shape == (1, 3, 20, 24)
    small = torch.nn.functional.avg_pool2d(large.background, 2)
    assert (small - picture).abs().mean() < 0.15


def test_the_film_begins_on_it(run, picture):
    painting = run(picture)
    assert torch.equal(list(painting.frames())[-1], painting.canvas)


def test_a_transparent_painting_is_saved_with_alpha(run, tmp_path):
    painting = run("transparent")
    painting.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.mode == "RGBA"
    alpha = painting.pixels()[:, 3:]
    assert alpha.min() < 0.05
    assert alpha.max() > 0.3
    on_white = painting.pixels()[:, :3] * alpha + 1 - alpha
    torch.testing.assert_close(on_white, painting.canvas, atol=1e-5, rtol=0)
    assert (read_image(tmp_path / "a.png") - painting.canvas).abs().max() < 2.5 / 255


def test_formats_without_alpha_show_it_on_white(run, tmp_path):
    painting = run("transparent")
    painting.save(tmp_path / "a.bmp")
    assert (read_image(tmp_path / "a.bmp") - painting.canvas).abs().max() < 2.5 / 255


def test_a_document_says_that_it_is_transparent(run, dots, tmp_path):
    run("transparent").save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["background"] == "transparent"
    again = Painting.load(tmp_path / "a.json", dots((10, 12)))
    assert again.transparent
    assert again.rendered_by(dots((20, 24))).pixels().shape == (1, 4, 20, 24)


@pytest.mark.parametrize("background", ["transparent", "picture"])
def test_a_resumed_painting_is_the_same(run, picture, tmp_path, background):
    background = picture if background == "picture" else background
    file = tmp_path / "a.ckpt"
    run(background, steps=6, checkpoint=file, callback=lambda step, *_: step == 2)
    resumed = run(background, steps=6, checkpoint=file, resume=True)
    assert torch.equal(resumed.canvas, run(background, steps=6).canvas)
    assert resumed.transparent == (background is not picture)
    with pytest.raises(ValueError, match="background was"):
        run((0.5, 0.5, 0.5), steps=6, checkpoint=file, resume=True)


def test_a_batch_of_different_targets(dots):
    targets = torch.stack([torch.zeros(3, 10, 12), torch.full((3, 10, 12), 0.9)])
    painting = paint(dots((10, 12)), Pixel(targets), strokes=6, batch=2, steps=40, device="cpu", progress=False)
    off = [[(canvas - target).square().mean() for target in targets] for canvas in painting.canvas]
    assert off[0][0] < off[1][0]
    assert off[1][1] < off[0][1]


@pytest.mark.parametrize(
    ("background", "said"),
    [
        ((0.5, 0.5), "three sRGB values"),
        ((0, 0, 1.5), "three sRGB values"),
        ("green", "'transparent', got 'green'"),
        (torch.zeros(1, 3, 9, 12), r"\(1, 3, 9, 12\)"),
        (torch.zeros(2, 3, 10, 12), r"\(2, 3, 10, 12\)"),
        (torch.full((3, 10, 12), 200.0), "divide by 255"),
        (torch.zeros(1, 3, 10, 12, dtype=torch.uint8), "uint8"),
    ],
)
def test_what_is_none_is_refused(run, background, said):
    with pytest.raises(ValueError, match=said):
        run(background)


def test_lucent_paints_on_it(dots, picture):
    on_picture = param_f(dots((10, 12)), strokes=2, seed=0, device="cpu", background=picture)
    on_picture()
    assert torch.equal(on_picture.painting.background, picture)
    nothing = param_f("neural-splat(size=(16, 16))", strokes=2, seed=0, device="cpu", background="transparent")
    nothing()
    assert nothing.painting.pixels().shape == (1, 4, 16, 16)


def test_a_grid_on_a_picture_in_a_document(tmp_path):
    write_image(tmp_path / "ground.png", torch.rand(1, 3, 20, 31, generator=torch.Generator().manual_seed(0)))
    ground = read_image(tmp_path / "ground.png")
    grid = load_renderer("grid", rows=2, cols=3, size=(20, 31))
    painting = paint(
        *(grid, Pixel(torch.zeros(1, 3, 20, 31))),
        **{"strokes": 1, "steps": 2, "background": ground, "device": "cpu", "progress": False},
    )
    painting.save(tmp_path / "a.json")
    assert torch.equal(Painting.load(tmp_path / "a.json").canvas, painting.canvas)
