"""The figures of docs/performance.md: a table of time and memory against size and painter, and a plot of it.

    python tests/bench/performance.py -o docs/pictures/performance.png

Needs Linux, and takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from measure import measure

CELLS = {256: 8, 512: 16, 1024: 32, 2048: 64, 4096: 128}  # of 64 px, half overlapping, each way
LARGEST = {"neural-splat": 4096, "neural-dabs": 2048, "neural-vae": 1024, "neural-gan": 1024, "reference": 512}
STROKES = 4  # in each cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the plot, a .png")
    output = parser.parse_args().output
    figure, (time_axes, memory_axes) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    print(
        "| painter | canvas, px | strokes | s a step | strokes a second | peak memory, MB |\n|---|---|---|---|---|---|"
    )
    for painter, largest in LARGEST.items():
        rows = []
        for size, cells in CELLS.items():
            if size > largest:
                continue
            passes = 3 if size <= 1024 else 1
            found = measure(painter=painter, rows=cells, cols=cells, strokes=STROKES, overlap=0.5, passes=passes)
            strokes, seconds, mb = found["strokes"], found["seconds"], found["mb"]
            rows.append((strokes, seconds, mb))
            print(
                f"| {painter} | {size} | {strokes:,} | {seconds:.2f} | {strokes / seconds:,.0f} | {mb:,.0f} |",
                flush=True,
            )
        counts, seconds, memory = zip(*rows, strict=True)
        time_axes.loglog(counts, seconds, "o-", label=painter)
        memory_axes.loglog(counts, memory, "o-", label=painter)
    time_axes.set(xlabel="strokes", ylabel="s, forward and backward", title="time, one thread")
    memory_axes.set(xlabel="strokes", ylabel="MB above the interpreter", title="peak memory")
    time_axes.legend()
    figure.savefig(output, dpi=110)
    multiply, copy = speed_of_the_machine()
    print(f"\nthis machine, one thread: {multiply:.0f} GFLOP/s in matrix products, {copy:.1f} GB/s read and written")


def speed_of_the_machine() -> tuple[float, float]:
    """GFLOP/s of a product of matrices and GB/s of a copy that no cache holds, on one thread."""
    torch.set_num_threads(1)
    square, long = torch.rand(1024, 1024), torch.rand(2**26)
    into = torch.empty_like(long)
    multiply, copy = [], []
    for _ in range(5):
        start = time.perf_counter()
        torch.mm(square, square)
        multiply.append(time.perf_counter() - start)
        start = time.perf_counter()
        into.copy_(long)
        copy.append(time.perf_counter() - start)
    return 2 * 1024**3 / min(multiply) / 1e9, 2 * 4 * 2**26 / min(copy) / 1e9


if __name__ == "__main__":
    main()
