"""``.svg``: as browsers, Inkscape and plotters see it."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from drawn import apart, painted

import diffpaint
from diffpaint import read_image
from diffpaint_export import SvgWriter
from diffpaint_export.levels import by_side, in_parts

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"


def saved(painting, path, **options):
    SvgWriter(**options).write(painting, path)
    return ElementTree.fromstring(path.read_text())


def layers_of(tree):
    return [group for group in tree.findall(f"{SVG}g") if group.get(f"{INKSCAPE}groupmode") == "layer"]


def test_outlines_look_like_the_canvas_in_a_browser(scattered, chromium, tmp_path):
    SvgWriter().write(scattered, tmp_path / "a.svg")
    chromium(f"--screenshot={tmp_path / 'a.png'}", "--window-size=800,600", (tmp_path / "a.svg").as_uri())
    assert apart(read_image(tmp_path / "a.png")[..., :90, :130], scattered.canvas) < 5


@pytest.mark.parametrize("brush", ["classic/dry_brush", "ramon/2B_pencil", "classic/textured_ink"])
def test_outlines_look_like_the_canvas_in_inkscape(brush, inkscape, tmp_path):
    painting = painted(brush=brush, size=(90, 130))
    SvgWriter().write(painting, tmp_path / "a.svg")
    inkscape(tmp_path / "a.svg", "-o", tmp_path / "a.png")
    assert apart(read_image(tmp_path / "a.png"), painting.canvas) < 4


def test_strokes_are_groups_in_drawing_order_and_levels_are_layers(pyramid, tmp_path):
    tree = saved(pyramid, tmp_path / "a.svg")
    ground, *levels = layers_of(tree)
    names, table = pyramid.renderer.strokes(pyramid.actions[0])
    assert ground.get(f"{INKSCAPE}label") == "ground"
    assert ground[0].get("fill") == "#e6ccb2"
    wanted = by_side(names, table.numpy())
    assert [level.get(f"{INKSCAPE}label") for level in levels] == [level.name for level in wanted]
    assert [len(level) for level in levels] == [len(level.strokes) for level in wanted] == [4, 20]
    strokes = [stroke for level in levels for stroke in level]
    assert [stroke.get("id") for stroke in strokes] == [f"stroke-{number}" for number in range(1, 25)]
    for stroke, color in zip(strokes, table[:, 3:6].tolist(), strict=True):
        assert stroke.get("fill") == "#" + "".join(f"{round(255 * channel):02x}" for channel in color)
        assert all(0 < float(path.get("fill-opacity")) <= 1 for path in stroke)


def test_a_brush_may_have_any_name(scattered, tmp_path):
    brush, scattered.renderer.brush = scattered.renderer.brush, 'a<b>&"\u00e9'
    try:
        assert saved(scattered, tmp_path / "a.svg").find(f"{SVG}title").text == 'Painting of 60 strokes of a<b>&"\u00e9'
    finally:
        scattered.renderer.brush = brush


def test_what_is_painted_on_is_kept(scattered, tmp_path):
    picture = replace(scattered, background=torch.rand(scattered.background.shape))
    image = layers_of(saved(picture, tmp_path / "a.svg"))[0][0]
    assert image.get("href").startswith("data:image/png;base64,")
    without = saved(replace(scattered, transparent=True), tmp_path / "b.svg")
    assert "ground" not in [layer.get("id") for layer in layers_of(without)]


def test_any_renderer_of_strokes_has_outlines(dots, inkscape, tmp_path):
    renderer = dots((40, 60))
    actions = renderer.initial(1, 12, torch.Generator().manual_seed(1))
    white = torch.ones(1, 3, 40, 60)
    painting = diffpaint.Painting(renderer(actions), actions, renderer, 0, white)
    SvgWriter().write(painting, tmp_path / "a.svg")
    inkscape(tmp_path / "a.svg", "-o", tmp_path / "a.png")
    assert apart(read_image(tmp_path / "a.png"), painting.canvas) < 5
    with pytest.raises(ValueError, match=r"have no start_x; svg\(style=outline\) draws any"):
        SvgWriter(style="lines").write(painting, tmp_path / "b.svg")


def test_lines_follow_the_strokes(pyramid, tmp_path):
    tree = saved(pyramid, tmp_path / "a.svg", style="lines")
    names, table = pyramid.renderer.strokes(pyramid.actions[0])
    lines = [line for layer in layers_of(tree)[1:] for line in layer]
    assert len(lines) == len(table)
    for line, row in zip(lines, table.tolist(), strict=True):
        stroke = dict(zip(names, row, strict=True))
        numbers = list(map(float, re.findall(r"-?[\d.]+", line.get("d"))))
        wanted = [stroke[f"{end}_{axis}"] for end in ("start", "control", "end") for axis in "xy"]
        assert numbers == pytest.approx(wanted, abs=0.01)
        assert 0.3 * stroke["radius"] < float(line.get("stroke-width")) < 8 * stroke["radius"] + 2
        assert 0 < float(line.get("stroke-opacity")) <= 1


def test_lines_lay_as_much_paint_as_strokes(inkscape, tmp_path):
    painting = painted("neural-splat", 1, size=(64, 64))
    painting.actions[0, 0, 6:] = torch.tensor([0.3, 0.3, 0.5, 0.35, 0.7, 0.6])
    SvgWriter(style="lines").write(replace(painting, transparent=True), tmp_path / "a.svg")
    inkscape(tmp_path / "a.svg", "-o", tmp_path / "a.png")
    alpha = painting.renderer.stack(painting.actions)[1].sum()
    assert read_image(tmp_path / "a.png", alpha=True)[:, 3].sum() == pytest.approx(float(alpha), rel=0.03)


def test_a_pen_travels_less_in_another_order(scattered, tmp_path):
    def read(order):
        layers = layers_of(saved(scattered, tmp_path / f"{order}.svg", style="lines", order=order))[1:]
        lines = [(line.get("id"), line.get("stroke"), line.get("d")) for layer in layers for line in layer]
        ends = [np.array(re.findall(r"-?[\d.]+", d), float).reshape(3, 2)[[0, 2]] for _, _, d in lines]
        return lines, sum(np.hypot(*(after[0] - before[1])) for before, after in pairwise(ends))

    (drawn, travelled), (near, less) = read("drawing"), read("nearest")
    assert sorted(line[:2] for line in drawn) == sorted(line[:2] for line in near)
    assert less < 0.8 * travelled


def test_vpype_reads_lines(scattered, tmp_path):
    vpype = pytest.importorskip("vpype")
    saved(replace(scattered, transparent=True), tmp_path / "a.svg", style="lines")
    document = vpype.read_multilayer_svg(str(tmp_path / "a.svg"), quantization=0.5, crop=False)
    names, table = scattered.renderer.strokes(scattered.actions[0])
    levels = by_side(names, table.numpy())
    assert [len(document.layers[number]) for number in sorted(document.layers)] == [len(one.strokes) for one in levels]
    assert document.page_size == (130, 90)


def test_parts_are_about_as_large():
    assert [len(level.strokes) for level in in_parts(10, 4)] == [2, 3, 2, 3]
    assert [level.name for level in in_parts(2, 4)] == ["strokes 1 to 1", "strokes 2 to 2"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"style": "paths"}, "style of an .svg is outline or lines, got 'paths'"),
        ({"order": "short"}, "order of an .svg is drawing or nearest"),
        ({"order": "nearest"}, "order=nearest is for style=lines"),
        ({"shades": 0}, "whole number from 1 to 32, got 0"),
        ({"shades": 2.5}, "whole number from 1 to 32, got 2.5"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        SvgWriter(**options)
