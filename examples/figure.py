"""A figure of the paper by its number, as docs/reproduce.md lists them.

    python examples/figure.py 7 -o figure-7

Runs the commands and the examples that make it, says which, and writes all into a folder.
"""

from __future__ import annotations

import argparse
import runpy
import shlex
import sys
from pathlib import Path

from shell import diffpaint_command, parser, run

HERE = Path(__file__).parent
COLOURS = "intrinsic_style_transfer.py {here}/photos/chelsea.png -o {out}/media"
GREY = "greyscale.py {here}/photos/chelsea.png -o {out}/grey.png"
VARIATIONS = 'variations.py "giant panda" -o {out}/variations'
DISCRETE = "discrete_actions.py {mnist} -o {out}/discrete"
DIGITS = " ".join(f"{{here}}/digits/{digit}.png" for digit in range(10))
FIGURES = {
    "3": ["diffpaint evaluate neural-vae --sheet {out}/vae.png"],
    "5": ["diffpaint evaluate neural-gan --sheet {out}/gan.png"],
    "7": [
        "diffpaint agent evaluate mnist --data {mnist} --sheet {out}/mnist.png",
        "diffpaint agent evaluate kmnist --data {kmnist} --sheet {out}/kmnist.png",
        "diffpaint agent evaluate faces --data {faces} --sheet {out}/faces.png",
    ],
    "8": [DISCRETE],
    "9": [DISCRETE],
    "section-4": [f"human_strokes.py {DIGITS} -o {{out}}/order.gif"],
    "10": [VARIATIONS],
    "11": ["classes.py -o {out}/classes"],
    "12": ["paint_photo.py {here}/photos/coffee.png -o {out}/coffee.png"],
    "13": [COLOURS, GREY],
    "14": [VARIATIONS],
    "15": [VARIATIONS],
    "16": [VARIATIONS],
}


def main(arguments: argparse.Namespace) -> None:
    arguments.output.mkdir(parents=True, exist_ok=True)
    names = {"here": HERE, "out": arguments.output} | vars(arguments)
    for command in FIGURES[arguments.figure]:
        name, *words = (word.format(**names) for word in shlex.split(command))
        print(shlex.join([name, *words]), flush=True)
        if name == "diffpaint":
            diffpaint_command(*words, "--overwrite")
        else:
            sys.argv = [name, *words, "--overwrite"]
            runpy.run_path(str(HERE / name), run_name="__main__")


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("figure", choices=FIGURES, help="its number; section-4 is the order of strokes")
    arguments.add_argument("--mnist", default="mnist", help="digits: mnist, or a folder")
    arguments.add_argument("--kmnist", default="kmnist", help="characters: kmnist, or a folder")
    arguments.add_argument("--faces", default="celeba", help="faces: celeba, or a folder or .zip")
    run(main, arguments)
