"""The commands ``diffpaint agent ...`` and ``diffpaint paint --init``, as a person types them."""

import json
import signal
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from torch.nn.functional import interpolate

from diffpaint import load_renderer, read_image
from diffpaint.cli.main import cli
from diffpaint.io.document import read_document
from diffpaint_agent import load_agent, shipped_agents
from diffpaint_agent.commands import evaluate, paint
from diffpaint_agent.training.recipe import AgentRecipe

TEMPLATE = Path(__file__).parents[2] / "examples" / "plugin-template"


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def done(result):
    assert result.exit_code == 0, result.output
    return result.output


def refused(result, reason):
    """One line that says why, and exit code 2."""
    assert result.exit_code == 2, result.output
    assert reason in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.fixture
def digit(tmp_path):
    """A picture of something like a 1, wider than high."""
    picture = Image.new("L", (60, 40), 255)
    picture.paste(0, (28, 8, 33, 34))
    picture.save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.mark.usefixtures("engine")
def test_train_paint_replay_and_evaluate(mnist, tmp_path, digit):
    folder = tmp_path / "run"
    options = ("--size", 12, "--strokes", 3, "--channels", 4, "--hidden", 16, "--batch", 8, "--palette", "black")
    command = ("agent", "train", "--data", mnist, "-o", folder, *options, "--device", "cpu", "--steps", 4)
    output = done(run(*command, "--critic-from", 0.5, "--checkpoint-every", 2))
    assert "squared error of the engine's replay" in output
    assert "read right, real" in output
    assert {"card.md", "figures.json", "sheet.png", "weights.safetensors"} <= {path.name for path in folder.iterdir()}
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["pictures"] == 100
    assert len(figures["visible"]) == len(figures["ink"]) == 3
    assert sum(figures["ink"]) == pytest.approx(1)
    assert figures["visible"][-1] == pytest.approx(1)  # nothing lies on the last stroke
    assert f"{figures['mse']:.4f}" in (folder / "card.md").read_text()

    refused(run(*command), "holds a run already; resume it")

    weights = folder / "weights.safetensors"
    done(run("agent", "paint", digit, "-o", tmp_path / "out", "--agent", weights, "--size", 48, "--timelapse"))
    assert read_image(tmp_path / "out" / "one.png").shape == (1, 3, 48, 48)
    document = read_document(tmp_path / "out" / "one.json")
    assert len(document["strokes"]) == 3
    with Image.open(tmp_path / "out" / "one.gif") as film:
        assert film.n_frames == 3
    done(run("replay", tmp_path / "out" / "one.json", "-o", tmp_path / "real.png", "--size", 96))
    assert read_image(tmp_path / "real.png").shape == (1, 3, 96, 96)

    sheet, table = tmp_path / "sheet.png", tmp_path / "figures.json"
    output = done(run("agent", "evaluate", weights, "--data", mnist, "--count", 8, "--sheet", sheet, "--json", table))
    assert "test pictures                         8" in output
    assert json.loads(table.read_text())["pictures"] == 8
    with Image.open(sheet) as page:
        assert page.size == (4 * (3 * 60 + 4), 2 * (60 + 4))


@pytest.mark.usefixtures("engine")
def test_a_lesson_is_taught_and_measured(mnist, tmp_path):
    folder = tmp_path / "run"
    options = ("--size", 12, "--channels", 4, "--hidden", 16, "--batch", 8, "--palette", "black", "--connected")
    taught = ("--demonstrations", "digits", "--imitation", 1000, "--imitation-until", 0.5, "--imitation-gone", 0.8)
    train = ("agent", "train", "--data", mnist, "-o", folder, *options, "--device", "cpu", "--steps", 4)
    refused(run(*train, "--demonstrations", "digits"), "imitation is of demonstrations")
    assert not folder.exists()
    output = done(run(*train, *taught))
    assert "%  0, counter-clockwise from the top" in output
    assert "--demonstrations digits" in (folder / "card.md").read_text()
    weights, table = folder / "weights.safetensors", tmp_path / "figures.json"
    done(run("agent", "evaluate", weights, "--data", mnist, "--lesson", "digits", "--size", 16, "--json", table))
    figures = json.loads(table.read_text())
    assert {name[0] for name in figures["order"]} == set("0123456789")
    assert sum(figures["sequences"].values()) == 100
    assert 0 <= figures["same"] <= 1
    assert all(-1 <= value <= 1 for value in figures["order"].values())
    assert set(figures["directions"]) == {"0, counter-clockwise from the top", "1, from top to bottom"}


@pytest.mark.usefixtures("engine")
def test_options_are_known_by_their_older_names(mnist, tmp_path):
    options = ("--size", 12, "--channels", 2, "--hidden", 4, "--batch", 4, "--device", "cpu", "--steps", 1)
    older = (
        "--lesson",
        "digits",
        "--forcing",
        9,
        "--forcing-until",
        0.5,
        "--forcing-gone",
        0.8,
        "--forcing-slack",
        0.2,
    )
    newer = [str(option).replace("forcing", "imitation").replace("lesson", "demonstrations") for option in older]
    for folder, command, taught in (("old", ("agent", "train"), older), ("new", ("train", "agent"), newer)):
        done(run(*command, "--data", mnist, "-o", tmp_path / folder, *options, *taught))
    old, new = ((tmp_path / folder / "config.json").read_text() for folder in ("old", "new"))
    assert old == new
    settings = json.loads(new)["settings"]
    assert [settings[f"imitation{name}"] for name in ("", "_until", "_gone", "_slack")] == [9, 0.5, 0.8, 0.2]


def test_an_agents_painting_is_the_start_of_an_optimisation(untrained, tmp_path):
    """Its strokes, where they belong. The photo is of one colour: a cell that reaches beyond it sees the same."""
    photo = tmp_path / "photo.png"
    Image.new("RGB", (60, 60), (200, 120, 40)).save(photo)
    weights = untrained(constraints=[])
    done(run("agent", "paint", photo, "-o", tmp_path / "one", "--agent", weights, "--size", 60))
    painted = read_document(tmp_path / "one" / "photo.json")
    layout = ("--grid", "1x1", "--pyramid", 1, "--strokes", 3, "--size", 60, "--steps", 1, "--objective", "0*pixel")
    done(run("paint", photo, "-o", tmp_path / "started.png", "--init", f"agent(name={weights})", *layout))
    started = read_document(tmp_path / "started.json")
    one, other = (torch.tensor(document["strokes"]) for document in (painted, started))
    cell = 60 / 0.75  # of the grid: it overlaps by a quarter and reaches beyond the canvas
    assert torch.allclose(other[:, 6:], one[:, 6:] * cell / 60 - (cell - 60) / 2, atol=1.0)
    assert torch.allclose(other[:, 3:6], one[:, 3:6], atol=0.01)
    radius = one[:, 2] * cell / 60
    largest = 0.2 * cell / 0.6 * 64 / 64  # the grid ends sizes where strokes still fit the margin
    assert torch.allclose(other[:, 2][radius < 0.5 * largest], radius[radius < 0.5 * largest], rtol=0.02)


def test_every_cell_starts_from_what_the_photo_shows_there(untrained, tmp_path):
    """Two halves of a photo, one black and one white: each cell's strokes are what the agent paints of its part."""
    photo = tmp_path / "photo.png"
    picture = Image.new("RGB", (120, 60), "white")
    picture.paste("black", (0, 0, 60, 60))
    picture.save(photo)
    weights = untrained(constraints=[])
    layout = ("--grid", "1x2", "--pyramid", 1, "--strokes", 3, "--size", 120, "--steps", 1, "--objective", "0*pixel")
    done(run("paint", photo, "-o", tmp_path / "started.png", "--init", f"agent:{weights}", *layout))
    actions = torch.tensor(read_document(tmp_path / "started.json")["actions"])
    assert actions.shape == (6, 12)
    trained = load_agent(weights)
    columns = [column for column in range(12) if column != 2]  # sizes are those of the grid
    wide = torch.ones(1, 3, 80, 140)  # cells of 80 px, which overlap by a quarter and reach 10 px beyond the photo
    wide[..., :70] = 0
    cells = ([0, 3, 4], [1, 2, 5])  # layers go to and fro
    for cell, left in zip(cells, (0, 60), strict=True):
        crop = interpolate(wide[..., left : left + 80], (12, 12), mode="bilinear", antialias=True)
        wanted = trained.act(crop, trained.painter(12))[0]
        assert (actions[cell] - wanted)[:, columns].abs().max() < 1e-5
    assert (actions[cells[0]] - actions[cells[1]]).abs().max() > 0.1


def test_every_level_of_a_pyramid_starts_from_the_agent(untrained, tmp_path):
    """A photo of one colour: in every cell of every level the same strokes, smaller with the cells."""
    photo = tmp_path / "photo.png"
    Image.new("RGB", (60, 60), (200, 120, 40)).save(photo)
    weights = untrained(constraints=[])
    layout = ("--pyramid", 2, "--strokes", 3, "--size", 60, "--steps", 1, "--objective", "0*pixel")
    done(run("paint", photo, "-o", tmp_path / "started.png", "--init", f"agent:{weights}", *layout))
    document = read_document(tmp_path / "started.json")
    actions = torch.tensor(document["actions"])
    before = load_renderer(document["renderer"]["name"], **document["renderer"]["options"]).previous(len(actions))
    turns: list[int] = []
    for previous in before:
        turns.append(0 if previous < 0 else turns[previous] + 1)
    assert sorted(set(turns)) == [0, 1, 2]
    assert turns.count(0) > 4  # cells of more than one level
    for turn in range(3):
        same = actions[torch.tensor(turns) == turn][:, 6:]
        assert (same - same[0]).abs().max() < 1e-3
    assert (actions[turns.index(0), 6:] - actions[turns.index(1), 6:]).abs().max() > 0.01


@pytest.mark.usefixtures("engine")
def test_mistakes_are_one_line(untrained, mnist, tmp_path, digit, monkeypatch):
    monkeypatch.syspath_prepend(str(TEMPLATE))  # a painter that imitates no brush
    weights, out = untrained(), tmp_path / "out"
    refused(run("agent", "paint", digit, "-o", out, "--agent", "nobody"), "no agent 'nobody'")
    refused(run("agent", "paint", tmp_path / "gone.png", "-o", out, "--agent", weights), "no picture")
    refused(run("agent", "paint", digit, "-o", out, "--agent", weights, "--size", 0), "--size must be from 1 to 8192")
    refused(run("agent", "paint", digit, "-o", digit.parent, "--agent", weights), "is what is read")
    refused(run("agent", "paint", digit, digit, "-o", out, "--agent", weights), "would be written twice")
    assert not out.exists()
    refused(run("agent", "evaluate", weights, "--data", mnist, "--count", 101), "has 100 test pictures")
    refused(
        run("agent", "evaluate", weights, "--data", mnist, "--lesson", "digits"),
        "has 8 strokes, and the agent paints 3",
    )
    refused(run("agent", "evaluate", weights, "--data", mnist, "--size", 9000), "--size must be from 1 to 8192")
    refused(run("agent", "evaluate", weights, "--data", mnist, "--json", weights), "is what is read")
    assert "0 is not in the range" in run("agent", "evaluate", weights, "--data", mnist, "--count", 0).output
    both = tmp_path / "both.png"
    refused(run("agent", "evaluate", weights, "--data", mnist, "--json", both, "--sheet", both), "written twice")
    train = ("agent", "train", "-o", out)
    refused(run(*train, "--data", "nowhere", "--resume"), "nothing to resume")  # before pictures are looked for
    refused(run(*train, "--data", "nowhere", "--fix", "lift=0"), "needs lift among the actions")
    refused(run(*train, "--data", "nowhere", "--device", "abacus"), "abacus")
    refused(run(*train, "--data", "nowhere"), "no pictures nowhere")
    refused(run(*train, "--data", "nowhere", "--painter", "diffpaint_dots:Dots"), "imitates no MyPaint brush")
    small = ("--size", 2, "--demonstrations", "digits", "--imitation", 1, "--imitation-gone", 0.5)
    refused(run(*train, "--data", "nowhere", *small), "demonstrations need pictures of at least 3 px, got 2")
    refused(run(*train, "--data", "nowhere", "--painter", "grid", "--brush", "classic/charcoal"), "grid")
    refused(run(*train, "--data", "nowhere", "--demonstrations", "digits"), "these belong with imitation and")
    refused(run("agent", "train", "-o", digit, "--data", "nowhere"), "is a file; name a folder")
    refused(run(*train, "--data", mnist, "--painter", "neural-nothing"), "no renderer named 'neural-nothing'")
    refused(run(*train, "--data", mnist, "--steps", 0), "steps must be above 0")
    refused(run(*train, "--data", mnist, "--checkpoint-every", 0), "checkpoint_every must be at least 1")
    assert not out.exists()
    paint = ("paint", digit, "-o", tmp_path / "painting.png")
    refused(run(*paint, "--init", "nothing:mnist"), "initializer 'nothing:mnist' cannot be imported")
    refused(run(*paint, "--init", "nothing(name=mnist)"), "no initializer named 'nothing'")
    refused(run(*paint, "--init", "agent:nobody"), "no agent 'nobody'")
    refused(run(*paint, "--init", "agent(name=nobody)"), "no agent 'nobody'")
    refused(run(*paint, "--init", f"agent:{weights}", "--strokes", 4), "gives 3 strokes in each cell; --strokes is 4")
    refused(run(*paint, "--init", f"agent:{weights}", "--renderer", "cppn", "--strokes", 3), "no strokes in cells")
    assert not (tmp_path / "painting.png").exists()


def test_a_picture_of_another_kind_is_painted_and_said_to_be(untrained, tmp_path, digit):
    """Beyond what 99 % of test pictures come below; an agent that was never measured says nothing."""
    paint = ("agent", "paint", digit, "-o", tmp_path / "out", "--size", 20, "--agent")
    assert "hardly" not in done(run(*paint, untrained("unmeasured")))
    assert "hardly" not in done(run(*paint, untrained("lenient", usual=1.0)))
    output = done(run(*paint, untrained("strict", usual=1e-6)))
    assert f"{digit}: hardly one of the pictures that this agent knows (digits)" in output
    assert "99 % come below 0.000" in output
    assert (tmp_path / "out" / "one.png").exists()


def test_a_whole_picture_is_painted_cell_by_cell(untrained, tmp_path):
    """Each cell by what the agent makes of it, at the place where it lies; the engine paints it too."""
    photo = Image.new("RGB", (60, 40), "white")
    photo.paste((0, 0, 0), (30, 0, 60, 40))
    photo.save(tmp_path / "half.png")
    weights, out = untrained(constraints=[]), tmp_path / "out"
    output = done(run("agent", "paint", tmp_path / "half.png", "-o", out, "--agent", weights, "--cells", "2x3"))
    assert "512 px" in output
    canvas = read_image(out / "half.png")
    assert canvas.shape == (1, 3, 341, 512)
    painting = read_document(out / "half.json")
    assert len(painting["strokes"]) == 2 * 3 * 3
    refused(
        run("agent", "paint", tmp_path / "half.png", "-o", out, "--agent", weights, "--cells", "900x900"),
        "900 x 900",
    )


def test_other_peoples_pictures_are_not_painted_over(untrained, tmp_path, digit):
    weights, out = untrained(), tmp_path / "out"
    photo = out / digit.name
    out.mkdir()
    Image.new("RGB", (5, 5)).save(photo)
    before = photo.read_bytes()
    refused(run("agent", "paint", digit, "-o", out, "--agent", weights), f"{photo} exists already; name another")
    assert photo.read_bytes() == before
    photo.unlink()
    for _ in range(2):  # its own are
        done(run("agent", "paint", digit, "-o", out, "--agent", weights, "--size", 20))
    refused(run("agent", "paint", digit, "-o", photo, "--agent", weights), "is a file; name a folder")


@pytest.mark.usefixtures("engine")
def test_ctrl_c_says_how_to_go_on(mnist, tmp_path, monkeypatch):
    step = AgentRecipe.step

    def stopping(recipe, number, batch):
        signal.raise_signal(signal.SIGINT)
        return step(recipe, number, batch)

    monkeypatch.setattr(AgentRecipe, "step", stopping)
    small = ("--size", 12, "--strokes", 2, "--channels", 2, "--hidden", 4, "--batch", 4, "--device", "cpu")
    result = run("agent", "train", "--data", mnist, "-o", tmp_path / "run", *small)
    assert result.exit_code == 130
    assert "interrupted; to go on: " in result.output
    assert (tmp_path / "run" / "checkpoint.pt").exists()


def test_list_names_the_agents_that_ship():
    lines = done(run("agent", "list")).splitlines()
    assert [line.partition(":")[0] for line in lines] == shipped_agents()
    start = "mnist-connected: 8 strokes of neural-splat, classic/dry_brush; sees mnist, 28 x 28 px, Palette"
    assert any(line.startswith(start) and "Connected(); data CC BY-SA 3.0" in line for line in lines)


def test_list_says_of_faces_that_they_are_not_for_commercial_use():
    lines = {line.partition(":")[0]: line for line in done(run("agent", "list")).splitlines()}
    restricted = {name for name, line in lines.items() if "not for commercial use" in line}
    assert restricted == {"faces"}
    for command in (paint, evaluate):  # nor are they what is taken when nobody asks
        chosen = {parameter.default for parameter in command.params}
        assert not restricted & chosen
