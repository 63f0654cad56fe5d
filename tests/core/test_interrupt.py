"""Ctrl-C ends a painting early, with what there is."""

import signal

import pytest
import torch

from diffpaint import paint
from diffpaint.io.interrupt import asked_to_end, catch_interrupt

QUIET = {"device": "cpu", "progress": False}


def interrupt_at(step):
    def callback(number, canvas, loss):
        if number == step:
            signal.raise_signal(signal.SIGINT)

    return callback


def assert_equal(one, other):
    assert torch.equal(one.actions, other.actions)
    assert torch.equal(one.canvas, other.canvas)
    assert one.losses == other.losses


def test_it_keeps_the_painting_so_far(dots, shaken, tmp_path):
    checkpoint = tmp_path / "state.ckpt"
    settings = {"strokes": 4, "steps": 8, **QUIET}
    whole = paint(dots(), shaken(), **settings)
    stopped = paint(dots(), shaken(), checkpoint=checkpoint, callback=interrupt_at(2), **settings)
    assert stopped.interrupted
    assert stopped.losses == whole.losses[:3]
    assert_equal(stopped, paint(dots(), shaken(), **{**settings, "steps": 3}))
    resumed = paint(dots(), shaken(), checkpoint=checkpoint, resume=True, **settings)
    assert not resumed.interrupted
    assert_equal(resumed, whole)


def test_in_the_last_step_it_interrupts_nothing(dots, dark):
    painting = paint(dots(), dark, strokes=2, steps=3, callback=interrupt_at(2), **QUIET)
    assert len(painting.losses) == 3
    assert not painting.interrupted


def twice(number, canvas, loss):
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_a_second_one_stops_at_once(dots, dark, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("diffpaint.io.interrupt.TOGETHER", 0.0)
    with pytest.raises(KeyboardInterrupt):
        paint(dots(), dark, strokes=2, steps=3, callback=twice, **QUIET)
    assert signal.getsignal(signal.SIGINT) is before


def test_two_at_once_are_one(dots, dark):
    painting = paint(dots(), dark, strokes=2, steps=3, callback=twice, **QUIET)
    assert painting.interrupted
    assert len(painting.losses) == 1


def test_loops_within_one_another_end_together():
    with catch_interrupt() as outer:
        with catch_interrupt() as inner:
            assert not asked_to_end()
            signal.raise_signal(signal.SIGINT)
            assert inner.is_set()
        assert outer.is_set()
        assert asked_to_end()
    assert not asked_to_end()


def test_one_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with catch_interrupt() as event:
            signal.raise_signal(signal.SIGINT)
            assert not event.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_is_given_back_afterwards(dots, dark):
    before = signal.getsignal(signal.SIGINT)
    paint(dots(), dark, strokes=2, steps=2, callback=interrupt_at(0), **QUIET)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_callback_that_raises_it_itself_ends_the_painting_too(dots, dark):
    def callback(number, canvas, loss):
        if number == 2:
            raise KeyboardInterrupt

    painting = paint(dots(), dark, strokes=2, steps=8, callback=callback, **QUIET)
    assert painting.interrupted
    assert_equal(painting, paint(dots(), dark, strokes=2, steps=3, **QUIET))
