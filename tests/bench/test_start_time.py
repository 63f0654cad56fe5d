"""How long the command line takes to start, beside click, which it is made of."""

import statistics
import subprocess
import sys
import time

import pytest

RUNS = 9


def seconds(*program):
    """Median of several runs, in turn with nothing else."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *program], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


@pytest.mark.bench
def test_help_and_version_take_at_most_three_times_as_long_as_click():
    click = seconds("-c", "import click")
    for option in ("--help", "--version"):
        ratio = seconds("-m", "diffpaint", option) / click
        print(f"diffpaint {option}: {ratio:.2f} times import click")
        assert ratio <= 3


@pytest.mark.bench
def test_importing_diffpaint_costs_little_over_torch():
    torch, both = seconds("-c", "import torch"), seconds("-c", "import torch, diffpaint")
    names = seconds("-c", "import torch, diffpaint; [getattr(diffpaint, name) for name in diffpaint.__all__]")
    print(f"over torch: {both - torch:.3f} s, and with every public name {names - torch:.3f} s")
    assert both <= 1.05 * torch
