"""One class in the paper's variations (its Figures 10, 11 and 14 to 16), each with the engine's replay below it.

    python examples/variations.py "giant panda" -o variations

One canvas of 30 strokes; cells; cells of the paper's two painters; one network instead of two; and strokes where the
networks ask for them. Writes every painting, its replay, and a plate of all.
"""

from __future__ import annotations

import argparse

import torch

import diffpaint
from diffpaint.io.images import write_image
from diffpaint_lucent import class_index
from diffpaint_mypaint import Brush, read_brush
from shell import diffpaint_command, parser, plate, run

CELLS = "--grid 3x3 --strokes 8"
VARIATIONS = {  # options of diffpaint visualize
    "one-canvas": "--grid 1x1 --strokes 30",
    "cells": CELLS,
    "gan": f"{CELLS} --renderer neural-gan",
    "vae": f"{CELLS} --renderer neural-vae",
    "one-network": f"{CELLS} --models efficientnet-lite0",
    "grown": "",
}
THUMB = 256  # px, of a painting on the plate


def main(arguments: argparse.Namespace) -> None:
    Brush(read_brush("classic/dry_brush"))  # find out now whether the engine is there
    arguments.output.mkdir(parents=True, exist_ok=True)
    pairs = []
    for name, options in VARIATIONS.items():
        path = arguments.output / f"{name}.json"
        print(f"{name}: {options}", flush=True)
        command = ["visualize", arguments.name, "-o", path.with_suffix(".png"), "--overwrite", *options.split()]
        diffpaint_command(*command, "--size", arguments.size, "--steps", arguments.steps)
        real = arguments.output / f"{name}-replay.png"
        diffpaint_command("replay", path, "-o", real, "--overwrite")
        pair = [diffpaint.read_image(one, (THUMB, THUMB)) for one in (path.with_suffix(".png"), real)]
        pairs.append(torch.cat(pair))
    write_image(arguments.output / "plate.png", plate(torch.stack(pairs, 1)))


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("name", nargs="?", type=class_index, default="giant panda", help="a class of ImageNet")
    arguments.add_argument("--steps", type=int, default=200, help="of the optimiser")
    arguments.add_argument("--size", type=int, default=512, help="of a painting, px")
    run(main, arguments)
