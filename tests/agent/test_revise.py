"""What an agent's error counts, and how it corrects its strokes by it."""

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from diffpaint import load_renderer, read_image
from diffpaint.cli.main import cli
from diffpaint_agent import load_agent
from diffpaint_agent.error import PictureError, salience
from diffpaint_agent.revise import moved, revised
from diffpaint_constraints import Connected, Palette


def test_each_painting_is_revised_by_its_own_error():
    """A step of Adam goes as far however small a slope is, so none depends on what else is in the batch."""
    goal = torch.tensor([0.2, 0.7])[:, None, None].expand(2, 3, 4)
    start = torch.full((2, 3, 4), 0.5)
    both = revised(start, lambda actions: (actions - goal).square().mean((1, 2)), 30)
    assert (both - goal).abs().max() < 0.02
    alone = revised(start[:1], lambda actions: (actions - goal[:1]).square().mean((1, 2)), 30)
    assert torch.allclose(both[:1], alone)
    assert torch.allclose(revised(start, lambda actions: actions.sum((1, 2)), 1).logit(), torch.tensor(-0.1), atol=1e-4)


def test_revised_paintings_are_nearer_and_keep_their_rules(untrained, digits):
    plain, revising = load_agent(untrained()), load_agent(untrained(), revise=20)
    painter, pictures = plain.painter(12), digits[1][slice(8)]
    errors = [
        (painter(agent.act(pictures, painter)) - pictures).square().mean((1, 2, 3)) for agent in (plain, revising)
    ]
    assert (errors[1] < errors[0]).all()
    assert errors[1].mean() < 0.7 * errors[0].mean()
    actions = revising.act(pictures, painter)
    for constraint in (Palette([(0, 0, 0)]), Connected()):
        assert constraint.holds(actions, painter)
    assert not actions.requires_grad
    assert torch.equal(revising.act(pictures, plain.painter(40)), actions)  # it looks at a canvas of its own size


def test_an_agent_revises_as_it_was_trained_to(untrained, digits):
    pictures = digits[1][slice(2)]
    weights = untrained(revise=3)
    as_trained, never = load_agent(weights), load_agent(weights, revise=0)
    painter = never.painter(12)
    assert as_trained.revise == 3
    assert torch.equal(as_trained.act(pictures, painter), load_agent(untrained(), revise=3).act(pictures, painter))
    assert torch.equal(never.act(pictures, painter), load_agent(untrained()).act(pictures, painter))
    with pytest.raises(ValueError, match="revise must be at least 0, got -1"):
        load_agent(weights, revise=-1)


def test_more_pictures_than_are_painted_at_once_are_painted_the_same(untrained, digits, monkeypatch):
    trained = load_agent(untrained(revise=2))
    painter, pictures = trained.painter(12), digits[1][slice(5)]
    whole = trained.act(pictures, painter)
    monkeypatch.setattr("diffpaint_agent.weights.AT_ONCE", 2)
    assert torch.allclose(trained.act(pictures, painter), whole, atol=1e-5)


def test_what_nearly_all_pictures_have_detail_in_is_salient(rand):
    """A spot that each has, in any colour, is; one as loud that half of them have, or each elsewhere, is not."""
    pictures = torch.full((40, 3, 64, 64), 0.5)
    pictures[:, :, 20, 20] = rand(40, 3).round()
    pictures[::2, :, 40, 20] = 0.0
    for number, picture in enumerate(pictures):
        picture[:, 50, 4 + number] = 1.0
    found = salience(pictures)
    assert found.shape == (64, 64)
    assert found[20, 20] == 1
    assert found[40, 20] < 0.1
    assert found[50, 4:44].max() < 0.1
    assert salience(torch.full((3, 3, 8, 8), 0.5)).abs().max() == 0


def test_salient_places_count_more_and_all_of_them_one_in_the_mean(rand):
    pictures = rand(2, 3, 16, 16)
    error = PictureError(16, salience=3.0)
    error.salient[4, 4] = 1.0
    off = torch.zeros_like(pictures)
    off[0, :, 4, 4] = off[1, :, 5, 5] = 0.1
    there, elsewhere = error(pictures + off, pictures)
    assert there == pytest.approx(4 * float(elsewhere), rel=1e-4)
    assert error(pictures + 0.1, pictures) == pytest.approx([0.01, 0.01], rel=1e-4)
    assert PictureError(16)(pictures + off, pictures)[0] == pytest.approx(0.01 / 256, rel=1e-4)
    assert error.seen(off).square().mean((1, 2, 3)) == pytest.approx([float(there), float(elsewhere)], rel=1e-4)


def test_red_against_green_counts_three_times_where_places_count(rand):
    """Blue against yellow, and light, count once."""
    pictures, off = rand(1, 3, 16, 16), {}
    for name, color in {"light": (1, 1, 1), "redness": (1, -1, 0), "blueness": (1, 1, -2)}.items():
        unit = torch.tensor(color) / torch.tensor(color).float().norm()
        off[name] = PictureError(16, salience=3.0)(pictures + 0.1 * unit[:, None, None], pictures).item()
    assert off["redness"] == pytest.approx(9 * off["light"], rel=1e-3)
    assert off["blueness"] == pytest.approx(off["light"], rel=1e-3)


def test_the_command_revises_and_refuses_less_than_never(untrained, tmp_path):
    weights, picture = untrained(), tmp_path / "one.png"
    drawn = Image.new("L", (40, 40), 255)
    drawn.paste(0, (18, 8, 23, 34))
    drawn.save(picture)
    for times in ("0", "5"):
        words = [str(picture), "-o", str(tmp_path / times), "--agent", weights, "--size", "40", "--revise", times]
        assert CliRunner().invoke(cli, ["agent", "paint", *words]).exit_code == 0
    errors = [(read_image(tmp_path / times / "one.png") - read_image(picture)).square().mean() for times in ("0", "5")]
    assert errors[1] < errors[0]
    refused = CliRunner().invoke(cli, ["agent", "paint", str(picture), "-o", str(tmp_path / "no"), "--revise", "-1"])
    assert refused.exit_code == 2
    assert "--revise" in refused.output


def test_strokes_that_are_worth_least_go_where_most_is_missing():
    """Of three bars, one is hidden by another; what it leaves free paints the spot that counts, in its colour."""
    painter = load_renderer("neural-splat", size=(64, 64))
    names = painter.action_names
    bars = torch.full((1, 3, len(names)), 0.5)
    for number, down in enumerate((0.2, 0.2, 0.8)):
        bars[0, number, [names.index(name) for name in ("start_y", "control_y", "end_y")]] = down
        bars[0, number, [names.index(name) for name in ("start_x", "control_x", "end_x")]] = torch.tensor(
            [0.2, 0.5, 0.8]
        )
    picture = painter(bars[:, 1:])
    picture[..., 28:36, 8:16] = torch.tensor([1.0, 0.2, 0.2])[:, None, None]
    root = torch.ones(64, 64)
    new = moved(bars, 1, picture, painter, root.mul)
    assert torch.equal(new[:, :2], bars[:, 1:])
    assert painter(new).sub(picture).square().mean() < 0.8 * painter(bars).sub(picture).square().mean()
    laid = dict(zip(names, new[0, 2].tolist(), strict=True))
    assert laid["control_x"] == pytest.approx(12 / 64, abs=0.05)
    assert laid["control_y"] == pytest.approx(32 / 64, abs=0.05)
    assert laid["red"] > 0.9
    assert laid["blue"] < 0.4
    picture[..., 28:36, 40:48] = 0.3  # as large, and nearer to what is there, but it counts more
    root[:, 32:] = 7.0
    there = moved(bars, 1, picture, painter, root.mul)[0, 2, names.index("control_x")].item()
    assert there == pytest.approx(44 / 64, abs=0.05)


def test_cells_are_corrected_when_that_is_asked_for_alone(untrained, tmp_path):
    """A cell may show anything, whatever an agent does with the pictures that it knows."""
    photo = Image.new("RGB", (60, 40), "white")
    photo.paste((0, 0, 0), (30, 0, 60, 40))
    photo.save(tmp_path / "half.png")
    plain, revising = untrained("plain", constraints=[]), untrained("revising", constraints=[], revise=4)
    painted = []
    for number, words in enumerate(([plain], [revising], [revising, "--revise", "4"])):
        words = [str(tmp_path / "half.png"), "-o", str(tmp_path / str(number)), "--cells", "2x3", "--agent", *words]
        assert CliRunner().invoke(cli, ["agent", "paint", *words, "--size", "60"]).exit_code == 0
        painted.append(read_image(tmp_path / str(number) / "half.png"))
    assert torch.equal(painted[0], painted[1])
    errors = [(canvas - read_image(tmp_path / "half.png")).square().mean() for canvas in painted[1:]]
    assert errors[1] < errors[0]
