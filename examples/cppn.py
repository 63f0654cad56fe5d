"""What a classifier wants to see, as the picture of a pattern-producing network: the paper's baseline.

python examples/cppn.py --label 130 -o flamingo.png
"""

from __future__ import annotations

import argparse

import diffpaint
from diffpaint_lucent import Activation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label", type=int, default=130, help="ImageNet class, 0 to 999")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("-o", "--output", required=True, help="a .png")
    arguments = parser.parse_args()

    cppn = diffpaint.load_renderer("cppn", size=(224, 224))
    goal = Activation(f"labels:{arguments.label}", "efficientnet-lite0 efficientnet-lite1", views=1)
    painting = diffpaint.paint(cppn, goal, steps=arguments.steps)
    large = diffpaint.load_renderer("cppn", size=(896, 896))
    painting.rendered_by(large).save(arguments.output)


if __name__ == "__main__":
    main()
