"""The figures of docs/performance.md: a table of time and memory against size and painter, and a plot of it.

    python tests/bench/performance.py -o docs/pictures/performance.png
    python tests/bench/performance.py -o gpu.png --device cuda

Needs Linux, and takes about ten minutes on one core. On a GPU: neural-splat and neural-gan, in float32 and in mixed
precision, up to the size that fills it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from measure import measure

CELLS = {256: 8, 512: 16, 1024: 32, 2048: 64, 4096: 128, 8192: 256}  # of 64 px, half overlapping, each way
LARGEST = {"neural-splat": 4096, "neural-dabs": 2048, "neural-vae": 1024, "neural-gan": 1024, "reference": 512}
ON_GPU = ("neural-splat", "neural-gan")
STROKES = 4  # in each cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the plot, a .png")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()
    if arguments.output.exists():
        parser.error(f"{arguments.output} exists already; name another output")
    works: list[tuple[str, int, dict[str, Any]]]
    if arguments.device == "cpu":
        works = [(painter, largest, {}) for painter, largest in LARGEST.items()]
    else:
        works = [
            (f"{painter}, {kind}", max(CELLS), {"device": arguments.device, "bfloat16": kind == "bfloat16"})
            for painter in ON_GPU
            for kind in ("float32", "bfloat16")
        ]
    figure, (time_axes, memory_axes) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    print(
        "| painter | canvas, px | strokes | s a step | strokes a second | peak memory, MB |\n|---|---|---|---|---|---|"
    )
    for name, largest, options in works:
        rows = []
        for size, cells in CELLS.items():
            if size > largest:
                continue
            work = {"painter": name.partition(",")[0], "rows": cells, "cols": cells, "strokes": STROKES, **options}
            try:
                found = measure(**work, overlap=0.5, passes=3 if size <= 1024 or options else 1)
            except MemoryError:
                print(f"| {name} | {size} | | | | does not fit |", flush=True)
                break
            strokes, seconds, mb = found["strokes"], found["seconds"], found["mb"]
            rows.append((strokes, seconds, mb))
            print(
                f"| {name} | {size} | {strokes:,} | {seconds:.2f} | {strokes / seconds:,.0f} | {mb:,.0f} |", flush=True
            )
        counts, seconds, memory = zip(*rows, strict=True)
        time_axes.loglog(counts, seconds, "o-", label=name)
        memory_axes.loglog(counts, memory, "o-", label=name)
    where = "one thread" if arguments.device == "cpu" else arguments.device
    above = "the interpreter" if arguments.device == "cpu" else "what was there"
    time_axes.set(xlabel="strokes", ylabel="s, forward and backward", title=f"time, {where}")
    memory_axes.set(xlabel="strokes", ylabel=f"MB above {above}", title="peak memory")
    time_axes.legend()
    figure.savefig(arguments.output, dpi=110)
    if arguments.device == "cpu":
        multiply, copy = speed_of_the_machine()
        print(
            f"\nthis machine, one thread: {multiply:.0f} GFLOP/s in matrix products, {copy:.1f} GB/s read and written"
        )


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
