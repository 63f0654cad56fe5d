"""One class in the paper's variations (its Figures 10, 11 and 14 to 16), each with the engine's replay below it.

    python examples/variations.py "giant panda" -o variations

One canvas of 30 strokes; cells; cells of the paper's two painters; one network instead of two; and strokes where the
networks ask for them. Writes every painting, its replay, and a plate of all.
"""

from __future__ import annotations

import argparse

import torch
from torch.nn.functional import pad

import diffpaint
from diffpaint.cli.main import cli
from diffpaint.io.images import write_image
from diffpaint_lucent import class_index
from shell import parser, run

CELLS = "--grid 3x3 --strokes 8"
VARIATIONS = {  # options of diffpaint visualize
    "one-canvas": "--grid 1x1 --strokes 30",
    "cells": CELLS,
    "gan": f"{CELLS} --renderer neural-gan",
    "vae": f"{CELLS} --renderer neural-vae",
    "one-network": f"{CELLS} --models efficientnet-lite0",
    "grown": "",
}
THUMB, GAP = 256, 8  # px, of a painting on the plate, and between two


def main(arguments: argparse.Namespace) -> None:
    arguments.output.mkdir(parents=True, exist_ok=True)
    pairs = []
    for name, options in VARIATIONS.items():
        path = arguments.output / f"{name}.json"
        command = ["visualize", str(arguments.name), "-o", str(path.with_suffix(".png")), *options.split()]
        command += ["--size", str(arguments.size), "--steps", str(arguments.steps), "--overwrite"]
        print(f"{name}: diffpaint {' '.join(command)}", flush=True)
        cli(command, "diffpaint", standalone_mode=False)
        real = arguments.output / f"{name}-replay.png"
        cli(["replay", str(path), "-o", str(real), "--overwrite"], "diffpaint", standalone_mode=False)
        pair = [diffpaint.read_image(one, (THUMB, THUMB)) for one in (path.with_suffix(".png"), real)]
        pairs.append(torch.cat(pair))
    framed = pad(torch.stack(pairs, 1), (0, GAP, 0, GAP), value=1)  # (2, variations, 3, THUMB, THUMB) with gaps
    write_image(arguments.output / "plate.png", framed.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)[None])


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("name", nargs="?", type=class_index, default="giant panda", help="a class of ImageNet")
    arguments.add_argument("--steps", type=int, default=200, help="of the optimiser")
    arguments.add_argument("--size", type=int, default=512, help="of a painting, px")
    run(main, arguments)
