"""How soon a painting is there: ``diffpaint paint`` as it is, and as it was before strokes were scattered and compiled.

    python tests/bench/first_painting.py examples/photos/*.png

The baseline is kept as code: a pyramid of 12 x 18 cells, 1,410 strokes after a draft, 200 steps of
``content + 100*pixel`` on 256 px, without compiled code. Both are looked at through the baseline's own objective, on
256 px. Prints for each photo what the baseline reaches, in how many seconds, and in what part of them the default
reaches that; and both at their ends. Seconds are of processor time on one thread. Takes about three minutes a photo.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn.functional import interpolate

import diffpaint
from diffpaint.cli.paint import MATCHED, MATCHED_IN_CELLS, STROKES
from diffpaint_grid import Draft

EVERY = 5  # steps from one look to the next
LOOKS = 4  # draws of the objective's random transforms at each look, always the same ones
BASELINE, DEFAULT = 256, 341  # px, of the longest side of the canvas that is optimised


class Look(NamedTuple):
    """Seconds until then, the objective, and PSNR, dB."""

    seconds: float
    objective: float
    psnr: float


class Clock:
    """Looks at canvases as they are painted; what that takes does not count."""

    def __init__(self, photo: Tensor):
        self.photo, self.looks, self.paused = photo, [], 0.0
        self.objective = diffpaint.load_objective(MATCHED_IN_CELLS, photo)
        self.began = time.process_time()

    def look(self, step: int, canvas: Tensor, _: float = 0.0) -> None:
        """Note a canvas (1, 3, H, W), if it is time to."""
        if step % EVERY:
            return
        now = time.process_time()
        torch.manual_seed(1)
        canvas = interpolate(canvas, self.photo.shape[2:], mode="area")
        with torch.no_grad():
            objective = sum(self.objective(canvas).item() for _ in range(LOOKS)) / LOOKS
        psnr = -10 * (canvas - self.photo).square().mean().log10().item()
        self.looks.append(Look(now - self.began - self.paused, objective, psnr))
        self.paused += time.process_time() - now


def baseline(path: str) -> list[Look]:
    """As it was."""
    with patch("diffpaint.fast.installed", lambda: False):
        photo = diffpaint.read_image(path, BASELINE)
        objective = diffpaint.load_objective(MATCHED_IN_CELLS, photo)
        clock = Clock(photo)
        pyramid = diffpaint.load_renderer("pyramid", rows=12, cols=18, size=tuple(photo.shape[2:]))
        options = {"actions": Draft()(pyramid, photo, 5), "steps": 200}
        painting = diffpaint.paint(pyramid, objective, **options, callback=clock.look, device="cpu", progress=False)
        clock.look(0, painting.canvas)
        return clock.looks


def default(path: str, strokes: int, steps: int) -> list[Look]:
    """As it is."""
    small, photo = diffpaint.read_image(path, BASELINE), diffpaint.read_image(path, DEFAULT)
    objective = diffpaint.load_objective(MATCHED, photo)
    clock = Clock(small)
    scatter = diffpaint.load_renderer("scatter", size=tuple(photo.shape[2:]), coarse=True)
    rounds = diffpaint.load_strategy("rounds", photo, strokes=strokes)
    options = {"strategy": rounds, "steps": steps, "background": photo.mean((0, 2, 3)).tolist()}
    painting = diffpaint.paint(scatter, objective, **options, callback=clock.look, device="cpu", progress=False)
    clock.look(0, painting.canvas)
    return clock.looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--strokes", type=int, default=STROKES)
    parser.add_argument("--steps", type=int, default=150)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    default(arguments.photos[0], 20, 2)  # what is imported and compiled once is no part of it
    for photo in arguments.photos:
        before, after = baseline(photo), default(photo, arguments.strokes, arguments.steps)
        reached = next((look.seconds for look in after if look.objective <= before[-1].objective), None)
        ratio = "never" if reached is None else f"{reached:.0f} s, {reached / before[-1].seconds:.2f} of it"
        print(f"{photo}: baseline {_said(before[-1])}; so far in {ratio}; default {_said(after[-1])}", flush=True)


def _said(look: Look) -> str:
    return f"{look.objective:.2f} and {look.psnr:.2f} dB in {look.seconds:.0f} s"


if __name__ == "__main__":
    main()
