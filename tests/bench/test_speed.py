"""Time and memory beside the plain algorithm of the paper's code, on one thread, in turn."""

import sys

import pytest
from measure import measure

pytestmark = [pytest.mark.bench, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

GRID = {"rows": 8, "cols": 8, "strokes": 10, "overlap": 10 / 64}  # 442 x 442 px
SINGLE = {"rows": 1, "cols": 1, "strokes": 100, "overlap": 0.0}  # 64 x 64 px
THEIRS_MB = 5800  # what neural-painters-pytorch itself takes for GRID, which keeps more than reference.py


@pytest.fixture(scope="module")
def reference():
    found = {}

    def measured(name, work):
        if name not in found:
            found[name] = measure(painter="reference", passes=1 if name == "grid" else 3, **work)
        return found[name]

    return measured


def compare(capsys, reference, name, work, painter):
    theirs, ours = reference(name, work), measure(painter=painter, passes=5, **work)
    faster, smaller = theirs["seconds"] / ours["seconds"], theirs["mb"] / ours["mb"]
    with capsys.disabled():
        print(
            f"\n{painter}, {name}, {ours['strokes']} strokes on {ours['size'][1]} x {ours['size'][0]} px: "
            f"{ours['seconds']:.3f} s, {ours['mb']:.0f} MB; the plain algorithm {theirs['seconds']:.3f} s, "
            f"{theirs['mb']:.0f} MB; {faster:.1f} times faster, {smaller:.1f} times smaller"
        )
    return faster, ours["mb"]


def test_splat_is_25_times_faster_and_smaller_in_a_grid(capsys, reference):
    faster, mb = compare(capsys, reference, "grid", GRID, "neural-splat")
    assert faster >= 25
    assert mb <= THEIRS_MB / 25


def test_splat_is_5_times_faster_on_a_single_canvas(capsys, reference):
    faster, _ = compare(capsys, reference, "single", SINGLE, "neural-splat")
    assert faster >= 5


def test_gan_is_5_times_faster_and_20_times_smaller_in_a_grid(capsys, reference):
    faster, mb = compare(capsys, reference, "grid", GRID, "neural-gan")
    assert faster >= 5
    assert mb <= THEIRS_MB / 20
