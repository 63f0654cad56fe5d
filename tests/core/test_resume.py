"""A painting that was resumed is one that was never stopped, and no other run goes on from its checkpoint."""

import shutil

import pytest
import torch

from diffpaint import paint

QUIET = {"device": "cpu", "progress": False}


def assert_equal(one, other):
    assert torch.equal(one.actions, other.actions)
    assert torch.equal(one.canvas, other.canvas)
    assert one.losses == other.losses


def test_a_resumed_painting_equals_one_made_at_once(dots, shaken, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    whole = paint(dots(), shaken(), strokes=4, steps=9, **QUIET)
    paint(dots(), shaken(), strokes=4, steps=4, checkpoint=checkpoint, **QUIET)
    resumed = paint(dots(), shaken(), strokes=4, steps=9, checkpoint=checkpoint, resume=True, **QUIET)
    assert_equal(resumed, whole)
    assert list(tmp_path.iterdir()) == [checkpoint]


def test_resuming_a_finished_painting_gives_it_back(dots, shaken, unused, tmp_path):
    settings = {"strokes": 2, "checkpoint": tmp_path / "state.ckpt", **QUIET}
    finished = paint(dots(), shaken(), steps=3, **settings)
    assert_equal(paint(dots(), unused, steps=3, resume=True, **settings), finished)
    assert_equal(paint(dots(), unused, steps=1, resume=True, **settings), finished)


def test_a_painting_that_the_callback_ended_can_be_gone_on_with(dots, shaken, tmp_path):
    settings = {"strokes": 2, "steps": 6, "checkpoint": tmp_path / "state.ckpt", **QUIET}
    paint(dots(), shaken(), callback=lambda step, *_: step == 1, **settings)
    resumed = paint(dots(), shaken(), resume=True, **settings)
    assert_equal(resumed, paint(dots(), shaken(), strokes=2, steps=6, **QUIET))


def test_a_checkpoint_that_cannot_be_written_loses_no_painting(dots, dark, tmp_path, capsys):
    (folder := tmp_path / "full").mkdir()
    settings = {"strokes": 2, "steps": 3, "checkpoint_every": 1, "checkpoint": folder / "state.ckpt", **QUIET}
    painting = paint(dots(), dark, callback=lambda *_: shutil.rmtree(folder, ignore_errors=True), **settings)
    assert len(painting.losses) == 3
    assert "no checkpoint of step 2" in capsys.readouterr().err


def test_checkpoints_are_written_along_the_way(dots, dark, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    lengths = []

    def callback(number, canvas, loss):
        lengths.append(len(torch.load(checkpoint, weights_only=True)["losses"]) if checkpoint.exists() else 0)

    paint(dots(), dark, strokes=2, steps=6, checkpoint=checkpoint, checkpoint_every=2, callback=callback, **QUIET)
    assert lengths == [0, 0, 2, 2, 4, 4]
    assert len(torch.load(checkpoint, weights_only=True)["losses"]) == 6


@pytest.mark.parametrize("place", ["missing/state.ckpt", ""])
def test_a_checkpoint_that_cannot_be_written_is_refused_before_the_first_step(dots, unused, tmp_path, place):
    with pytest.raises(ValueError, match="folder"):
        paint(dots(), unused, strokes=2, steps=2, checkpoint=tmp_path / place, **QUIET)


@pytest.fixture
def checkpoint(dots, dark, tmp_path):
    path = tmp_path / "state.ckpt"
    paint(dots(), dark, strokes=2, steps=2, checkpoint=path, **QUIET)
    return path


@pytest.fixture
def resume(unused, checkpoint):
    """Go on from the checkpoint, with whatever is different."""

    def resumed(renderer, **options):
        settings = {"strokes": 2, "steps": 4, "checkpoint": checkpoint, "resume": True, **QUIET}
        return paint(renderer, unused, **{**settings, **options})

    return resumed


def test_a_missing_checkpoint_is_named(dots, resume, tmp_path):
    with pytest.raises(ValueError, match=r"no checkpoint .*gone\.ckpt"):
        resume(dots(), checkpoint=tmp_path / "gone.ckpt")


@pytest.mark.parametrize("damage", ["empty", "text", "cut short", "bytes changed", "of something else"])
def test_a_damaged_checkpoint_is_refused(dots, resume, checkpoint, damage):
    good = checkpoint.read_bytes()
    if damage == "of something else":
        torch.save([1, 2, 3], checkpoint)
    else:
        changed = good[:200] + bytes(255 - byte for byte in good[200:])
        checkpoint.write_bytes(
            {"empty": b"", "text": b"not a checkpoint", "cut short": good[:-300], "bytes changed": changed}[damage]
        )
    with pytest.raises(ValueError, match="damaged"):
        resume(dots())


@pytest.mark.parametrize("part", ["settings", "logits", "optimizer", "losses"])
def test_a_checkpoint_that_lacks_a_part_is_refused(dots, resume, checkpoint, part):
    state = torch.load(checkpoint, weights_only=True)
    del state[part]
    torch.save(state, checkpoint)
    with pytest.raises(ValueError, match="damaged"):
        resume(dots())


def test_a_checkpoint_without_a_setting_is_refused(dots, resume, checkpoint):
    state = torch.load(checkpoint, weights_only=True)
    del state["settings"]["lr"]
    torch.save(state, checkpoint)
    with pytest.raises(ValueError, match=r"state\.ckpt is of other settings: lr was null, now 0\.1"):
        resume(dots())


def test_a_checkpoint_never_runs_code(dots, resume, checkpoint, tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    torch.save(Code(), checkpoint)
    with pytest.raises(ValueError, match="damaged"):
        resume(dots())
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_version_is_refused(dots, resume, checkpoint):
    state = torch.load(checkpoint, weights_only=True)
    torch.save({**state, "version": 99}, checkpoint)
    with pytest.raises(ValueError, match="version 99"):
        resume(dots())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lr": 0.2}, r"lr was 0\.1, now 0\.2"),
        ({"seed": 1}, "seed was 0, now 1"),
        ({"strokes": 3}, r"actions was \[1, 2, 7\], now \[1, 3, 7\]"),
        ({"batch": 2}, r"actions was \[1, 2, 7\], now \[2, 2, 7\]"),
        ({"background": (0.0, 0.0, 0.0)}, r"background was \[1\.0, 1\.0, 1\.0\], now \[0\.0, 0\.0, 0\.0\]"),
        ({"run": {"objective": "pixel"}}, "objective was null, now pixel"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(dots, resume, checkpoint, options, said):
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match=said):
        resume(dots(), **options)
    assert checkpoint.read_bytes() == before


def test_a_checkpoint_of_another_renderer_is_refused(dots, resume):
    class Spots(dots):
        pass

    with pytest.raises(ValueError, match="renderer was Dots"):
        resume(Spots())
    with pytest.raises(ValueError, match=r"size was \[16, 20\], now \[16, 24\]"):
        resume(dots((16, 24)))
