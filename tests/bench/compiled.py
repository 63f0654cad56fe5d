"""Whether torch.compile would make neural-splat faster here: the work of test_speed.py, one thread.

python tests/bench/compiled.py

torch.compile needs a C++ compiler. Takes a minute.
"""

from __future__ import annotations

import time

import torch

import diffpaint
from diffpaint_neural import splat

PASSES = 5


def seconds() -> tuple[float, float]:
    """Of the first forward and backward pass, and of the fastest after it."""
    painter = diffpaint.load_renderer("neural-splat")
    grid = diffpaint.load_renderer("grid", renderer=painter, rows=8, cols=8, overlap=10 / 64, margin=0.0)
    actions = torch.rand(1, 640, 12, generator=torch.Generator().manual_seed(0)).requires_grad_()
    taken = []
    for _ in range(1 + PASSES):
        start = time.perf_counter()
        canvas = grid(actions)
        diffpaint.Pixel(torch.full_like(canvas, 0.5))(canvas).backward()
        taken.append(time.perf_counter() - start)
    return taken[0], min(taken[1:])


def main() -> None:
    torch.set_num_threads(1)
    seconds()  # whatever is slow once, whoever comes first
    print("| | first pass, s | fastest, s |\n|---|---|---|")
    print("| as it is | {:.2f} | {:.2f} |".format(*seconds()))
    splat._ink = torch.compile(splat._ink, dynamic=True)  # of boxes in many shapes
    print("| alpha from Gaussians compiled | {:.2f} | {:.2f} |".format(*seconds()))


if __name__ == "__main__":
    main()
