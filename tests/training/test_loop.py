"""Runs of training: what they leave behind, how they are interrupted, resumed and refused."""

import json

import pytest
import torch

from diffpaint.io.images import write_image


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def steps_of(run):
    return len((run / "losses.csv").read_text().splitlines()) - 1


def test_a_run_learns(learn, settings, tmp_path):
    run = learn(tmp_path / "run", settings(steps=300, lr=0.2))
    rows = [line.split(",") for line in (run / "losses.csv").read_text().splitlines()]
    assert rows[0] == ["step", "mse", "slope"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(300)]
    assert float(rows[-1][1]) < 1e-3 < float(rows[1][1])
    assert float(rows[-1][2]) == pytest.approx(2, abs=0.1)


def test_a_run_leaves_its_settings_losses_checkpoint_sheets_and_what_was_learned(whole):
    sheets = ["sheets/0000005.png", "sheets/0000010.png"]
    assert sorted(contents(whole)) == ["checkpoint.pt", "config.json", "losses.csv", *sheets, "weights.pt"]
    config = json.loads((whole / "config.json").read_text())
    assert config == {
        "line": {"slope": 2.0},
        "settings": {"steps": 14, "batch": 16, "lr": 0.05, "seed": 0, "shake": 0.01, "uphill": True},
    }


def test_a_recipe_need_not_make_the_folder_of_its_sheets(learn, line, tmp_path):
    class Plain(line):
        def sheet(self, path):
            write_image(path, torch.zeros(3, 4, 4))

    learn(tmp_path / "run", recipe=Plain)
    assert sorted(path.name for path in (tmp_path / "run" / "sheets").iterdir()) == ["0000005.png", "0000010.png"]


def test_the_same_settings_learn_the_same(learn, settings, assert_same, tmp_path):
    torch.rand(3)  # what the program did with its randomness before does not matter
    assert_same(learn(tmp_path / "again"))
    other = learn(tmp_path / "other", settings(seed=1))
    assert (other / "weights.pt").read_bytes() != (tmp_path / "again" / "weights.pt").read_bytes()


@pytest.mark.parametrize("step", [0, 4, 5, 12])
def test_an_interrupted_run_resumes_to_the_same(learn, assert_same, tmp_path, step):
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, stop=step)
    assert not (tmp_path / "weights.pt").exists()
    assert steps_of(tmp_path) == step + 1
    torch.rand(3)
    assert_same(learn(tmp_path, resume=True))


def test_a_run_that_was_cut_off_resumes_from_its_last_checkpoint(learn, assert_same, tmp_path, monkeypatch):
    monkeypatch.setattr("diffpaint.io.interrupt.TOGETHER", 0.0)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, stop=8, presses=2)
    assert steps_of(tmp_path) == 5
    assert_same(learn(tmp_path, resume=True))


def test_a_run_interrupted_again_and_again_ends_the_same(learn, assert_same, tmp_path):
    for step in (0, 6, 7):
        with pytest.raises(KeyboardInterrupt):
            learn(tmp_path, stop=step, resume=step > 0)
        assert steps_of(tmp_path) == step + 1
    assert_same(learn(tmp_path, resume=True))


def test_a_run_that_is_done_resumes_to_what_is_there(learn, whole, assert_same, tmp_path):
    for name in ("checkpoint.pt", "config.json", "losses.csv"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    assert_same(learn(tmp_path, resume=True))


def test_a_run_cut_off_before_its_first_checkpoint_starts_anew(learn, assert_same, tmp_path, monkeypatch):
    monkeypatch.setattr("diffpaint.io.interrupt.TOGETHER", 0.0)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, stop=3, presses=2)
    assert sorted(contents(tmp_path)) == ["config.json"]
    with pytest.raises(ValueError, match=r"nothing to resume: there is no .*checkpoint\.pt"):
        learn(tmp_path, resume=True)
    assert_same(learn(tmp_path))


def test_a_run_that_is_there_is_not_written_over(learn, whole):
    before = contents(whole)
    with pytest.raises(ValueError, match="holds a run already; resume it, or name another folder"):
        learn(whole)
    assert contents(whole) == before


def test_a_run_that_turns_nan_ends_with_its_last_checkpoint(learn, line, assert_same, tmp_path):
    class Breaking(line):
        def step(self, number, batch):
            if number == 7:
                with torch.no_grad():
                    self.network.weight.fill_(torch.nan)
            return super().step(number, batch)

    with pytest.raises(FloatingPointError, match=r"mse is nan, slope is nan at step 7; .* keeps the last checkpoint"):
        learn(tmp_path, recipe=Breaking)
    assert steps_of(tmp_path) == 5
    assert not (tmp_path / "weights.pt").exists()
    assert_same(learn(tmp_path, resume=True))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"steps": 15}, "settings.steps was 14, now 15"),
        ({"batch": 8}, "settings.batch was 16, now 8"),
        ({"lr": 1e-3}, "settings.lr was 0.05, now 0.001"),
        ({"seed": 1}, "settings.seed was 0, now 1"),
        ({"uphill": False}, "settings.uphill was true, now false"),
        ({"shake": 0.0, "seed": 2}, "settings.seed was 0, now 2; settings.shake was 0.01, now 0.0"),
    ],
)
def test_resuming_with_other_settings_is_refused(learn, settings, whole, changed, named):
    before = contents(whole)
    with pytest.raises(ValueError, match=rf"checkpoint\.pt is of other settings: {named}$"):
        learn(whole, settings(**changed), resume=True)
    assert contents(whole) == before


def test_resuming_with_other_data_is_refused(learn, whole):
    with pytest.raises(ValueError, match=r"checkpoint\.pt is of other settings: line.slope was 2.0, now 3.0$"):
        learn(whole, slope=3.0, resume=True)


def test_a_checkpoint_knows_settings_by_their_older_names(learn, whole, assert_same, tmp_path):
    """As of runs that began before 0.2."""
    state = torch.load(whole / "checkpoint.pt", weights_only=True)
    config = state.pop("settings")
    config["settings"]["noise"] = config["settings"].pop("shake")
    del state["version"]
    torch.save({**state, "config": config}, tmp_path / "checkpoint.pt")
    (tmp_path / "config.json").write_bytes((whole / "config.json").read_bytes())
    assert_same(learn(tmp_path, resume=True))


def test_resuming_other_networks_is_refused(learn, whole, tmp_path):
    """As another version of this package may have trained."""
    state = torch.load(whole / "checkpoint.pt", weights_only=True)
    del state["networks"]["network.bias"]
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="other networks than this version of diffpaint trains; start anew"):
        learn(tmp_path, resume=True)


@pytest.mark.parametrize("damage", ["cut short", "empty", "another file"])
def test_a_damaged_checkpoint_is_refused(learn, whole, tmp_path, damage):
    raw = (whole / "checkpoint.pt").read_bytes()
    broken = {"cut short": raw[:-200], "empty": b"", "another file": (whole / "weights.pt").read_bytes()}
    (tmp_path / "checkpoint.pt").write_bytes(broken[damage])
    with pytest.raises(ValueError, match=r"checkpoint\.pt is no checkpoint of this program, or is damaged; delete it"):
        learn(tmp_path, resume=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"checkpoint_every": 0}, "checkpoint_every must be at least 1 step, got 0"),
        ({"device": "abacus"}, "no device 'abacus'"),
        ({"resume": True}, "nothing to resume"),
        ({"slope": 0}, "a line needs a slope"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(learn, tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        learn(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_a_file_is_refused(learn, tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(ValueError, match="run is a file; name a folder"):
        learn(tmp_path / "run")


def test_a_step_may_learn_from_several_batches(learn, line, tmp_path):
    seen = []

    class Several(line):
        def batches(self, number):
            return 1 + number % 3

        def step(self, number, batch):
            seen.append(len(batch[0]))
            return super().step(number, batch)

    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "run", recipe=Several, stop=4)
    learn(tmp_path / "run", recipe=Several, resume=True)
    assert seen == [16 * (1 + number % 3) for number in range(14)]
    again = learn(tmp_path / "again", recipe=Several)
    assert (again / "weights.pt").read_bytes() == (tmp_path / "run" / "weights.pt").read_bytes()
