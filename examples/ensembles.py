"""Do paintings for two networks convince a third better than paintings for one? The paper's claim about ensembles.

    python examples/ensembles.py -o ensembles

Paints ten classes with two seeds for EfficientNet-Lite0 alone, and for Lite0 and Lite1 together, and has Lite2 judge,
which none was made for. Writes the paintings, a plate of them, and a table. With --resume, paintings that are there
already are kept.
"""

from __future__ import annotations

import argparse

import torch
from torch.nn.functional import interpolate

import diffpaint
from diffpaint.io.images import write_image
from diffpaint_lucent import Activation, NaturalColors, class_index, class_names, load_model, probabilities
from shell import parser, run

CLASSES = (1, 130, 323, 340, 388, 779, 951, 953, 980, 985)
ENSEMBLES = ("efficientnet-lite0", "efficientnet-lite0 efficientnet-lite1")
JUDGE = "efficientnet-lite2"
THUMB = 128  # px, of a painting on the plate


def main(arguments: argparse.Namespace) -> None:
    arguments.output.mkdir(parents=True, exist_ok=True)

    judge = load_model(JUDGE)
    rows, plate = [], []
    for ensemble in ENSEMBLES:
        chances = []
        for number in arguments.classes:
            for seed in range(arguments.seeds):
                path = arguments.output / f"{number:03d}-{len(ensemble.split())}-{seed}.json"
                painting = (
                    diffpaint.Painting.load(path)
                    if arguments.resume and path.exists()
                    else visualize(number, ensemble, seed, arguments.steps)
                )
                painting.save(path)
                painting.save(path.with_suffix(".png"))
                found = probabilities(judge, painting.canvas)[0]
                rank = int((found > found[number]).sum())
                chances.append((found[number].item(), rank))
                plate.append(painting.canvas)
                print(f"{path.stem} {class_names()[number]}: {found[number]:.3f}, rank {rank + 1}", flush=True)
        top1, top5 = (sum(rank < first for _, rank in chances) / len(chances) for first in (1, 5))
        mean = sum(chance for chance, _ in chances) / len(chances)
        rows.append(f"| {ensemble.replace(' ', ' + ')} | {top1:.0%} | {top5:.0%} | {mean:.2f} |")
    head = f"| painted for | {JUDGE} top-1 | top-5 | mean probability |\n|---|---|---|---|\n"
    table = head + "\n".join(rows) + "\n"
    (arguments.output / "table.md").write_text(table)
    print(table)
    thumbs = interpolate(torch.cat(plate), (THUMB, THUMB), mode="bilinear", antialias=True)
    grid = thumbs.unflatten(0, (len(ENSEMBLES), len(arguments.classes), arguments.seeds))
    grid = grid.permute(3, 0, 2, 4, 1, 5)  # (3, ensembles, seeds, h, classes, w)
    write_image(arguments.output / "plate.png", grid.flatten(4).flatten(1, 3))


def visualize(number: int, ensemble: str, seed: int, steps: int) -> diffpaint.Painting:
    grid = diffpaint.load_renderer("grid", rows=3, cols=3, size=(224, 224), overlap=0.5)
    objective = Activation(f"labels:{number}", ensemble, "logit", views=1, jitter=16, scale=0.3, rotate=20)
    natural = [NaturalColors()]
    return diffpaint.paint(grid, objective, strokes=8, steps=steps, seed=seed, constraints=natural, progress=False)


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("--classes", nargs="+", type=class_index, default=CLASSES, help="names or numbers")
    arguments.add_argument("--seeds", type=int, default=2, help="how many")
    arguments.add_argument("--steps", type=int, default=120, help="of the optimiser")
    arguments.add_argument("--resume", action="store_true", help="keep the paintings that are there")
    run(main, arguments)
