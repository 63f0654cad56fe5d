"""Checkpoints: state that comes back, for those with the same settings."""

import pytest
import torch

from diffpaint.io.checkpoint import restore_checkpoint, save_checkpoint

SETTINGS = {"seed": 3, "size": [16, 20], "brush": None, "data": {"source": "mnist", "sizes": (1, 2.5)}}


@pytest.fixture
def path(tmp_path):
    save_checkpoint(
        tmp_path / "a.ckpt", SETTINGS, logits=torch.arange(3.0), losses=[0.5, 0.25], optimizer={"state": {}}
    )
    return tmp_path / "a.ckpt"


def assert_differs(path, settings, said, **options):
    with pytest.raises(ValueError, match="is of other settings: ") as error:
        restore_checkpoint(path, settings, ("logits",), **options)
    assert str(error.value) == f"checkpoint {path} is of other settings: {said}"


def test_what_was_saved_comes_back(path):
    state = restore_checkpoint(path, SETTINGS, ("logits", "losses", "optimizer"))
    assert state["logits"].tolist() == [0.0, 1.0, 2.0]
    assert (state["losses"], state["optimizer"]) == ([0.5, 0.25], {"state": {}})
    assert [found.name for found in path.parent.iterdir()] == ["a.ckpt"]


def test_only_what_is_wanted_is_given(path):
    assert set(restore_checkpoint(path, SETTINGS, ("losses",))) == {"losses"}


def test_settings_are_the_same_as_json_has_them(path):
    """Tuples are lists, and what is None need not be named."""
    settings = {"data": {"sizes": [1, 2.5], "source": "mnist"}, "size": (16, 20), "seed": 3, "later": None}
    assert restore_checkpoint(path, settings, ("losses",)) == {"losses": [0.5, 0.25]}


def test_all_that_differs_is_named(path):
    assert_differs(path, {**SETTINGS, "seed": 4}, "seed was 3, now 4")
    assert_differs(path, {**SETTINGS, "brush": "dry"}, "brush was null, now dry")
    changed = {**SETTINGS, "size": [16, 24], "data": {"source": "kmnist", "sizes": (1, 2.5)}}
    assert_differs(path, changed, "size was [16, 20], now [16, 24]; data.source was mnist, now kmnist")
    assert_differs(path, {"size": [16, 20], "data": SETTINGS["data"]}, "seed was 3, now null")


def test_a_setting_is_known_by_an_older_name_too(path):
    now = {"start": 3, "size": [16, 20], "data": {"origin": "mnist", "sizes": [1, 2.5]}}
    renamed = {"seed": "start", "data.source": "data.origin"}
    assert restore_checkpoint(path, now, ("losses",), renamed) == {"losses": [0.5, 0.25]}
    assert_differs(path, {**now, "start": 5}, "start was 3, now 5", renamed=renamed)


def test_what_is_missing_or_damaged_is_named(path):
    with pytest.raises(ValueError, match=r"nothing to resume: there is no checkpoint .*gone\.ckpt"):
        restore_checkpoint(path.with_name("gone.ckpt"), SETTINGS, ("losses",))
    with pytest.raises(ValueError, match=r"a\.ckpt is no checkpoint of this program, or is damaged; delete it"):
        restore_checkpoint(path, SETTINGS, ("weights",))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="is damaged"):
        restore_checkpoint(path, SETTINGS, ("losses",))


def test_one_of_another_version_is_refused(path):
    torch.save({**torch.load(path, weights_only=True), "version": 2}, path)
    with pytest.raises(ValueError, match="has version 2; this program reads version 1"):
        restore_checkpoint(path, SETTINGS, ("losses",))


def test_runs_of_training_before_0_2_are_read(tmp_path):
    torch.save({"config": {"seed": 3}, "log": [1.0]}, tmp_path / "old.pt")
    assert restore_checkpoint(tmp_path / "old.pt", {"seed": 3}, ("log",)) == {"log": [1.0]}
    with pytest.raises(ValueError, match="seed was 3, now 4"):
        restore_checkpoint(tmp_path / "old.pt", {"seed": 4}, ("log",))


def test_a_failure_leaves_the_older_one(path, monkeypatch):
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, SETTINGS, logits=torch.zeros(3))
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["a.ckpt"]
