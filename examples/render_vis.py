"""What a network wants to see, in brushstrokes: lucent's own render_vis, with a renderer as its parameterization.

    python examples/render_vis.py -o panda.png
    python examples/render_vis.py --label 130 --grid -o flamingo.png

Labels are ImageNet's: 388 giant panda, 130 flamingo, 985 daisy.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from lucent.optvis import render, transform

import diffpaint
from diffpaint.device import pick_device
from diffpaint.io.images import write_image
from diffpaint_lucent import load_model
from shell import parser, run


def main(arguments: argparse.Namespace) -> None:
    model = load_model("efficientnet-lite0")
    network = model.network.to(pick_device())
    if arguments.grid:
        renderer = diffpaint.load_renderer("grid", rows=5, cols=5, size=(224, 224))
    else:
        renderer = diffpaint.load_renderer("neural-splat", size=(224, 224))
    pictures = render.render_vis(
        network,
        f"labels:{arguments.label}",
        diffpaint.param_f(renderer, strokes=4 if arguments.grid else 40, batch=arguments.batch, seed=0),
        transforms=[*transform.standard_transforms, model.normalise],
        preprocess=False,  # lucent would normalise as torchvision's models want it
        fixed_image_size=224,
        optimizer=lambda logits: torch.optim.Adam(logits, lr=0.1),
        thresholds=(arguments.steps,),
        show_image=False,
    )
    side_by_side = np.concatenate(list(pictures[-1]), axis=1)
    write_image(arguments.output, torch.from_numpy(side_by_side).permute(2, 0, 1))


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png")
    arguments.add_argument("--label", type=int, default=388, help="ImageNet class, 0 to 999")
    arguments.add_argument("--grid", action="store_true", help="5 x 5 cells instead of one canvas")
    arguments.add_argument("--batch", type=int, default=1, help="how many pictures")
    arguments.add_argument("--steps", type=int, default=200, help="of the optimiser")
    run(main, arguments)
