"""Runs that train agents: what they learn, what they leave behind, how they are resumed and refused."""

import json
import signal

import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from diffpaint import StrokeRenderer, load_renderer
from diffpaint.training import wgan
from diffpaint.training.loop import train
from diffpaint_agent import Pictures, load_agent
from diffpaint_agent.demonstrations import FOLDER, read_demonstrations
from diffpaint_agent.error import fine
from diffpaint_agent.training.order import astray
from diffpaint_agent.training.recipe import AgentRecipe, course
from diffpaint_agent.training.settings import AgentSettings
from diffpaint_constraints import Connected, Fix, Palette

SIZE = {"size": 12, "strokes": 8, "channels": 4, "hidden": 16, "batch": 8, "lr": 0.01}
SETTINGS = AgentSettings(steps=6, critic_from=0.5, **SIZE)
TAUGHT = SIZE | {"imitation": 1.0, "imitation_gone": 0.5}
RULES = [Palette([(0, 0, 0)]), Connected()]
SAME = ("weights.safetensors", "losses.csv", "config.json")  # whether it was interrupted or not


def learn(pictures, folder, settings=SETTINGS, *, resume=False, **options):
    what = course(pictures, settings, **{"constraints": RULES} | options)
    train(what, folder, settings, resume=resume, device="cpu", progress=False, checkpoint_every=4)


def recipe(digits, demonstrations=None, **settings):
    torch.manual_seed(0)
    settings = AgentSettings(**{"steps": 10_000, "critic_from": 1} | SIZE | settings)
    painter = load_renderer("neural-splat", size=(12, 12))
    made = AgentRecipe(settings, painter, RULES, digits[1], demonstrations)
    made.accelerator = Accelerator(cpu=True)
    return made


def moved(network, before):
    return any(not torch.equal(one, other) for one, other in zip(network.parameters(), before, strict=True))


def copied(network):
    return [parameter.clone() for parameter in network.parameters()]


@pytest.fixture(scope="module")
def whole(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    learn(digits, folder)
    return folder


@pytest.mark.usefixtures("engine")
def test_a_run_leaves_all_that_it_should(whole, digits):
    assert {path.name for path in whole.iterdir()} == {*SAME, "checkpoint.pt", "sheets"}
    rows = (whole / "losses.csv").read_text().splitlines()
    assert rows[0] == "step,mse,distance,penalty,lesson"
    assert len(rows) == 7
    assert [row.split(",")[3] == "0" for row in rows[1:]] == [True] * 3 + [False] * 3
    with Image.open(whole / "sheets" / "0000004.png") as sheet:
        assert sheet.size == (
            4 * (3 * 60 + 4),
            8 * (60 + 4),
        )  # 32 groups of three
    trained = load_agent(str(whole / "weights.safetensors"))
    assert trained.agent.options["points"] == [[6, 7], [8, 9], [10, 11]]  # start, control and end of a stroke
    assert trained.constraints == RULES
    assert trained.header["training"]["steps"] == 6
    actions = trained.act(digits[1][slice(2)], trained.painter(12))
    assert Connected().holds(actions, trained.painter(12))


@pytest.mark.usefixtures("engine")
def test_a_run_that_was_interrupted_ends_as_one_that_was_not(whole, digits, tmp_path, monkeypatch):
    step = AgentRecipe.step

    def stopping(recipe, number, batch):
        if number == 4:  # under the critic
            signal.raise_signal(signal.SIGINT)
        return step(recipe, number, batch)

    with monkeypatch.context() as patch:
        patch.setattr(AgentRecipe, "step", stopping)
        with pytest.raises(KeyboardInterrupt):
            learn(digits, tmp_path / "run")
    assert len((tmp_path / "run" / "losses.csv").read_text().splitlines()) == 6
    learn(digits, tmp_path / "run", resume=True)
    for name in SAME:
        assert (tmp_path / "run" / name).read_bytes() == (whole / name).read_bytes(), name


def test_squared_error_alone_teaches_a_picture(digits):
    """One batch, again and again: what is painted comes nearer to it."""
    made = recipe(digits, lr=0.02)
    batch = next(digits[0].batches(8, 0))
    errors = [made.step(100, batch)["mse"].item() for _ in range(60)]
    assert errors[-1] < 0.6 * errors[0]


def test_the_agent_does_not_follow_a_critic_that_knows_nothing(digits):
    """While the critic learns alone, the agent still follows the squared error, and only that."""
    made = recipe(digits, critic_from=0, steps=1000, critic_steps=2)
    assert made.batches(0) == 3
    batch = next(digits[0].batches(24, 0))
    critic, agent = copied(made.critic), copied(made.agent)
    figures = made.step(0, batch)
    assert moved(made.critic, critic)
    assert moved(made.agent, agent)
    assert figures["penalty"] > 0
    after = copied(made.agent)
    twin = recipe(digits, critic_from=0, steps=1000, critic_steps=2)
    with torch.no_grad():
        for parameter in twin.critic.parameters():
            parameter.mul_(7)  # another opinion, which the agent does not hear
    twin.step(0, batch)
    assert not moved(twin.agent, after)


def test_a_step_is_precise_where_runs_are_not(digits):
    """On a GPU runs are in bfloat16, which would move strokes by a tenth of a pixel."""
    batch = next(digits[0].batches(16, 0))
    plain, mixed = (recipe(digits, critic_from=0) for _ in range(2))
    figures = []
    for made, enabled in ((plain, False), (mixed, True)):
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            figures.append({name: value.item() for name, value in made.step(1000, batch).items()})
    assert figures[0] == figures[1]


def test_an_update_is_seen_at_once_where_runs_are_imprecise(digits):
    made = recipe(digits)
    pictures = digits[1][slice(4)]
    with torch.autocast("cpu", torch.bfloat16):
        before = made.agent(pictures)
        made.update("agent", before.sum(), 0.1)
        assert not torch.equal(made.agent(pictures), before)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"mse": 0, "critic_from": 1}, "nothing to learn from"),
        ({"mse": 0, "critic_from": 0.5}, "demonstrations alone teach until step 0, and the critic comes at step 10000"),
        (
            {"mse": 0, "critic_from": 0.3, "imitation": 1, "imitation_until": 0.2, "imitation_gone": 0.4},
            "demonstrations alone teach until step 4000, and the critic comes at step 6000",
        ),
        ({"jitter": 0.5}, "less than 0.5, got 0.5"),
        ({"critic_from": 2}, "critic_from is a share of the steps, from 0 to 1, got 2"),
        ({"imitation": 1, "imitation_until": 1}, "imitation_until is a share of the steps, less than 1"),
        ({"imitation": 1}, "above 0, and the reverse; got 1 and 0.0"),
        ({"imitation_gone": 0.1}, "above 0, and the reverse; got 0.0 and 0.1"),
        (
            {"imitation": 1, "imitation_until": 0.3, "imitation_gone": 0.2},
            r"from imitation_until, 0\.3, to 1, got 0\.2",
        ),
        ({"imitation_until": 0.1}, r"from imitation_until, 0\.1, to 1, got 0\.0"),
    ],
)
def test_settings_that_teach_nothing_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        AgentSettings(**options)


def test_the_critic_alone_teaches_too(digits):
    made = recipe(digits, critic_from=0, mse=0.0, steps=1000)
    before = copied(made.agent)
    made.step(999 - 400, next(digits[0].batches(16, 0)))
    assert moved(made.agent, before)


def test_the_agent_climbs_what_the_critic_says(digits, monkeypatch):
    made = recipe(digits, critic_from=0, mse=0.0, steps=1000, lr=0.05)
    batch = next(digits[0].batches(16, 0))
    update = made.update
    monkeypatch.setattr(made, "update", lambda name, *given: None if name == "critic" else update(name, *given))
    target = batch[0][8:]
    said = []
    for _ in range(40):
        said.append(made.critic(made.painter(made.act(target)), target).mean().item())
        made.step(400, batch)
    assert said[-1] > said[0] + 0.5 * abs(said[0])


def test_the_critic_is_held_by_its_penalty(digits, monkeypatch):
    batch = next(digits[0].batches(16, 0))
    held = recipe(digits, critic_from=0, steps=1000)
    held.step(400, batch)
    monkeypatch.setattr(wgan, "PENALTY", 0.0)
    free = recipe(digits, critic_from=0, steps=1000)
    free.step(400, batch)
    assert moved(free.critic, copied(held.critic))


def test_pictures_are_mirrored_and_jittered_as_the_settings_say(digits, tmp_path, monkeypatch):
    asked, batches = [], Pictures.batches

    def noted(pictures, *given, **options):
        asked.append(options)
        return batches(pictures, *given, **options)

    monkeypatch.setattr(Pictures, "batches", noted)
    settings = AgentSettings(steps=1, critic_from=1, mirror=True, jitter=0.1, **SIZE)
    learn(digits, tmp_path / "run", settings)
    assert asked
    assert all(options == {"mirror": True, "jitter": 0.1} for options in asked)


def test_the_critic_tells_a_canvas_from_its_picture(digits):
    made = recipe(digits, critic_from=0, steps=100_000, critic_steps=1, lr=0.02, queries=False)
    stream = digits[0].batches(16, 0)
    distances = [made.step(99, next(stream))["distance"].item() for _ in range(60)]
    assert sum(distances[-10:]) > 5 * abs(sum(distances[:10]))


def test_detail_counts_as_much_more_as_it_is_told(digits, monkeypatch):
    losses, batch = {}, next(digits[0].batches(8, 0))
    for detail in (0.0, 3.0):
        made = recipe(digits, detail=detail)
        monkeypatch.setattr(made, "update", lambda name, loss, *rest, of=detail: losses.update({of: loss.item()}))
        error = made.step(0, batch)["mse"].item()
        with torch.no_grad():
            canvas = made.painter(made.act(batch[0]))
    missed = float((fine(canvas) - fine(batch[0])).square().mean())
    assert losses[0.0] == pytest.approx(1000 * error)
    assert losses[3.0] == pytest.approx(1000 * (error + 3 * missed), rel=1e-4)


def test_a_lesson_is_followed_alone_and_then_less(digits):
    demonstrations = read_demonstrations("digits", 8)
    made = recipe(digits, demonstrations, imitation=1000.0, imitation_until=0.02, imitation_gone=0.04, lr=0.02)
    shares = [made.settings.imitation_share(number) for number in (0, 199, 250, 300, 350, 399, 400, 9_999)]
    assert shares[:2] == [1, 1]
    assert shares[3] == pytest.approx(0.5)
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[5] < 1e-4
    assert shares[6:] == [0, 0]
    batch = next(digits[0].batches(8, 0))
    off = [made.step(100, batch)["lesson"].item() for _ in range(60)]
    assert off[-1] < 0.3 * off[0]
    then = [made.step(500, batch) for _ in range(60)]
    assert then[-1]["mse"] < 0.7 * then[0]["mse"]


@pytest.mark.parametrize(("number", "alone", "share"), [(100, True, 1.0), (300, False, 0.5), (400, False, 0.0)])
def test_first_a_lesson_is_followed_to_the_letter_and_then_its_path(digits, number, alone, share, monkeypatch):
    demonstrations, losses = read_demonstrations("digits", 8), []
    batch = next(digits[0].batches(8, 0))
    made = recipe(
        digits, demonstrations, imitation=700.0, imitation_until=0.02, imitation_gone=0.04, imitation_slack=0.1
    )
    monkeypatch.setattr(made, "update", lambda name, loss, rate, largest: losses.append((name, loss.item(), largest)))
    with torch.no_grad():
        actions = made.act(batch[0])
        wanted = demonstrations.fitted(batch[0], demonstrations.chosen(*batch, made.taught), made.taught)
    off = (actions - wanted).square().mean().item() if alone else astray(actions, wanted, 0.1).item()
    figures = made.step(number, batch)
    [(name, loss, largest)] = losses
    assert name == "agent"
    assert figures["lesson"].item() == pytest.approx(off, rel=1e-4)
    picture = 0 if alone else 1000
    assert loss == pytest.approx(picture * figures["mse"].item() + share * 700 * off, rel=1e-4)
    assert largest == pytest.approx(0.1 * (700 if alone else 1000))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"painter": "cppn", "brush": "x"}, "its options are"),
        ({"brush": "no/brush"}, "no neural-splat for brush 'no/brush'"),
        ({"constraints": [Connected(), Fix("start_x", 0.5)]}, "is undone by"),
        ({"demonstrations": "digits"}, "imitation is of demonstrations: these belong with"),
        ({"settings": AgentSettings(steps=6, **TAUGHT)}, "imitation is of demonstrations: these belong with"),
        ({"settings": AgentSettings(steps=6, **TAUGHT | {"strokes": 5}), "demonstrations": "digits"}, "8 strokes"),
        ({"settings": AgentSettings(steps=6, **SIZE | {"batch": 300})}, "fewer than a batch of 300"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(digits, tmp_path, options, reason):
    with pytest.raises(ValueError, match=reason):
        learn(digits, tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"constraints": RULES[:1]},
            r'constraints was \[{"rule": "Palette", .*}, {"rule": "Connected"}\], now \[{.*}\]$',
        ),
        ({"settings": AgentSettings(steps=7, critic_from=0.5, **SIZE)}, "settings.steps was 6, now 7"),
        ({"brush": "classic/charcoal"}, "brush was classic/dry_brush, now classic/charcoal"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_resuming_another_run_is_refused(whole, digits, options, reason):
    with pytest.raises(ValueError, match=f"is of other settings: {reason}"):
        learn(digits, whole, resume=True, **options)


@pytest.mark.usefixtures("engine")
def test_resuming_with_a_lesson_that_was_changed_is_refused(digits, tmp_path):
    document = json.loads((FOLDER / "digits.json").read_text())
    demonstrations, run = tmp_path / "mine.json", tmp_path / "run"
    options = {"settings": AgentSettings(steps=4, critic_from=1, **TAUGHT), "demonstrations": str(demonstrations)}
    demonstrations.write_text(json.dumps(document))
    learn(digits, run, **options)
    learn(digits, run, resume=True, **options)
    demonstrations.write_text(json.dumps(document | {"pressure": 0.7}))
    with pytest.raises(ValueError, match=r"is of other settings: lesson_sha256 was [0-9a-f]{64}, now [0-9a-f]{64}$"):
        learn(digits, run, resume=True, **options)


@pytest.mark.usefixtures("engine")
def test_resuming_other_networks_is_refused(digits, tmp_path):
    """As another version of this package may have trained."""
    learn(digits, tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del state["networks"]["agent.action.bias"]
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="other networks than this version of diffpaint trains; start anew"):
        learn(digits, tmp_path, resume=True)


@pytest.mark.parametrize("name", ["size", "strokes", "channels", "hidden", "critic_steps", "batch"])
def test_settings_out_of_range_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        AgentSettings(**{name: 0})


@pytest.mark.usefixtures("engine")
def test_the_config_says_what_the_run_is(whole):
    config = json.loads((whole / "config.json").read_text())
    assert config["painter"] == "neural-splat"
    assert config["constraints"] == [{"rule": "Palette", "colors": [[0, 0, 0]]}, {"rule": "Connected"}]
    assert isinstance(load_renderer(config["painter"], brush=config["brush"]), StrokeRenderer)
