"""What the CPPN costs beside lucent's: time and memory of a forward and a backward pass, on one thread."""

import subprocess
import sys
import time

import pytest
import torch

import diffpaint_lucent  # noqa: F401  before lucent: it silences what kornia warns of when it is imported
from diffpaint_cppn import CPPN

# isort: split
from lucent.optvis.param.cppn import cppn

pytestmark = pytest.mark.bench

ONCE = """
import sys, torch, diffpaint_lucent
from pathlib import Path
from diffpaint_cppn import CPPN
from lucent.optvis.param.cppn import cppn

torch.set_num_threads(1)
whose, size = sys.argv[1], int(sys.argv[2])
if whose == "lucent":
    _, image_f = cppn(size)
    image_f().sum().backward()
else:
    renderer = CPPN((size, size))
    renderer(renderer.initial(1).requires_grad_()).sum().backward()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) / 1024)
"""


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def peak(whose, size):
    """MB at most, in a process of its own. ru_maxrss would not do: it begins with the size of who started it."""
    command = [sys.executable, "-c", ONCE, whose, str(size)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("size", [224, 512])
def test_the_cppn_takes_a_fraction_of_lucents_memory(size, capsys):
    """At most, over that of the same program at 8 px."""
    more = {whose: peak(whose, size) - peak(whose, 8) for whose in ("lucent", "ours")}
    ratio = more["ours"] / more["lucent"]
    with capsys.disabled():
        print(f"\n{size} px: {more['ours']:.0f} MB, lucent's {more['lucent']:.0f} MB, ratio {ratio:.3f} (below 0.25)")
    assert ratio < 0.25


@pytest.mark.parametrize("size", [224, 512])
def test_the_cppn_is_no_slower_than_lucents(size, one_thread, capsys):
    """Forward, and forward and backward to the weights or logits; best of several, in turn."""
    parameters, theirs = cppn(size)
    renderer = CPPN((size, size))
    logits = renderer.actions(parameters).logit().requires_grad_()
    canvases = {"lucent": theirs, "ours": lambda: renderer(logits.sigmoid())}
    forward, both = ({name: [] for name in canvases} for _ in range(2))
    for _ in range(8):
        for name, canvas in canvases.items():
            start = time.perf_counter()
            with torch.no_grad():
                canvas()
            middle = time.perf_counter()
            canvas().sum().backward()
            forward[name].append(middle - start)
            both[name].append(time.perf_counter() - middle)
    for what, times in (("forward", forward), ("forward + backward", both)):
        ratio = min(times["ours"]) / min(times["lucent"])
        with capsys.disabled():
            print(
                f"\n{size} px, {what}: {min(times['ours']):.3f} s, lucent's {min(times['lucent']):.3f} s, "
                f"ratio {ratio:.2f} (at most 1)"
            )
        assert ratio <= 1
