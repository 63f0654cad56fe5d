"""One photo in six media: what a medium makes of a picture by content loss alone (the paper's section 5).

python examples/intrinsic_style_transfer.py examples/photos/chelsea.png -o media/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

import diffpaint
from diffpaint.io.images import write_image
from diffpaint_constraints import Greyscale, Limit, Palette
from shell import parser, plate, run

EARTH = [(0.10, 0.08, 0.07), (0.45, 0.20, 0.13), (0.80, 0.55, 0.25), (0.95, 0.90, 0.80), (0.25, 0.35, 0.40)]
MEDIA = {
    "colour": ("classic/dry_brush", []),
    "greyscale": ("classic/dry_brush", [Greyscale()]),
    "palette": ("classic/dry_brush", [Palette(EARTH)]),
    "thin": ("classic/dry_brush", [Limit("size", 0, 0.2)]),
    "charcoal": ("classic/charcoal", [Greyscale()]),
}
CANVAS, SCALE = 341, 3  # px of the longer side, and how many times larger paintings are rendered
THUMB = 448  # px, of a painting on the plate


def main(arguments: argparse.Namespace) -> None:
    arguments.output.mkdir(parents=True, exist_ok=True)
    photo = diffpaint.read_image(arguments.photo, CANVAS)
    size = tuple(photo.shape[2:])
    content = diffpaint.load_objective("content", target=photo, begin=0.2) + 3000 * diffpaint.Pixel(photo)
    paper = (photo.mean().item(),) * 3
    for name, (brush, constraints) in MEDIA.items():
        print(name, flush=True)
        small = diffpaint.load_renderer("scatter", size=size, brush=brush, coarse=True)
        large = diffpaint.load_renderer("scatter", size=size, brush=brush, scale=SCALE)
        rounds = diffpaint.load_strategy(f"rounds(strokes={arguments.strokes})", photo)
        options = {"strategy": rounds, "background": paper, "constraints": constraints}
        painting = diffpaint.paint(small, content, steps=arguments.steps, **options)
        save(painting.rendered_by(large), arguments.output / name)
    print("cppn", flush=True)
    cppn, large = (diffpaint.load_renderer("cppn", size=(scale * size[0], scale * size[1])) for scale in (1, SCALE))
    painting = diffpaint.paint(cppn, content, steps=6 * arguments.steps)
    save(painting.rendered_by(large), arguments.output / "cppn")
    thumb = (round(THUMB * size[0] / max(size)), round(THUMB * size[1] / max(size)))
    paths = [(arguments.output / name).with_suffix(".png") for name in (*MEDIA, "cppn")]
    shown = torch.cat([diffpaint.read_image(path, thumb) for path in paths])
    write_image(arguments.output / "plate.png", plate(shown.unflatten(0, (2, 3))))


def save(painting: diffpaint.Painting, path: Path) -> None:
    painting.save(path.with_suffix(".png"))
    painting.save(path.with_suffix(".json"))


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("photo", help="to paint")
    arguments.add_argument("--steps", type=int, default=120, help="of the optimiser")
    arguments.add_argument("--strokes", type=int, default=1000, help="in all")
    run(main, arguments)
