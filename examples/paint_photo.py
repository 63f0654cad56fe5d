"""Paint a photo by content loss alone, and draw the painting again with the real MyPaint engine if it is installed.

python examples/paint_photo.py examples/photos/coffee.png -o coffee.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import diffpaint
from diffpaint_mypaint import Brush, EngineMissing, read_brush, replay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo")
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("-o", "--output", type=Path, required=True, help="a .png")
    arguments = parser.parse_args()

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
        diffpaint.write_image(arguments.output.with_stem(f"{arguments.output.stem}-replay"), real)


if __name__ == "__main__":
    main()
