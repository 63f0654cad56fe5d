"""One photo in six media: what a medium makes of a picture by content loss alone (the paper's section 5).

python examples/intrinsic_style_transfer.py examples/photos/chelsea.png -o media/
"""

from __future__ import annotations

import argparse
from pathlib import Path

import diffpaint
from diffpaint_constraints import Greyscale, Limit, Palette
from shell import parser, run

EARTH = [(0.10, 0.08, 0.07), (0.45, 0.20, 0.13), (0.80, 0.55, 0.25), (0.95, 0.90, 0.80), (0.25, 0.35, 0.40)]
MEDIA = {
    "colour": ("classic/dry_brush", []),
    "greyscale": ("classic/dry_brush", [Greyscale()]),
    "palette": ("classic/dry_brush", [Palette(EARTH)]),
    "thin": ("classic/dry_brush", [Limit("size", 0, 0.2)]),
    "charcoal": ("classic/charcoal", [Greyscale()]),
}


def main(arguments: argparse.Namespace) -> None:
    arguments.output.mkdir(parents=True, exist_ok=True)

    photo = diffpaint.read_image(arguments.photo, 224)
    size = tuple(photo.shape[2:])
    content = diffpaint.load_objective("content", target=photo) + 30 * diffpaint.Pixel(photo)
    for name, (brush, constraints) in MEDIA.items():
        options = {"rows": 10, "cols": 14, "size": size, "brush": brush}
        grid, large = (diffpaint.load_renderer("grid", **options, scale=scale) for scale in (1, 3))
        painting = diffpaint.paint(grid, content, strokes=6, steps=arguments.steps, constraints=constraints)
        save(painting.rendered_by(large), arguments.output / name)
    cppn, large = (diffpaint.load_renderer("cppn", size=(scale * size[0], scale * size[1])) for scale in (1, 3))
    painting = diffpaint.paint(cppn, content, steps=4 * arguments.steps)
    save(painting.rendered_by(large), arguments.output / "cppn")


def save(painting: diffpaint.Painting, path: Path) -> None:
    painting.save(path.with_suffix(".png"))
    painting.save(path.with_suffix(".json"))


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("photo", help="to paint")
    arguments.add_argument("--steps", type=int, default=250, help="of the optimiser")
    run(main, arguments)
