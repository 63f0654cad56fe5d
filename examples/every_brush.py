"""One photo in every brush that weights ship for, the canvas and the real engine's replay side by side.

python examples/every_brush.py examples/photos/chelsea.png -o brushes.jpg
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import diffpaint
from diffpaint.io.images import to_pil, write_image
from diffpaint_mypaint import Brush, carried_brush, replay
from diffpaint_neural.weights import shipped_brushes
from shell import parser, run

ACROSS = 2  # brushes side by side
LABEL = 22  # px
STROKES = 300


def painted(photo, brush: str, renderer: str, steps: int) -> Image.Image:
    """Canvas and replay of a painting, and under them the name of the brush."""
    height, width = photo.shape[2:]
    scatter = diffpaint.load_renderer("scatter", renderer=renderer, brush=brush, size=(height, width), coarse=True)
    rounds = diffpaint.load_strategy("rounds", photo, strokes=STROKES)
    tone = photo.mean((0, 2, 3)).tolist()
    painting = diffpaint.paint(scatter, diffpaint.Pixel(photo), strategy=rounds, background=tone, steps=steps)
    assert scatter.brush is not None
    file = carried_brush(scatter.brush, scatter.brush_file)
    tile = Image.new("RGB", (2 * width, height + LABEL), "white")
    tile.paste(to_pil(painting.canvas), (0, 0))
    tile.paste(Image.fromarray(replay(painting.document(), Brush(file))), (width, 0))
    name = f"{brush}, dab by dab" if renderer == "neural-dabs" else brush
    name += "" if file.smudging else ", without smudge"
    ImageDraw.Draw(tile).text((4, height + 3), name, "black", ImageFont.load_default(13))
    return tile


def main(arguments: argparse.Namespace) -> None:
    photo = diffpaint.read_image(arguments.photo, arguments.size)
    asked = [(kind, brush) for kind in ("splat", "dabs") for brush in shipped_brushes(kind)]
    if arguments.brushes:
        asked = [(kind, brush) for kind, brush in asked if brush in arguments.brushes]
    tiles = [painted(photo, brush, f"neural-{kind}", arguments.steps) for kind, brush in asked]
    rows = -(-len(tiles) // ACROSS)
    width, height = tiles[0].size
    page = Image.new("RGB", (ACROSS * width, rows * height), "white")
    for number, tile in enumerate(tiles):
        page.paste(tile, (number % ACROSS * width, number // ACROSS * height))
    write_image(arguments.output, np.asarray(page))


if __name__ == "__main__":
    arguments = parser(__doc__, "a .jpg or .png")
    arguments.add_argument("photo", help="to paint")
    arguments.add_argument("--size", type=int, default=224, help="of its longest side, px")
    arguments.add_argument("--steps", type=int, default=100, help="of the optimiser, for each brush")
    arguments.add_argument("--brushes", nargs="*", help="some of them only")
    run(main, arguments)
