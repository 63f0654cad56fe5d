"""Coarse to fine or at once: the objective against seconds, for as many strokes. Plot of docs/performance.md.

    python tests/bench/coarse_to_fine.py examples/photos/chelsea.png -o docs/pictures/coarse-to-fine.png

Both paint the same photo for the same objective, that of ``diffpaint paint``; one on a single grid, one on a pyramid
after a draft, whose seconds count. A step of the pyramid takes longer, so the grid gets more. Takes about five minutes
on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch

import diffpaint
from diffpaint_grid import Draft

EVERY = 10  # steps from one look at the objective to the next
LOOKS = 4  # draws of the objective's random transforms at each look, always the same ones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the plot, a .png")
    parser.add_argument("--steps", type=int, default=130)
    arguments = parser.parse_args()
    if arguments.output.exists():
        parser.error(f"{arguments.output} exists already; name another output")
    torch.set_num_threads(1)
    photo = diffpaint.read_image(arguments.photo, 256)
    size = tuple(photo.shape[2:])
    pyramid = diffpaint.load_renderer("pyramid", rows=12, cols=18, size=size)
    grid = diffpaint.load_renderer("grid", rows=13, cols=18, size=size)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    short, long = arguments.steps, 2 * arguments.steps
    for name, renderer, strokes, steps in (("one level", grid, 6, long), ("three levels", pyramid, 5, short)):
        seconds, scores, count = paint(renderer, photo, strokes, steps)
        print(
            f"{name}, {count} strokes: " + ", ".join(f"{a:.0f} s {b:.2f}" for a, b in zip(seconds, scores, strict=True))
        )
        axes.plot(seconds, scores, label=f"{name}, {count} strokes")
    axes.set(xlabel="s, one thread", ylabel="content + 100*pixel", yscale="log")
    axes.legend()
    figure.savefig(arguments.output, dpi=110)


def paint(
    renderer: diffpaint.Renderer, photo: torch.Tensor, strokes: int, steps: int
) -> tuple[list[float], list[float], int]:
    """Seconds of processor time, the objective then, and the number of strokes."""
    objective = diffpaint.load_objective("content", target=photo) + 100 * diffpaint.Pixel(photo)
    seconds, scores, looked = [], [], 0.0
    began = time.process_time()

    def look(step: int, canvas: torch.Tensor, _: float) -> None:
        nonlocal looked
        if step % EVERY:
            return
        start = time.process_time()
        torch.manual_seed(1)
        with torch.no_grad():
            scores.append(sum(objective(canvas).item() for _ in range(LOOKS)) / LOOKS)
        seconds.append(start - began - looked)
        looked += time.process_time() - start

    actions = Draft()(renderer, photo, strokes)
    diffpaint.paint(renderer, objective, actions=actions, steps=steps, device="cpu", callback=look, progress=False)
    return seconds, scores, actions.shape[1]


if __name__ == "__main__":
    main()
