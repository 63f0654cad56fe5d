"""What a classifier wants to see, as the picture of a pattern-producing network: the paper's baseline.

python examples/cppn.py --label 130 -o flamingo.png
"""

from __future__ import annotations

import argparse

import diffpaint
from diffpaint_lucent import Activation
from shell import parser, run


def main(arguments: argparse.Namespace) -> None:
    cppn = diffpaint.load_renderer("cppn", size=(224, 224))
    goal = Activation(f"labels:{arguments.label}", "efficientnet-lite0 efficientnet-lite1", views=1)
    painting = diffpaint.paint(cppn, goal, steps=arguments.steps)
    large = diffpaint.load_renderer("cppn", size=(896, 896))
    painting.rendered_by(large).save(arguments.output)


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("--label", type=int, default=130, help="ImageNet class, 0 to 999")
    arguments.add_argument("--steps", type=int, default=300, help="of the optimiser")
    run(main, arguments)
