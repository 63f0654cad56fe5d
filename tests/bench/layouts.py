"""Grid, pyramid, or where strokes are needed: PSNR against seconds, and against strokes. Plot of docs/performance.md.

    python tests/bench/layouts.py examples/photos/chelsea.png -o layouts.png

All paint the same photo for squared error, the grid and the pyramid after a draft, whose seconds count. Seconds are of
processor time on one thread. Takes about five minutes on one core.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor

import diffpaint
from diffpaint_grid import Draft

LONGEST = 341  # px
STEPS = 120
EVERY = 5  # steps from one look to the next
STROKES = 5  # in a cell
COUNTS = (250, 500, 1000, 2000)
SHOWN = 1000  # strokes, of the curves against seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the plot, a .png")
    arguments = parser.parse_args()
    if arguments.output.exists():
        parser.error(f"{arguments.output} exists already; name another output")
    torch.set_num_threads(1)
    photo = diffpaint.read_image(arguments.photo, LONGEST)
    scattered(photo, 20, 2)  # what is compiled once is no part of it
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name in ("grid", "pyramid", "scatter"):
        counts, best = [], []
        for wanted in COUNTS:
            seconds, reached, count = scattered(photo, wanted) if name == "scatter" else in_cells(name, photo, wanted)
            print(f"{name}, {count} strokes: {reached[-1]:.2f} dB after {seconds[-1]:.0f} s", flush=True)
            counts.append(count)
            best.append(reached[-1])
            if wanted == SHOWN:
                left.plot(seconds, reached, label=f"{name}, {count} strokes")
                print("  " + ", ".join(f"{a:.0f} s {b:.2f}" for a, b in zip(seconds[::4], reached[::4], strict=True)))
        right.plot(counts, best, "o-", label=name)
    left.set(xlabel="s, one thread", ylabel="PSNR, dB")
    right.set(xlabel=f"strokes, after {STEPS} steps", xscale="log", xticks=COUNTS, xticklabels=COUNTS)
    right.minorticks_off()
    left.legend()
    right.legend()
    figure.savefig(arguments.output, dpi=110)


def in_cells(name: str, photo: Tensor, wanted: int) -> tuple[list[float], list[float], int]:
    """Seconds of processor time, PSNR then, and the number of strokes, in about so many nearly square cells."""
    height, width = photo.shape[2:]
    cells = wanted / STROKES * (1 if name == "grid" else 0.77)  # of a pyramid, the rest are on the levels below
    rows = max(2, round(math.sqrt(cells * height / width)))
    renderer = diffpaint.load_renderer(name, rows=rows, cols=max(2, round(cells / rows)), size=(height, width))
    began = time.process_time()
    return measured(renderer, photo, began, actions=Draft()(renderer, photo, STROKES))


def scattered(photo: Tensor, wanted: int, steps: int = STEPS) -> tuple[list[float], list[float], int]:
    """Likewise, where they are needed."""
    began = time.process_time()
    renderer = diffpaint.load_renderer("scatter", size=tuple(photo.shape[2:]), coarse=True)
    rounds = diffpaint.load_strategy("rounds", photo, strokes=wanted)
    actions = diffpaint.load_initializer("draft")(renderer, photo, rounds.first or wanted)
    tone = photo.mean((0, 2, 3)).tolist()
    return measured(renderer, photo, began, steps, actions=actions, strategy=rounds, background=tone)


def measured(renderer: diffpaint.Renderer, photo: Tensor, began: float, steps: int = STEPS, **options):
    """Of a painting whose draft ``began``, at so many seconds of processor time."""
    seconds, reached = [], []

    def look(step: int, _: Tensor, loss: float) -> None:
        if step % EVERY == 0 or step == steps - 1:
            seconds.append(time.process_time() - began)
            reached.append(-10 * math.log10(loss))

    goal = diffpaint.Pixel(photo)
    painting = diffpaint.paint(renderer, goal, steps=steps, device="cpu", callback=look, progress=False, **options)
    return seconds, reached, painting.actions.shape[1]


if __name__ == "__main__":
    main()
