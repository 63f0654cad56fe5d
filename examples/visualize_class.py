"""What two classifiers want to see of a class of ImageNet, in brushstrokes: the paper's section 5.

python examples/visualize_class.py "giant panda" -o panda.png
"""

from __future__ import annotations

import argparse

import diffpaint
from diffpaint_lucent import Activation, NaturalColors, class_index, load_model, probabilities
from shell import parser, run


def main(arguments: argparse.Namespace) -> None:
    grid = diffpaint.load_renderer("grid", rows=3, cols=3, size=(224, 224), overlap=0.5)
    networks = [load_model("efficientnet-lite0"), load_model("efficientnet-lite1")]
    goal = Activation(f"labels:{arguments.name}", networks, "logit", views=1, jitter=16, scale=0.3)
    painting = diffpaint.paint(grid, goal, strokes=8, steps=arguments.steps, constraints=[NaturalColors()])
    painting.save(arguments.output)
    chance = probabilities(load_model("efficientnet-lite2"), painting.canvas)[0, arguments.name]
    print(f"EfficientNet-Lite2, which it was not painted for, sees it with probability {chance:.2f}")


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("name", nargs="?", type=class_index, default="giant panda", help="a class of ImageNet")
    arguments.add_argument("--steps", type=int, default=200, help="of the optimiser")
    run(main, arguments)
