"""Checkpoints: state that comes back, for those with the same settings."""

import copy
import zipfile
from typing import Any

import pytest
import torch
from msgspec import Struct, defstruct
from torch import Tensor

from diffpaint.io.checkpoint import restore_checkpoint, restore_optimizer, save_checkpoint

SETTINGS = {"seed": 3, "size": [16, 20], "brush": None, "data": {"source": "mnist", "sizes": (1, 2.5)}}


class Losses(Struct):
    losses: list[float]


class State(Struct):
    logits: Tensor
    losses: list[float]
    optimizer: dict[str, Any]


@pytest.fixture
def path(tmp_path):
    save_checkpoint(
        tmp_path / "a.ckpt", SETTINGS, logits=torch.arange(3.0), losses=[0.5, 0.25], optimizer={"state": {}}
    )
    return tmp_path / "a.ckpt"


def assert_differs(path, settings, said, **options):
    with pytest.raises(ValueError, match="is of other settings: ") as error:
        restore_checkpoint(path, settings, Losses, **options)
    assert str(error.value) == f"checkpoint {path} is of other settings: {said}"


def test_what_was_saved_comes_back(path):
    state = restore_checkpoint(path, SETTINGS, State)
    assert state["logits"].tolist() == [0.0, 1.0, 2.0]
    assert (state["losses"], state["optimizer"]) == ([0.5, 0.25], {"state": {}})
    assert [found.name for found in path.parent.iterdir()] == ["a.ckpt"]


def test_only_what_is_wanted_is_given(path):
    assert set(restore_checkpoint(path, SETTINGS, Losses)) == {"losses"}


def test_settings_are_the_same_as_json_has_them(path):
    """Tuples are lists, and what is None need not be named."""
    settings = {"data": {"sizes": [1, 2.5], "source": "mnist"}, "size": (16, 20), "seed": 3, "later": None}
    assert restore_checkpoint(path, settings, Losses) == {"losses": [0.5, 0.25]}


def test_all_that_differs_is_named(path):
    assert_differs(path, {**SETTINGS, "seed": 4}, "seed was 3, now 4")
    assert_differs(path, {**SETTINGS, "brush": "dry"}, "brush was null, now dry")
    changed = {**SETTINGS, "size": [16, 24], "data": {"source": "kmnist", "sizes": (1, 2.5)}}
    assert_differs(path, changed, "size was [16, 20], now [16, 24]; data.source was mnist, now kmnist")
    assert_differs(path, {"size": [16, 20], "data": SETTINGS["data"]}, "seed was 3, now null")


def test_a_setting_is_known_by_an_older_name_too(path):
    now = {"start": 3, "size": [16, 20], "data": {"origin": "mnist", "sizes": [1, 2.5]}}
    renamed = {"seed": "start", "data.source": "data.origin"}
    assert restore_checkpoint(path, now, Losses, renamed) == {"losses": [0.5, 0.25]}
    assert_differs(path, {**now, "start": 5}, "start was 3, now 5", renamed=renamed)


def test_what_is_missing_or_damaged_is_named(path):
    with pytest.raises(ValueError, match=r"nothing to resume: there is no checkpoint .*gone\.ckpt"):
        restore_checkpoint(path.with_name("gone.ckpt"), SETTINGS, Losses)
    with pytest.raises(ValueError, match=r"a\.ckpt is no checkpoint of this program, or is damaged; delete it"):
        restore_checkpoint(path, SETTINGS, defstruct("Other", [("weights", Tensor)]))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="is damaged"):
        restore_checkpoint(path, SETTINGS, Losses)


def test_one_of_another_version_is_refused(path):
    torch.save({**torch.load(path, weights_only=True), "version": 2}, path)
    with pytest.raises(ValueError, match="has version 2; this program reads version 1"):
        restore_checkpoint(path, SETTINGS, Losses)


def test_runs_of_training_before_0_2_are_read(tmp_path):
    torch.save({"config": {"seed": 3}, "losses": [1.0]}, tmp_path / "old.pt")
    assert restore_checkpoint(tmp_path / "old.pt", {"seed": 3}, Losses) == {"losses": [1.0]}
    with pytest.raises(ValueError, match="seed was 3, now 4"):
        restore_checkpoint(tmp_path / "old.pt", {"seed": 4}, Losses)


def test_a_failure_leaves_the_older_one(path, monkeypatch):
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, SETTINGS, logits=torch.zeros(3))
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["a.ckpt"]


def test_every_flipped_bit_is_found_or_changes_nothing(path):
    whole = path.read_bytes()
    refused = 0
    for at in range(0, len(whole), 17):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        try:
            state = restore_checkpoint(path, SETTINGS, State)
        except ValueError as error:
            assert "a.ckpt" in str(error)  # noqa: PT017
            refused += 1
        else:
            assert state["logits"].tolist() == [0.0, 1.0, 2.0]
            assert (state["losses"], state["optimizer"]) == ([0.5, 0.25], {"state": {}})
    assert refused > 50


def test_what_torch_does_not_write_is_not_read(path):
    """Packed members may become large without end, and older formats are no zips."""
    other = path.with_name("b.ckpt")
    with zipfile.ZipFile(path) as stored, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as packed:
        for member in stored.namelist():
            packed.writestr(member, stored.read(member))
    with pytest.raises(ValueError, match=r"b\.ckpt .* is damaged; .*its members are packed"):
        restore_checkpoint(other, SETTINGS, State)
    torch.save({"version": 1}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="is damaged"):
        restore_checkpoint(path, SETTINGS, State)


@pytest.mark.parametrize(
    "changed",
    [
        *({"settings": []}, {"settings": {"seed": torch.zeros(2)}}, {"settings": {3: 4}}, {"settings": None}),
        *({"logits": [1.0]}, {"logits": None}, {"losses": "none"}, {"losses": [None]}, {"optimizer": []}),
        *({"version": torch.zeros(2)}, {"version": "1"}),
    ],
    ids=str,
)
def test_a_state_of_another_kind_is_refused(path, changed):
    torch.save({**torch.load(path, weights_only=True), **changed}, path)
    with pytest.raises(ValueError, match=r"a\.ckpt"):
        restore_checkpoint(path, SETTINGS, State)


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state["param_groups"][0].update(lr="fast"),
        lambda state: state["param_groups"].clear(),
        lambda state: state["state"][0].update(exp_avg=torch.zeros(7)),
        lambda state: state.pop("state"),
    ],
    ids=range(4),
)
def test_a_state_of_another_optimizer_is_refused(damage):
    parameter = torch.zeros(3, requires_grad=True)
    parameter.sum().backward()
    trained, fresh = torch.optim.Adam([parameter]), torch.optim.Adam([parameter])
    trained.step()
    restore_optimizer(fresh, trained.state_dict())
    assert fresh.state_dict()["state"][0]["step"] == 1
    state = copy.deepcopy(trained.state_dict())
    damage(state)
    with pytest.raises((ValueError, KeyError)):
        restore_optimizer(torch.optim.Adam([parameter]), state)
