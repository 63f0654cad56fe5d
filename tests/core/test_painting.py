"""Paintings: batches of them, other sizes, and what is saved and loaded."""

import json

import pytest
import torch
from PIL import Image

import diffpaint
from diffpaint import Painting, Pixel, paint, read_image
from diffpaint.io.document import read_document
from diffpaint_grid import Grid

GRID = {"rows": 2, "cols": 2, "size": (20, 30)}


@pytest.fixture(scope="module")
def batch():
    target = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    grid = diffpaint.load_renderer("grid", **GRID)
    return paint(grid, Pixel(target), strokes=2, batch=3, steps=2, seed=4, device="cpu", progress=False)


def test_a_saved_picture_is_the_canvas(painting, tmp_path):
    painting.save(tmp_path / "a.png")
    torch.testing.assert_close(read_image(tmp_path / "a.png"), painting.canvas, atol=0.5 / 255 + 1e-6, rtol=0)


def test_a_saved_document_gives_the_same_painting(painting, tmp_path):
    path = tmp_path / "a.json"
    painting.save(path)
    loaded = Painting.load(path)
    torch.testing.assert_close(loaded.canvas, painting.canvas, atol=1e-6, rtol=0)
    assert torch.equal(loaded.actions, painting.actions)
    assert torch.equal(loaded.background, painting.background)
    assert (loaded.seed, loaded.losses, loaded.interrupted) == (4, painting.losses, False)
    assert loaded.renderer.spec == {"name": "grid", "options": {**GRID, "size": [20, 30]}}
    before = path.read_text()
    loaded.save(path)
    assert path.read_text() == before


def test_a_background_of_whole_numbers_is_read(painting, tmp_path):
    """As programs write it that write 1.0 as 1."""
    path = tmp_path / "a.json"
    painting.save(path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"background": [1, 0, 1]}))
    assert Painting.load(path).background[0, :, 0, 0].tolist() == [1.0, 0.0, 1.0]


def test_a_document_says_what_was_painted(painting, tmp_path):
    painting.save(tmp_path / "a.json")
    document = read_document(tmp_path / "a.json")
    assert (document["format"], document["version"]) == ("diffpaint-painting", 1)
    assert (document["width"], document["height"]) == (30, 20)
    assert document["background"] == [0.9, 0.8, 0.1]
    assert document["brush"] == "classic/dry_brush"
    assert document["cell"] == painting.renderer.cell
    assert document["action_names"] == list(painting.renderer.action_names)
    columns, table = painting.renderer.strokes(painting.actions[0])
    assert document["stroke_columns"] == list(columns)
    torch.testing.assert_close(torch.tensor(document["strokes"]), table, atol=1e-6, rtol=1e-6)
    assert len(document["strokes"]) == len(document["actions"]) == 8


def test_a_document_has_a_line_a_stroke(painting, tmp_path):
    painting.save(tmp_path / "a.json")
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert sum(line.startswith("  [") for line in lines) == 16  # eight strokes, eight actions
    assert max(map(len, lines)) < 1000


def test_a_renderer_that_a_document_cannot_name_is_passed_in(painting, tmp_path):
    patch = diffpaint.load_renderer("neural-splat", size=(16, 16))
    grid = Grid(patch, rows=2, cols=2)
    actions = grid.initial(1, 1, torch.Generator().manual_seed(0))
    ground = torch.ones(1, 3, *grid.size)
    Painting(grid(actions), actions, grid, 0, ground).save(tmp_path / "a.json")
    with pytest.raises(ValueError, match="renderer="):
        Painting.load(tmp_path / "a.json")
    loaded = Painting.load(tmp_path / "a.json", renderer=grid)
    torch.testing.assert_close(loaded.canvas, grid(actions), atol=1e-6, rtol=0)


def test_an_interrupted_painting_stays_marked(painting, tmp_path):
    half = Painting(**{**vars(painting), "interrupted": True})
    half.save(tmp_path / "a.json")
    assert Painting.load(tmp_path / "a.json").interrupted


def test_a_batch_is_a_sequence_of_paintings(batch):
    assert len(batch) == 3
    items = list(batch)
    assert len(items) == 3
    for index, item in enumerate(items):
        assert len(item) == 1
        assert torch.equal(item.canvas[0], batch.canvas[index])
        assert torch.equal(item.actions[0], batch.actions[index])
        assert (item.losses, item.seed) == (batch.losses, batch.seed)
    assert torch.equal(batch[-1].canvas, items[2].canvas)
    assert torch.equal(batch[-3].canvas, items[0].canvas)


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range_is_explained(batch, index):
    with pytest.raises(IndexError, match=f"painting {index} of a batch of 3"):
        batch[index]


def test_only_single_paintings_are_saved(batch, tmp_path):
    for name in ("a.png", "a.json", "a.gif"):
        with pytest.raises(ValueError, match=r"batch of 3 paintings; take one first, as in painting\[0\]"):
            batch.save(tmp_path / name)
    with pytest.raises(ValueError, match="batch of 3"):
        batch.document()
    assert list(tmp_path.iterdir()) == []
    batch[1].save(tmp_path / "a.png")
    torch.testing.assert_close(read_image(tmp_path / "a.png"), batch.canvas[1:2], atol=0.5 / 255 + 1e-6, rtol=0)


def test_an_item_of_a_batch_survives_saving(batch, tmp_path):
    batch[2].save(tmp_path / "a.json")
    torch.testing.assert_close(Painting.load(tmp_path / "a.json").canvas, batch.canvas[2:], atol=1e-6, rtol=0)


def test_frames_end_with_the_canvas(painting):
    frames = list(painting.frames())
    assert len(frames) == 8
    torch.testing.assert_close(frames[-1], painting.canvas, atol=1e-5, rtol=0)


def test_the_same_strokes_at_a_larger_scale(painting):
    large = painting.rendered_by(diffpaint.load_renderer("grid", **GRID, scale=3))
    assert large.canvas.shape == large.background.shape == (1, 3, 60, 90)
    assert torch.equal(large.actions, painting.actions)
    assert large.losses == painting.losses
    shrunk = torch.nn.functional.avg_pool2d(large.canvas, 3)
    difference = (shrunk - painting.canvas).abs()
    assert difference.mean() < 0.01
    assert difference.max() < 0.15
    assert painting.canvas.shape == (1, 3, 20, 30)


def test_a_renderer_of_other_actions_is_refused(painting, dots):
    with pytest.raises(ValueError, match="Dots takes actions"):
        painting.rendered_by(dots())


@pytest.fixture
def on_picture(painting):
    """A painting on a picture of 8 bits, green at the left and red at the right."""
    across = torch.linspace(0, 1, 30).expand(20, 30)
    picture = (255 * torch.stack([across, 1 - across, across / 2])[None]).round() / 255
    canvas = painting.renderer(painting.actions, picture)
    return Painting(**{**vars(painting), "background": picture, "canvas": canvas})


def test_what_was_painted_on_a_picture_is_saved_with_it(on_picture, tmp_path):
    on_picture.save(tmp_path / "a.json")
    loaded = Painting.load(tmp_path / "a.json")
    assert torch.equal(loaded.background, on_picture.background)
    torch.testing.assert_close(loaded.canvas, on_picture.canvas, atol=1e-6, rtol=0)
    before = (tmp_path / "a.json").read_text()
    loaded.save(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == before


def test_a_picture_that_was_painted_on_is_scaled_with_the_strokes(on_picture):
    large = on_picture.rendered_by(diffpaint.load_renderer("grid", **GRID, scale=3))
    assert large.canvas.shape == large.background.shape == (1, 3, 60, 90)
    assert 0 <= large.background.min() < large.background.max() <= 1
    shrunk = torch.nn.functional.avg_pool2d(large.background, 3)
    torch.testing.assert_close(shrunk, on_picture.background, atol=0.02, rtol=0)
    assert on_picture.rendered_by(on_picture.renderer).background is on_picture.background


@pytest.mark.parametrize("name", ["a.png", "a.json", "a.gif"])
def test_saving_into_a_missing_folder_is_an_error_and_makes_none(painting, tmp_path, name):
    with pytest.raises(OSError, match="gone"):
        painting.save(tmp_path / "gone" / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a.json", "a.gif"])
def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(painting, tmp_path, name, monkeypatch):
    (tmp_path / name).write_text("old")

    def fail(self, *args, **options):
        path = self if not args or isinstance(args[0], str) else args[0]
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    monkeypatch.setattr(type(tmp_path), "write_text", fail)
    with pytest.raises(OSError, match="disk full"):
        painting.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "old"


def test_numbers_that_are_not_finite_are_never_saved(painting, tmp_path):
    broken = Painting(**{**vars(painting), "actions": torch.full_like(painting.actions, float("nan"))})
    with pytest.raises(ValueError, match="JSON compliant"):
        broken.save(tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.xyz", "a", ".png", "a.txt"])
def test_an_ending_that_nobody_writes_is_refused_with_those_that_are_known(painting, tmp_path, name):
    with pytest.raises(ValueError, match=r"no format .* to write; there are .*\.gif, .*\.json, .*\.png"):
        painting.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_options_that_a_format_does_not_take_are_named(painting, tmp_path):
    with pytest.raises(ValueError, match=r"'png'.*'frames'.*its options are none"):
        painting.save(tmp_path / "a.png", frames=3)
    with pytest.raises(ValueError, match=r"'gif'.*'fps'.*its options are frames, seconds"):
        painting.save(tmp_path / "a.gif", fps=3)
    assert list(tmp_path.iterdir()) == []


def test_an_ending_is_known_in_capitals_too(painting, tmp_path):
    painting.save(tmp_path / "a.PNG")
    with Image.open(tmp_path / "a.PNG") as picture:
        assert (picture.format, picture.size) == ("PNG", (30, 20))
