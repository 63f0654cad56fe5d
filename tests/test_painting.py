import json
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

import diffpaint
from diffpaint import Painting, Pixel, PluginError, paint, read_document, read_image
from diffpaint_grid import Grid

GRID = {"rows": 2, "cols": 2, "size": (20, 30)}


def make(batch=1, background=(1.0, 1.0, 1.0), **options):
    target = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    grid = diffpaint.load_renderer("grid", **{**GRID, **options})
    settings = {"strokes": 2, "batch": batch, "steps": 2, "seed": 4, "background": background}
    return paint(grid, Pixel(target), **settings, device="cpu", progress=False)


@pytest.fixture(scope="module")
def painting():
    return make(background=(0.9, 0.8, 0.1))


@pytest.fixture(scope="module")
def batch():
    return make(batch=3)


@pytest.fixture
def document(painting):
    return painting.document()


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
    for save in (batch.save, batch.save_timelapse):
        for name in ("a.png", "a.json", "a.gif"):
            with pytest.raises(ValueError, match=r"batch of 3 paintings; take one first, as in painting\[0\]"):
                save(tmp_path / name)
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


def test_what_was_painted_on_a_picture_is_not_scaled_or_documented(painting, rand, tmp_path):
    on_picture = Painting(**{**vars(painting), "background": rand(1, 3, 20, 30)})
    with pytest.raises(ValueError, match="painted on a picture"):
        on_picture.rendered_by(painting.renderer)
    with pytest.raises(ValueError, match="painted on a picture"):
        on_picture.save(tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []
    on_picture.save(tmp_path / "a.png")


@pytest.mark.parametrize(("frames", "count"), [(1, 1), (3, 3), (8, 8), (60, 8)])
def test_a_gif_ends_with_the_canvas(painting, tmp_path, frames, count):
    painting.save_timelapse(tmp_path / "a.gif", frames=frames)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == count
        film.seek(count - 1)
        last = torch.from_numpy(np.array(film.convert("RGB"))).permute(2, 0, 1)[None] / 255
    assert last.shape == painting.canvas.shape
    difference = (last - painting.canvas).abs()
    assert difference.mean() < 0.02  # a palette of 256 colours
    assert difference.max() < 0.15


def test_a_gif_grows(painting, tmp_path):
    painting.save_timelapse(tmp_path / "a.gif", frames=4)
    wanted = list(painting.frames())[1::2]
    with Image.open(tmp_path / "a.gif") as film:
        for index, frame in enumerate(wanted):
            film.seek(index)
            shown = torch.from_numpy(np.array(film.convert("RGB"))).permute(2, 0, 1)[None] / 255
            assert (shown - frame).abs().mean() < 0.02


@pytest.mark.parametrize("size", [(20, 30), (21, 31)])  # films want even sides
def test_an_mp4_ends_with_the_canvas(tmp_path, size):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    grid = diffpaint.load_renderer("grid", rows=2, cols=2, size=size)
    actions = grid.initial(1, 2, torch.Generator().manual_seed(0))
    ground = torch.ones(1, 3, *size)
    painting = Painting(grid(actions), actions, grid, 0, ground)
    painting.save_timelapse(tmp_path / "a.mp4", seconds=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", tmp_path / "a.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True).stdout
    even = size[0] + size[0] % 2, size[1] + size[1] % 2
    film = torch.frombuffer(bytearray(decoded), dtype=torch.uint8).view(-1, *even, 3) / 255
    assert len(film) == 8 + 2 * 8  # the last frame stays for two seconds
    wanted = torch.nn.functional.interpolate(painting.canvas, even, mode="bilinear")[0].permute(1, 2, 0)
    assert (film[-1] - wanted).abs().mean() < 0.05  # half as many colours as pixels, and compressed
    assert film[0].mean() > film[-1].mean() + 0.1  # white paper at first


@pytest.mark.parametrize("name", ["a.png", "a.txt", "a"])
def test_other_time_lapses_are_refused(painting, tmp_path, name):
    with pytest.raises(ValueError, match=r"a \.gif or an \.mp4"):
        painting.save_timelapse(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "said"), [({"frames": 0}, "at least 1 frame"), ({"seconds": 0.0}, "seconds")])
def test_a_time_lapse_of_nothing_is_refused(painting, tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        painting.save_timelapse(tmp_path / "a.gif", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a.json", "a.gif"])
def test_saving_into_a_missing_folder_is_an_error_and_makes_none(painting, tmp_path, name):
    save = painting.save_timelapse if name.endswith("gif") else painting.save
    with pytest.raises(OSError, match="gone"):
        save(tmp_path / "gone" / name)
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
    save = painting.save_timelapse if name.endswith("gif") else painting.save
    with pytest.raises(OSError, match="disk full"):
        save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "old"


def test_numbers_that_are_not_finite_are_never_saved(painting, tmp_path):
    broken = Painting(**{**vars(painting), "actions": torch.full_like(painting.actions, float("nan"))})
    with pytest.raises(ValueError, match="JSON compliant"):
        broken.save(tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def refused(document, folder):
    """What is said about a damaged document, by the check and by load alike."""
    path = folder / "a.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"a\.json") as error:
        read_document(path)
    with pytest.raises(ValueError, match=r"a\.json"):
        Painting.load(path)
    return str(error.value)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_document_of_another_version_is_refused(document, tmp_path, version):
    assert f"version {version!r}" in refused({**document, "version": version}, tmp_path)


KEYS = "width height background brush cell stroke_columns strokes renderer action_names actions seed losses interrupted"


@pytest.mark.parametrize("key", KEYS.split())
def test_a_document_that_lacks_a_key_is_refused(document, tmp_path, key):
    del document[key]
    assert f"'{key}' is missing" in refused(document, tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("width", "30"),
        ("width", 30.5),
        ("height", None),
        ("background", 1),
        ("brush", 1),
        ("cell", "large"),
        ("strokes", {}),
        ("actions", "none"),
        ("renderer", "grid"),
        ("seed", "0"),
        ("losses", 0.5),
        ("interrupted", 0),
    ],
)
def test_a_value_of_another_kind_is_refused(document, tmp_path, key, value):
    assert f"'{key}' is wrong" in refused({**document, key: value}, tmp_path)


@pytest.mark.parametrize("key", ["width", "height", "cell"])
@pytest.mark.parametrize("value", [0, -3])
def test_lengths_are_above_0(document, tmp_path, key, value):
    assert "above 0" in refused({**document, key: value}, tmp_path)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("actions", float("nan")),
        ("actions", float("inf")),
        ("actions", 1.5),
        ("actions", -0.1),
        ("actions", "0.5"),
        ("actions", None),
        ("actions", 10**400),
        ("strokes", float("nan")),
        ("strokes", float("-inf")),
        ("strokes", []),
    ],
    ids=lambda value: str(value)[:9],
)
def test_a_number_out_of_range_is_refused_and_its_row_named(document, tmp_path, table, value):
    document[table][3][5] = value
    assert f"{table}, row 3" in refused(document, tmp_path)


def test_exported_strokes_may_lie_beyond_0_to_1(document, tmp_path):
    document["strokes"][0][6] = -7.5
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert read_document(tmp_path / "a.json")["strokes"][0][6] == -7.5


@pytest.mark.parametrize("background", [[1.0, 1.0], [1.0, 1.0, 1.1], [1.0, 1.0, float("nan")]])
def test_a_background_that_is_no_colour_is_refused(document, tmp_path, background):
    assert "background" in refused({**document, "background": background}, tmp_path)


@pytest.mark.parametrize("table", ["actions", "strokes"])
def test_a_row_of_another_length_is_refused(document, tmp_path, table):
    document[table][2] = document[table][2][:-1]
    assert f"{table}, row 2 should hold 12 numbers" in refused(document, tmp_path)
    document[table][2] = 0.5
    assert f"{table}, row 2 should hold 12 numbers" in refused(document, tmp_path)


@pytest.mark.parametrize(
    "content", ["", "no JSON", '{"format": "diffpaint-pain', "\x00\xff", "[" * 100_000], ids=range(5)
)
def test_what_is_not_json_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.json is no painting: not JSON"):
        read_document(tmp_path / "a.json")


@pytest.mark.parametrize("content", ["[]", "3", "null", "{}", '{"format": "something-else", "version": 1}'])
def test_other_json_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r'a\.json is no painting: it lacks "format"'):
        read_document(tmp_path / "a.json")


def test_a_missing_document_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.json: No such file"):
        Painting.load(tmp_path / "gone.json")
    with pytest.raises(ValueError, match="directory"):
        Painting.load(tmp_path)


def load(document, folder):
    (folder / "a.json").write_text(json.dumps(document))
    return Painting.load(folder / "a.json")


@pytest.mark.parametrize(
    "renderer",
    [
        {},
        {"name": "grid"},
        {"options": {}},
        {"name": 3, "options": {}},
        {"name": "grid", "options": [1]},
        {"name": "grid", "options": {**GRID, "size": "large"}},
    ],
)
def test_a_damaged_name_of_a_renderer_is_refused(document, tmp_path, renderer):
    with pytest.raises(ValueError, match=r"a\.json"):
        load({**document, "renderer": renderer}, tmp_path)


def test_options_that_a_renderer_does_not_take_are_named(document, tmp_path):
    with pytest.raises(ValueError, match="bristles"):
        load({**document, "renderer": {"name": "neural-splat", "options": {"bristles": 3}}}, tmp_path)


def test_a_renderer_that_is_not_installed_is_named(document, tmp_path):
    with pytest.raises(PluginError, match=r"gird.*did you mean 'grid'"):
        load({**document, "renderer": {"name": "gird", "options": {}}}, tmp_path)


def test_actions_of_another_renderer_are_refused(document, tmp_path):
    with pytest.raises(ValueError, match="multiple of 4 strokes"):
        load({**document, "actions": document["actions"][:7]}, tmp_path)
    with pytest.raises(ValueError, match="Grid takes actions"):
        load({**document, "actions": []}, tmp_path)
