"""``diffpaint explain``: what each stroke of a saved painting is worth."""

import csv
import json

import pytest
import torch
from painted import PHOTO, assert_refused, files, run
from PIL import Image

import diffpaint
from diffpaint import Objective, Painting, Pixel, paint, read_image
from diffpaint.cli import explain
from diffpaint.cli.worth_figure import worth_most

RENDERERS = {
    "neural-splat": ({"size": (20, 30)}, 4),
    "grid": ({"rows": 2, "cols": 3, "size": (20, 30)}, 1),
    "pyramid": ({"rows": 2, "cols": 3, "size": (20, 30), "levels": 2}, 1),
    "scatter": ({"size": (20, 30)}, 6),
}


class Blind(Objective):
    """Sees nothing."""

    def forward(self, canvas):
        return torch.zeros(())


class Endless(Objective):
    """Not a number."""

    def forward(self, canvas):
        return canvas.mean() / 0 * 0


class Noisy(Pixel):
    """Sees the canvas by chance, and penalises strokes by number."""

    def forward(self, canvas):
        return super().forward(canvas + torch.rand_like(canvas)) + len(self.moment.actions[0])


def saved(path, name, options, strokes):
    renderer = diffpaint.load_renderer(name, **options)
    goal = Pixel(read_image(PHOTO, renderer.size))
    paint(renderer, goal, strokes=strokes, steps=3, device="cpu", progress=False).save(path)
    return path


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("painting") / "a.json", "neural-splat", *RENDERERS["neural-splat"])


@pytest.fixture
def explained(tmp_path):
    """What the command says, the figures of its table, and the size of its picture."""

    def call(document, *arguments):
        done = run(
            "explain", document, "-o", tmp_path / "w.png", "--table", tmp_path / "w.csv", *arguments, "--overwrite"
        )
        assert done.exit_code == 0, done.output
        with open(tmp_path / "w.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [int(row["stroke"]) for row in rows] == list(range(len(rows)))
        with Image.open(tmp_path / "w.png") as picture:
            return done.stdout, torch.tensor([float(row["worth"]) for row in rows]), picture.size

    return call


def test_squared_error_grows_by_just_that(document, explained):
    said, found, size = explained(document, "--photo", PHOTO)
    painting, photo = Painting.load(document), read_image(PHOTO, (20, 30), crop=True)

    def error(actions):
        return (painting.renderer(actions) - photo).square().mean()

    without = [painting.actions[:, [kept for kept in range(4) if kept != left]] for left in range(4)]
    grown = torch.stack([error(some) for some in without]) - error(painting.actions)
    torch.testing.assert_close(found, grown, atol=1e-6, rtol=1e-3)
    assert f"the mean squared error to {PHOTO} grows without a stroke:" in said
    assert f"of {len(found)} strokes hold half of all worth" in said
    listed = [int(line.split()[0]) for line in said.rpartition("\nthe mean")[0].splitlines()[3:]]
    assert listed == found.argsort(descending=True).tolist()
    assert size[0] > 900  # four views of 480 px


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_of_strokes_is_explained(name, tmp_path, explained):
    path = saved(tmp_path / "a.json", name, *RENDERERS[name])
    said, found, _ = explained(path, "--photo", PHOTO)
    assert len(found) == len(json.loads(path.read_text())["strokes"])
    assert found.max() > 0
    assert len(said.rpartition("\nthe mean")[0].splitlines()) == 3 + min(10, len(found))


def test_an_objective_is_told_of_every_painting_without_a_stroke(document, explained):
    """Of squared error, what is computed at once is the same."""
    said, found, _ = explained(document, "--photo", PHOTO, "--objective", "pixel")
    assert "how much pixel grows without a stroke:" in said
    _, exact, _ = explained(document, "--photo", PHOTO)
    torch.testing.assert_close(found, exact, atol=1e-6, rtol=1e-3)


def test_fewer_and_fewer_strokes_are_scored(document, tmp_path):
    """Those that are worth most: all, half, a quarter; the canvas that is scored is of no others."""
    done = run("explain", document, "-o", tmp_path / "worth.png", "--photo", PHOTO, "--table", tmp_path / "worth.csv")
    painting = Painting.load(document)
    lines = done.output.splitlines()
    told = [
        line.split() for line in lines[lines.index(next(line for line in lines if "worth most alone" in line)) + 1 :]
    ]
    found = {int(row[0]): float(row[1]) for row in told if len(row) == 2}
    assert list(found) == [4, 2, 1]
    with open(tmp_path / "worth.csv") as file:
        worth = [float(row["worth"]) for row in csv.DictReader(file)]
    order = sorted(range(4), key=lambda number: -worth[number])
    target = read_image(PHOTO, painting.renderer.size, crop=True)
    for count, value in found.items():
        canvas = painting.renderer(painting.actions[:, sorted(order[:count])], painting.background)
        assert value == pytest.approx(float((canvas - target).square().mean()), rel=1e-3)


def test_what_an_objective_does_not_see_is_worth_nothing(document, explained):
    said, found, _ = explained(document, "--objective", f"{__name__}:Blind")
    assert (found == 0).all()
    assert "0 of 4 strokes hold half of all worth, 0 nine tenths; 4 are worth nothing" in said


def test_an_objective_may_be_random_and_know_the_strokes(document, explained):
    _, first, _ = explained(document, "--photo", PHOTO, "--objective", f"{__name__}:Noisy")
    _, second, _ = explained(document, "--photo", PHOTO, "--objective", f"{__name__}:Noisy")
    assert torch.equal(first, second)


def test_a_class_needs_no_photo(tmp_path, explained):
    path = saved(tmp_path / "a.json", "neural-splat", {"size": (64, 64)}, 3)
    goal = "activation(goal=labels:130, models=efficientnet-lite0, views=1)"
    _, found, _ = explained(path, "--objective", goal)
    assert (found != 0).all()


def test_a_stroke_without_paint_is_worth_nothing(document, tmp_path, explained):
    given = json.loads(document.read_text())
    given["actions"][2][:2] = [0.0, 0.0]  # no pressure
    (tmp_path / "a.json").write_text(json.dumps(given))
    said, found, _ = explained(tmp_path / "a.json", "--photo", PHOTO)
    assert found[2] == 0
    assert int(said.splitlines()[1].split("; ")[1].split()[0]) >= 1


def test_a_large_painting_is_explained_on_a_small_canvas(tmp_path, explained, monkeypatch):
    path = saved(tmp_path / "a.json", "grid", {"rows": 2, "cols": 3, "size": (20, 30), "scale": 4}, 1)
    _, large, _ = explained(path, "--photo", PHOTO)
    monkeypatch.setattr(explain, "LONGEST", 30)
    _, small, _ = explained(path, "--photo", PHOTO)
    torch.testing.assert_close(small, large, atol=0.1 * float(large.max()), rtol=0.1)


@pytest.mark.parametrize(
    ("value", "share", "wanted"),
    [
        ([1.0, -2.0, 6.0, 3.0], 0.5, [2]),
        ([1.0, -2.0, 6.0, 3.0], 0.9, [2, 3]),
        ([1.0, -2.0, 6.0, 3.0], 1.0, [2, 3, 0]),
        ([1.0], 0.5, [0]),
        ([0.0, -1.0], 0.5, []),
    ],
)
def test_the_fewest_strokes_hold_a_share(value, share, wanted):
    assert worth_most(torch.tensor(value), share).tolist() == wanted


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "w.png"], "name --photo, --objective, or both"),
        (["-o", "w.png", "--photo", "none.jpg"], "there is no such file"),
        (["-o", "w.xyz", "--photo", PHOTO], "no picture format '.xyz'"),
        (["-o", "missing/w.png", "--photo", PHOTO], "there is no folder missing"),
        (["-o", "w.png", "--table", "w.png", "--photo", PHOTO], "would be written twice"),
        (["-o", PHOTO, "--photo", PHOTO], "is what is read"),
        (["-o", "w.png", "--objective", "pixels"], "did you mean 'pixel'"),
        (["-o", "w.png", "--objective", "pixel"], "missing a required argument: 'target'"),
        (["-o", "w.png", "--objective", "pixel + "], "a name is missing"),
        (["-o", "w.png", "--objective", f"{__name__}:Endless"], "the objective is not finite"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(document, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert_refused(run("explain", document, *arguments), said)
    assert files(tmp_path) == []


@pytest.mark.parametrize("there", ["w.png", "w.csv"])
def test_nothing_is_written_over_unasked(document, tmp_path, there):
    (tmp_path / there).write_text("mine")
    asked = run("explain", document, "-o", tmp_path / "w.png", "--table", tmp_path / "w.csv", "--photo", PHOTO)
    assert_refused(asked, f"{there} exists already")
    assert files(tmp_path) == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_what_has_no_strokes_says_so(tmp_path):
    path = saved(tmp_path / "a.json", "cppn", {"size": (12, 16)}, None)
    assert_refused(run("explain", path, "-o", tmp_path / "w.png", "--photo", PHOTO), "CPPN has no strokes")
    assert files(tmp_path) == ["a.json"]


def test_a_painting_without_a_renderer_says_so(document, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(json.loads(document.read_text()) | {"renderer": None}))
    refused = run("explain", tmp_path / "a.json", "-o", tmp_path / "w.png", "--photo", PHOTO)
    assert_refused(refused, "does not say how its renderer was made")


def test_a_file_cannot_name_code(document, tmp_path):
    """Neither at the size of the painting nor at a smaller one."""
    given = json.loads(document.read_text())
    given["renderer"]["name"] = "painted:Broken"
    (tmp_path / "a.json").write_text(json.dumps(given))
    assert_refused(run("explain", tmp_path / "a.json", "-o", tmp_path / "w.png", "--photo", PHOTO), "stands in a file")
