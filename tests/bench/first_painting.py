"""How soon a painting is there: ``diffpaint paint`` as it is, and as it was before strokes were scattered and compiled.

    python tests/bench/first_painting.py examples/photos/*.png

The baseline is kept as code: a pyramid of 12 x 18 cells, 1,410 strokes after a draft, 200 steps of
``content + 100*pixel`` on 256 px, without compiled code. Prints for each photo the seconds of both, PSNR and content of
both, rendered with twice the pixels and looked at on 512, and the ratio of the seconds. These are of processor time on
one thread. Takes about three minutes a photo.
"""

from __future__ import annotations

import argparse
import time
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn.functional import interpolate

import diffpaint
from diffpaint.cli.paint import MATCHED, MATCHED_IN_CELLS, STROKES
from diffpaint_grid import Draft

BASELINE, DEFAULT, SHOWN = 256, 341, 512  # px, of the longest side: what is optimised, and what is looked at
LOOKS = 8  # draws of the random transforms of content, always the same ones


def baseline(path: str) -> tuple[float, Tensor]:
    """Seconds, and the canvas with twice the pixels, of how it was."""
    with patch("diffpaint.fast.installed", lambda: False):
        photo = diffpaint.read_image(path, BASELINE)
        layout = {"rows": 12, "cols": 18, "size": tuple(photo.shape[2:])}
        objective = diffpaint.load_objective(MATCHED_IN_CELLS, photo)
        began = time.process_time()
        pyramid = diffpaint.load_renderer("pyramid", **layout)
        actions = Draft()(pyramid, photo, 5)
        painting = diffpaint.paint(pyramid, objective, actions=actions, steps=200, device="cpu", progress=False)
        return time.process_time() - began, _enlarged("pyramid", painting, layout)


def default(path: str, strokes: int, steps: int) -> tuple[float, Tensor]:
    """Likewise, of how it is."""
    photo = diffpaint.read_image(path, DEFAULT)
    layout = {"size": tuple(photo.shape[2:])}
    objective = diffpaint.load_objective(MATCHED, photo)
    began = time.process_time()
    scatter = diffpaint.load_renderer("scatter", **layout, coarse=True)
    rounds = diffpaint.load_strategy("rounds", photo, strokes=strokes)
    options = {"strategy": rounds, "steps": steps, "background": photo.mean((0, 2, 3)).tolist()}
    painting = diffpaint.paint(scatter, objective, **options, device="cpu", progress=False)
    return time.process_time() - began, _enlarged("scatter", painting, layout)


@torch.no_grad()
def _enlarged(name: str, painting: diffpaint.Painting, layout: dict) -> Tensor:
    large = diffpaint.load_renderer(name, **layout, scale=2)
    ground = painting.background.mean((2, 3), keepdim=True).expand(-1, -1, *large.size)
    return large(painting.actions, ground.contiguous())


@torch.no_grad()
def figures(canvas: Tensor, photo: Tensor) -> tuple[float, float]:
    """PSNR, dB, and content."""
    canvas = interpolate(canvas, photo.shape[2:], mode="area")
    content = diffpaint.load_objective("content", photo)
    torch.manual_seed(1)
    psnr = -10 * (canvas - photo).square().mean().log10().item()
    return psnr, sum(content(canvas).item() for _ in range(LOOKS)) / LOOKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--strokes", type=int, default=STROKES)
    parser.add_argument("--steps", type=int, default=120)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    default(arguments.photos[0], 20, 2)  # what is imported and compiled once is no part of it
    for path in arguments.photos:
        photo, seconds = diffpaint.read_image(path, SHOWN), []
        works = {"baseline": lambda p=path: baseline(p)}
        works["default"] = lambda p=path: default(p, arguments.strokes, arguments.steps)
        for name, work in works.items():
            took, canvas = work()
            seconds.append(took)
            psnr, content = figures(canvas, photo)
            print(f"{path}, {name}: {took:.0f} s, {psnr:.2f} dB, content {content:.2f}", flush=True)
        print(f"{path}: {seconds[1] / seconds[0]:.2f} of the time", flush=True)


if __name__ == "__main__":
    main()
