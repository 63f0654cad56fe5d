"""Saved paintings drawn again by the real engine."""

import json
import signal

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import diffpaint
from diffpaint import Painting, Renderer
from diffpaint.cli.main import cli
from diffpaint.io.document import read_document
from diffpaint_mypaint import Brush, read_brush
from diffpaint_mypaint.replay import check_replayable, replay, replay_in_frames

pytestmark = pytest.mark.usefixtures("engine")


def painting_of(renderer, strokes, seed=0, background=1.0):
    actions = renderer.initial(1, strokes, torch.Generator().manual_seed(seed))
    ground = torch.full((1, 3, *renderer.size), background)
    return Painting(renderer(actions, ground), actions, renderer, seed, ground)


@pytest.fixture(scope="module")
def painting():
    """Random strokes on a grid of an oblong canvas."""
    return painting_of(diffpaint.load_renderer("grid", rows=3, cols=4, size=(120, 160)), 3)


@pytest.fixture(scope="module")
def brush():
    return Brush(read_brush("classic/dry_brush"))


@pytest.fixture
def saved(painting, tmp_path):
    """The path of the saved painting, alone in its folder."""
    painting.save(tmp_path / "painting.json")
    return tmp_path / "painting.json"


def run(*arguments):
    return CliRunner().invoke(cli, ["replay", *map(str, arguments)])


def refused(result, *words):
    assert result.exit_code == 2, result.output
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1, result.output
    for word in words:
        assert word in result.output


def change(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_the_engine_is_nearer_to_the_neural_canvas_than_to_its_own_second_try(painting, brush):
    document = painting.document()
    real = replay(document, brush).astype(np.float64)
    neural = 255 * painting.canvas[0].permute(1, 2, 0).numpy()
    far = [1, 1, 4, 0, 0, 0, -500, -500, -480, -480, -460, -460]  # out of sight, but it uses up randomness
    second = replay(document | {"strokes": [far, *document["strokes"]]}, brush).astype(np.float64)
    assert abs(real - neural).mean() < 12
    assert abs(real - neural).mean() < 0.9 * abs(real - second).mean()
    assert abs(real - neural).mean() < 0.4 * abs(real - 255).mean()  # of a blank canvas


def test_a_stroke_lies_where_the_neural_one_does(brush):
    """Without overlapping strokes, whose colours magnify the engine's randomness."""
    painting = painting_of(diffpaint.load_renderer("neural-splat", size=(96, 96)), 1, seed=4)
    real = replay(painting.document(), brush).astype(np.float64)
    neural = 255 * painting.canvas[0].permute(1, 2, 0).numpy()
    assert abs(real - 255).mean() > 3
    for axis in (0, 1):
        weights = [abs(picture - 255).sum((2, 1 - axis)) for picture in (real, neural)]
        real_centre, neural_centre = (np.average(np.arange(96), weights=weight) for weight in weights)
        assert abs(real_centre - neural_centre) < 2


def test_a_larger_replay_is_the_same_picture(painting, brush):
    document = painting.document()
    own, double = replay(document, brush), replay(document, brush, 320)
    assert own.shape == (120, 160, 3)
    assert double.shape == (240, 320, 3)
    assert abs(double.reshape(120, 2, 160, 2, 3).mean((1, 3)) - own).mean() < 3


@pytest.mark.parametrize(("size", "shape"), [(None, (120, 160)), (40, (30, 40)), (161, (121, 161)), (1, (1, 1))])
def test_size_is_the_longest_side(saved, size, shape):
    output = saved.with_name("real.png")
    result = run(saved, "-o", output, *([] if size is None else ["--size", size]))
    assert result.exit_code == 0, result.output
    picture = np.asarray(Image.open(output))
    assert picture.shape == (*shape, 3)
    assert f"wrote {output} ({shape[1]} x {shape[0]} px)" in result.output
    assert sorted(path.name for path in saved.parent.iterdir()) == ["painting.json", "real.png"]


def test_a_replay_is_the_same_every_time(saved):
    for name in ("one.png", "two.png"):
        run(saved, "-o", saved.with_name(name))
    assert saved.with_name("one.png").read_bytes() == saved.with_name("two.png").read_bytes()


def test_the_background_is_the_paintings_own(tmp_path, brush):
    painting = painting_of(diffpaint.load_renderer("neural-splat"), 0, background=0.4)
    painting.save(tmp_path / "blank.json")
    assert (replay(read_document(tmp_path / "blank.json"), brush) == 102).all()


def test_another_brush_draws_another_picture(saved, brush):
    output = saved.with_name("chalk.png")
    assert run(saved, "-o", output, "--brush", "deevad/chalk").exit_code == 0
    chalk = Image.open(output)
    assert abs(np.asarray(chalk, np.float64) - replay(read_document(saved), brush)).mean() > 5


def test_a_brush_that_smudges_is_named_before_it_draws(saved):
    result = run(saved, "-o", saved.with_name("smudged.png"), "--brush", "classic/smudge")
    assert result.exit_code == 0, result.output
    assert "note: with classic/smudge the picture will differ from the painting: it smudges" in result.output


def test_a_painting_without_a_brush_asks_for_one(saved):
    change(saved, brush=None)
    refused(run(saved, "-o", saved.with_name("real.png")), "names no brush; say which with --brush")
    assert not saved.with_name("real.png").exists()
    assert run(saved, "-o", saved.with_name("real.png"), "--brush", "classic/dry_brush").exit_code == 0


class Flat(Renderer):
    """One colour: no strokes."""

    action_names = ("red", "green", "blue")
    size = (8, 8)

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas) * 0 + actions[:, -1, :, None, None]


def test_names_of_columns_are_said_in_one_printable_line():
    with pytest.raises(ValueError, match="cannot be replayed") as refusal:
        check_replayable({"stroke_columns": ["\0\n\x1b[31m", 1_000 * "x"]})
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 400


def test_paintings_of_no_brush_cannot_be_replayed(tmp_path, dots):
    for renderer, named in (
        (Flat(), "its strokes have no"),
        (dots((20, 30)), "pressure, radius, red, green, blue, x, y"),
    ):
        path = tmp_path / "painting.json"
        painting_of(renderer, 2).save(path)
        for options in ([], ["--brush", "classic/dry_brush"]):  # naming a brush does not help: do not ask for one
            result = run(path, "-o", tmp_path / "real.png", *options)
            refused(result, "cannot be replayed", named, "wanted start_pressure, end_pressure, radius")
    assert [path.name for path in tmp_path.iterdir()] == ["painting.json"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"version": 2}, "has version 2; this program reads version 1"),
        ({"format": "other"}, "is no painting"),
        ({"strokes": [[0.5] * 11]}, "row 0 should hold 12 numbers"),
        ({"strokes": [[0.5] * 11 + [float("nan")]]}, "not JSON"),
        ({"strokes": [[0.5] * 11 + ["far"]]}, "strokes[0][11]: expected `float`, got `str`"),
        ({"strokes": [[0.5, 0.5, -1.0] + [0.5] * 9]}, "radius"),
        ({"strokes": [[1.5] + [0.5] * 11]}, "pressure or colour is not in [0, 1]"),
        ({"strokes": [[0.5] * 5 + [2] + [0.5] * 6]}, "pressure or colour is not in [0, 1]"),
        ({"background": [1, 1]}, "background"),
        ({"background": [1, 1, 2]}, "background[2]"),
        ({"cell": 0}, "cell"),
        ({"cell": 1e300}, "cell"),
        ({"width": 0}, "width"),
        ({"width": None}, "width: expected `int`, got `null`"),
        ({"brush": "classic/dry_brus", "brush_file": None}, "did you mean classic/dry_brush"),
        ({"brush": "gone.myb", "brush_file": None}, "no brush file gone.myb"),
    ],
)
def test_a_damaged_painting_is_refused(saved, fields, named):
    change(saved, **fields)
    refused(run(saved, "-o", saved.with_name("real.png")), named)
    assert [path.name for path in saved.parent.iterdir()] == ["painting.json"]


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff\xfe", b"[]", b'{"format": "diffpaint-painting"}'])
def test_what_is_no_painting_is_refused(saved, content):
    saved.write_bytes(content)
    refused(run(saved, "-o", saved.with_name("real.png")), str(saved))
    assert [path.name for path in saved.parent.iterdir()] == ["painting.json"]


@pytest.mark.parametrize("size", [0, -5, 10_000_000])
def test_a_size_that_cannot_be_drawn_is_refused(saved, size):
    refused(run(saved, "-o", saved.with_name("real.png"), "--size", size), "size")
    assert [path.name for path in saved.parent.iterdir()] == ["painting.json"]


@pytest.mark.parametrize(("output", "named"), [("no/real.png", "there is no folder"), ("real.xyz", "'.xyz'")])
def test_a_picture_that_cannot_be_written_is_refused(saved, output, named):
    refused(run(saved, "-o", saved.parent / output), named)


def test_a_missing_painting_is_named(tmp_path):
    refused(run(tmp_path / "none.json", "-o", tmp_path / "real.png"), "none.json", "No such file")


@pytest.mark.parametrize(("column", "value"), [("radius", 1e9), ("end_x", -1e9), ("control_y", 1e9)])
def test_strokes_that_would_never_end_are_refused(painting, brush, column, value):
    document = painting.document()
    document["strokes"][0][document["stroke_columns"].index(column)] = value
    with pytest.raises(ValueError, match="larger than the canvas, or far away from it"):
        replay(document, brush)


def test_ctrl_c_stops_a_replay(saved, monkeypatch):
    strokes = Brush.stroke

    def interrupted(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        strokes(self, *arguments)

    monkeypatch.setattr(Brush, "stroke", interrupted)
    result = run(saved, "-o", saved.with_name("real.png"))
    assert result.exit_code == 130
    assert result.output == "interrupted\n"
    assert not saved.with_name("real.png").exists()


@pytest.mark.parametrize("background", ["picture", "transparent"])
def test_what_was_painted_on_is_there_in_the_replay(background, tmp_path):
    ground = torch.rand(1, 3, 48, 90, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255
    painter = diffpaint.load_renderer("neural-splat", size=(48, 90))
    actions = painter.initial(1, 3, torch.Generator().manual_seed(0))
    goal = diffpaint.Pixel(torch.zeros(1, 3, 48, 90))
    given = {"background": ground if background == "picture" else "transparent"}
    painting = diffpaint.paint(painter, goal, actions=actions, steps=0, device="cpu", progress=False, **given)
    painting.save(tmp_path / "a.json")
    drawn = replay(read_document(tmp_path / "a.json"), Brush(read_brush("classic/dry_brush")))
    if background == "picture":
        bare = (painting.canvas == ground).all(1)[0].numpy()
        off = abs(drawn / 255 - ground[0].permute(1, 2, 0).numpy())
        assert bare.mean() > 0.1
        assert off[bare].max() < 0.3
        assert off[bare].mean() < 0.01
    else:
        assert drawn.shape == (48, 90, 4)
        assert abs(drawn[..., 3] / 255 - painting.pixels()[0, 3].numpy()).mean() < 0.1
        assert drawn[..., 3].min() == 0


@pytest.mark.parametrize("ending", ["gif", "webm"])
def test_the_engine_is_filmed(painting, ending, tmp_path):
    if ending == "webm":
        pytest.importorskip("imageio_ffmpeg")
    painting.save(tmp_path / "a.json")
    film = tmp_path / f"a.{ending}"
    arguments = ["replay", tmp_path / "a.json", "-o", film, "--frames", 4, "--seconds", 1]
    done = CliRunner().invoke(cli, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == f"wrote {film}"
    if ending == "gif":
        with Image.open(film) as shown:
            assert shown.n_frames == 4
            shown.seek(3)
            last = np.asarray(shown.convert("RGB")).astype(float)
        document = read_document(tmp_path / "a.json")
        assert np.abs(last - replay(document, Brush(read_brush("classic/dry_brush")))).mean() < 12  # 256 colours


def test_frames_of_the_engine_end_with_its_picture(painting):
    document, brush = painting.document(), Brush(read_brush("classic/dry_brush"))
    strokes = len(document["strokes"])
    first, last = replay_in_frames(document, brush, [1, strokes])
    assert np.array_equal(last, replay(document, brush))
    assert (first == 255).mean() > (last == 255).mean()


@pytest.mark.parametrize(
    ("options", "said"), [(["--frames", "0"], "at least 1, got 0"), (["--seconds", "0"], "must be above 0, got 0")]
)
def test_a_film_of_nothing_is_refused(painting, options, said, tmp_path):
    painting.save(tmp_path / "a.json")
    done = CliRunner().invoke(cli, ["replay", str(tmp_path / "a.json"), "-o", str(tmp_path / "a.gif"), *options])
    assert done.exit_code == 2
    assert said in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
