"""The squared error of runs of training against steps; needs matplotlib.

python examples/plot_losses.py run/ other-run/ -o losses.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot

from shell import parser, run

SMOOTH = 100  # steps that a point of the curve is the mean of


def main(arguments: argparse.Namespace) -> None:
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for folder in arguments.runs:
        table = np.genfromtxt(folder / "losses.csv", delimiter=",", names=True)
        count = min(SMOOTH, max(1, table.size // 2))
        error = np.atleast_1d(table["mse"])[: table.size // count * count].reshape(-1, count).mean(1)
        axes.semilogy((np.arange(len(error)) + 0.5) * count, error, label=folder.name)
    axes.set_xlabel("step")
    axes.set_ylabel("squared error")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.savefig(arguments.output, dpi=100)


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("runs", nargs="+", type=Path, help="folders that 'diffpaint train' or 'agent train' wrote")
    run(main, arguments)
