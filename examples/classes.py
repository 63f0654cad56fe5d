"""What two classifiers want to see of some classes, and whether a third one sees it too: a plate and a table.

    python examples/classes.py -o classes

Paints each class with two seeds by `diffpaint visualize`, and has EfficientNet-Lite2 judge, which no painting was made
for. Writes the paintings, a plate of them with a row for each seed, and a table. With --resume, paintings that are
there already are kept.
"""

from __future__ import annotations

import argparse

import torch
from torch.nn.functional import interpolate

import diffpaint
from diffpaint.io.bounds import check_whole
from diffpaint.io.images import write_image
from diffpaint_lucent import class_index, class_names, load_model, probabilities
from shell import diffpaint_command, parser, plate, run

CLASSES = (388, 309, 889, 327, 953, 277, 980, 817, 94, 849, 483)  # the paper's, and others that people know at once
JUDGE = "efficientnet-lite2"
THUMB = 256  # px, of a painting on the plate


def main(arguments: argparse.Namespace) -> None:
    check_whole("--seeds", arguments.seeds)
    arguments.output.mkdir(parents=True, exist_ok=True)
    judge, thumbs, table = load_model(JUDGE), [], []
    for seed in range(arguments.seeds):
        for number in arguments.classes:
            path = arguments.output / f"{number:03d}-{seed}.json"
            if not (arguments.resume and path.exists()):
                command = ["visualize", number, "-o", path.with_suffix(".png"), "--overwrite", "--seed", seed]
                diffpaint_command(*command, "--steps", arguments.steps, "--size", arguments.size)
            canvas = diffpaint.Painting.load(path).canvas
            chances = probabilities(judge, canvas)[0]
            rank = int((chances > chances[number]).sum()) + 1
            table.append((class_names()[number], seed, chances[number].item(), rank))
            thumbs.append(interpolate(canvas, (THUMB, THUMB), mode="bilinear", antialias=True)[0])
    lines = [f"| {name} | {seed} | {chance:.2f} | {rank} |" for name, seed, chance, rank in table]
    head = f"| class | seed | {JUDGE} | rank |\n|---|---|---|---|"
    first = sum(rank == 1 for *_, rank in table)
    text = "\n".join([head, *lines, f"\n{first} of {len(table)} are top-1"]) + "\n"
    (arguments.output / "table.md").write_text(text)
    print(text)
    write_image(arguments.output / "plate.png", plate(torch.stack(thumbs).unflatten(0, (arguments.seeds, -1))))


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("--classes", nargs="+", type=class_index, default=CLASSES, help="names or numbers")
    arguments.add_argument("--seeds", type=int, default=2, help="how many")
    arguments.add_argument("--steps", type=int, default=300, help="of the optimiser")
    arguments.add_argument("--size", type=int, default=768, help="of a painting, px")
    arguments.add_argument("--resume", action="store_true", help="keep the paintings that are there")
    run(main, arguments)
