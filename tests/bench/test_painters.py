"""How true the shipped painters are, and what they cost beside one another."""

import time

import pytest
import torch

import diffpaint
from diffpaint_mypaint import carried_brush
from diffpaint_neural.training.fidelity import measure
from diffpaint_neural.weights import load_weights, shipped_brushes

pytestmark = pytest.mark.bench

SHIPPED = [(painter, brush) for painter in ("splat", "dabs", "vae", "gan") for brush in shipped_brushes(painter)]


@pytest.mark.parametrize(("painter", "brush"), SHIPPED)
def test_shipped_painters_are_true_to_the_engine(painter, brush):
    """The bounds of each kind: the mean stroke, the smooth one, and those with grain."""
    oversample = load_weights(painter, brush)[1]["data"]["oversample"]
    renderer = diffpaint.load_renderer(f"neural-{painter}", brush=brush)
    assert renderer.brush is not None
    file = carried_brush(renderer.brush, renderer.brush_file)
    fidelity = measure(renderer, brush=file, oversample=oversample)
    print(f"\nneural-{painter}, {brush}\n{fidelity.table()}")
    assert fidelity.stray < 1
    if painter == "splat":
        assert fidelity.gap <= 0.6 if fidelity.random else fidelity.psnr >= 32
    if painter == "vae":
        assert fidelity.psnr >= 21
        assert fidelity.texture <= 0.7
    if painter in ("gan", "dabs"):
        low, high = {"gan": (0.8, 1.25), "dabs": (0.85, 1.15)}[painter]
        assert low <= fidelity.texture <= high
        assert fidelity.mae <= 1.25 * fidelity.two_draws_mae


def test_dabs_cost_at_most_a_third_of_the_gan():
    """Forward, and forward and backward to the actions, best of several, strokes in turn."""
    actions = torch.rand(32, 12, generator=torch.Generator().manual_seed(0)).requires_grad_()
    painters = {name: diffpaint.load_renderer(name) for name in ("neural-gan", "neural-dabs")}
    forward, both = ({name: [] for name in painters} for _ in range(2))
    for _ in range(20):
        for name, painter in painters.items():
            start = time.perf_counter()
            with torch.no_grad():
                painter.stroke(actions)
            middle = time.perf_counter()
            painter.stroke(actions)[1].sum().backward()
            forward[name].append(middle - start)
            both[name].append(time.perf_counter() - middle)
    for what, times in (("forward", forward), ("forward + backward", both)):
        ratio = min(times["neural-dabs"]) / min(times["neural-gan"])
        print(f"\n{what}: neural-dabs takes {ratio:.2f} of the time of neural-gan")
        assert ratio <= 1 / 3
