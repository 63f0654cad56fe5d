"""Digits as agents paint them, stroke by stroke: taught an order by a human hand, and not (the paper's section 4).

python examples/human_strokes.py examples/digits/*.png -o order.gif
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from diffpaint.io.film import write_film
from diffpaint_agent import load_agent
from diffpaint_agent.pictures import read_square
from shell import parser, run

SIDE = 96  # px of each canvas
HELD = 3  # frames more that the finished digits are shown for


def main(arguments: argparse.Namespace) -> None:
    rows: list[list[torch.Tensor]] = []
    shown = torch.cat([read_square(path, SIDE) for path in arguments.pictures])
    for name in arguments.agents:
        trained = load_agent(name)
        pictures = torch.cat([read_square(path, trained.size) for path in arguments.pictures])
        painter = trained.painter(SIDE)
        rows.append(list(painter.frames(trained.act(pictures, painter))))
    strokes = max(len(frames) for frames in rows)
    films = [frames + frames[-1:] * (strokes - len(frames)) for frames in rows]
    pages = [torch.cat([torch.cat(list(part), 2) for part in (shown, *parts)], 1) for parts in zip(*films, strict=True)]
    write_film(arguments.output, pages + HELD * pages[-1:], arguments.seconds)


if __name__ == "__main__":
    arguments = parser(__doc__, "a .gif")
    arguments.add_argument("pictures", nargs="+", type=Path, help="of digits, black on white")
    arguments.add_argument(
        "--agents", nargs="+", default=["mnist-taught", "mnist-connected"], help="whose paintings are shown"
    )
    arguments.add_argument("--seconds", type=float, default=6.0, help="of the film")
    run(main, arguments)
