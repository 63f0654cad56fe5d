"""A photo in grey strokes, each of which starts where the last one in its cell ended.

python examples/greyscale.py examples/photos/chelsea.png -o grey.png
"""

from __future__ import annotations

import argparse

import diffpaint
from diffpaint_constraints import Connected, Greyscale
from shell import parser, run


def main(arguments: argparse.Namespace) -> None:
    photo = diffpaint.read_image(arguments.photo, 256)
    grey = photo.mean(1, keepdim=True).expand_as(photo)
    grid = diffpaint.load_renderer("grid", rows=10, cols=15, size=tuple(photo.shape[2:]))
    goal = diffpaint.load_objective("content", target=grey) + 100 * diffpaint.Pixel(grey)
    medium = [Greyscale(), Connected()]
    painting = diffpaint.paint(grid, goal, strokes=8, steps=arguments.steps, constraints=medium)
    painting.save(arguments.output)


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("photo", help="to paint")
    arguments.add_argument("--steps", type=int, default=250, help="of the optimiser")
    run(main, arguments)
