"""What two classifiers want to see of a class of ImageNet, in brushstrokes: the paper's section 5.

python examples/visualize_class.py "giant panda" -o panda.png
"""

from __future__ import annotations

import argparse

import diffpaint
from diffpaint_lucent import Activation, NaturalColors, Sparing, class_index, load_model, probabilities
from shell import parser, run

PAPER = (0.85, 0.82, 0.76)  # what is painted on


def main(arguments: argparse.Namespace) -> None:
    scatter = diffpaint.load_renderer("scatter", size=(384, 384), coarse=True)
    growth = diffpaint.load_strategy("growth", strokes=arguments.strokes)  # strokes where the networks ask for them
    networks = [load_model("efficientnet-lite0"), load_model("efficientnet-lite1")]
    views = {"views": 2, "jitter": 12, "rotate": 8, "least": 0.4, "noise": 0.4}  # small too, and through noise at first
    goal = Activation(f"labels:{arguments.name}", networks, "logit", **views)
    painting = diffpaint.paint(
        scatter,
        goal + 20 * Sparing(edge=12),  # paint has its price, most of all at the edges
        strokes=growth.first,
        strategy=growth,
        steps=arguments.steps,
        background=PAPER,
        constraints=[NaturalColors()],
    )
    painting.save(arguments.output)
    chance = probabilities(load_model("efficientnet-lite2"), painting.canvas)[0, arguments.name]
    print(f"EfficientNet-Lite2, which it was not painted for, sees it with probability {chance:.2f}")


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("name", nargs="?", type=class_index, default="giant panda", help="a class of ImageNet")
    arguments.add_argument("--strokes", type=int, default=160, help="of the painting")
    arguments.add_argument("--steps", type=int, default=300, help="of the optimiser")
    run(main, arguments)
