"""Paint a photo by content loss alone, and draw the painting again with the real MyPaint engine if it is installed.

python examples/paint_photo.py examples/photos/coffee.png -o coffee.png
"""

from __future__ import annotations

import argparse

import diffpaint
from diffpaint.cli.outputs import check_free
from diffpaint.io.images import write_image
from diffpaint_mypaint import Brush, EngineMissing, read_brush, replay
from shell import parser, run


def main(arguments: argparse.Namespace) -> None:
    second = arguments.output.with_stem(f"{arguments.output.stem}-replay")
    check_free(second, overwrite=arguments.overwrite)
    photo = diffpaint.read_image(arguments.photo, 256)
    size = tuple(photo.shape[2:])
    grid = diffpaint.load_renderer("grid", rows=12, cols=18, size=size, overlap=0.25)
    content = diffpaint.load_objective("content", target=photo)
    painting = diffpaint.paint(grid, content, strokes=6, steps=arguments.steps)

    large = diffpaint.load_renderer("grid", rows=12, cols=18, size=size, overlap=0.25, scale=4)
    painting.rendered_by(large).save(arguments.output)
    try:
        real = replay(painting.document(), Brush(read_brush("classic/dry_brush")), size=1024)
    except EngineMissing as error:
        print(f"no replay: {error}")
    else:
        write_image(second, real)


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("photo", help="to paint")
    arguments.add_argument("--steps", type=int, default=250, help="of the optimiser")
    run(main, arguments)
