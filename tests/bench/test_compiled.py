"""Compiled code beside torch's, in turn, by processor time on one thread."""

import time

import pytest
import torch

import diffpaint
from diffpaint import fast
from diffpaint_grid.placing import laid

pytest.importorskip("numba", reason="needs the extra fast")
pytestmark = pytest.mark.bench


def times(work, monkeypatch, turns=5):
    """Least seconds, compiled and by torch."""
    found = {True: [], False: []}
    for _ in range(turns):
        for compiled, seconds in found.items():
            with monkeypatch.context() as patch:
                patch.setattr(fast, "installed", lambda compiled=compiled: compiled)
                began = time.thread_time()
                work()
                seconds.append(time.thread_time() - began)
    return min(found[True]), min(found[False])


@pytest.mark.parametrize("kind", ["scattered", "cells"])
def test_a_step_takes_a_fraction(kind, monkeypatch, capsys, photo):
    """Forward and backward: 1,000 strokes where a photo needs them, and 4,096 random ones in cells."""
    torch.set_num_threads(1)
    if kind == "scattered":
        renderer = diffpaint.load_renderer("scatter", size=tuple(photo.shape[2:]), coarse=True)
        actions = laid(renderer, photo[0], 1000, torch.Generator().manual_seed(0))[None]
    else:
        renderer = diffpaint.load_renderer("grid", rows=32, cols=32, overlap=0.5)
        actions = renderer.initial(1, 4, torch.Generator().manual_seed(0))
    actions.requires_grad_()
    compiled, plain = times(lambda: renderer(actions).square().mean().backward(), monkeypatch)
    with capsys.disabled():
        print(f"\n{kind}: {compiled:.2f} s compiled, {plain:.2f} s by torch: {compiled / plain:.2f} of it")
    assert compiled <= {"scattered": 0.5, "cells": 0.67}[kind] * plain
