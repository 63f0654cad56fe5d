"""How many steps an agent saves: optimisations by pixels that start from its paintings, and from chance.

python examples/agent_start.py face1.jpg face2.jpg -o start.png --agent faces
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

import diffpaint
from diffpaint.io.images import write_image
from diffpaint_agent import load_agent
from diffpaint_agent.pictures import read_square
from shell import parser, run

RATES = (0.02, 0.05, 0.1)  # Adam's
SHOWN = 96  # px, side of a picture


def optimise(
    painter: diffpaint.Renderer,
    pictures: Tensor,
    start: Tensor,
    steps: int,
    lr: float,
    constraints: list[diffpaint.Constraint],
) -> tuple[list[float], Tensor]:
    """Squared error before each step, and the canvases at the end."""
    errors: list[float] = []
    painting = diffpaint.paint(
        painter,
        diffpaint.Pixel(pictures),
        actions=start,
        steps=steps,
        lr=lr,
        constraints=constraints,
        callback=lambda step, canvas, loss: errors.append(loss),
    )
    return errors, painting.canvas


def main(arguments: argparse.Namespace) -> None:
    if arguments.steps < 1:
        raise ValueError(f"--steps must be at least 1, got {arguments.steps}")

    trained = load_agent(arguments.agent)
    painter = trained.painter(trained.size)
    pictures = torch.cat([read_square(path, trained.size) for path in arguments.pictures])
    painted = trained.act(pictures, painter)
    chance = painter.initial(len(pictures), painted.shape[1], torch.Generator().manual_seed(0))
    rows = [pictures, painter(painted)]
    found = []
    for start in (painted, chance):  # each at the rate of which it makes most
        tries = [optimise(painter, pictures, start, arguments.steps, lr, trained.constraints) for lr in RATES]
        found.append(min(tries, key=lambda tried: tried[0][-1]))
    (agents, best), (random, other) = found

    print(f"{'step':>6} {'from the agent':>16} {'from chance':>12}")
    for step in sorted({0, 10, 30, 100, 200, arguments.steps - 1}):
        if step < arguments.steps:
            print(f"{step:>6} {agents[step]:>16.4f} {random[step]:>12.4f}")
    reached = next((step for step, error in enumerate(random) if error <= agents[0]), None)
    print(f"chance is where the agent begins {'after ' + str(reached) + ' steps' if reached is not None else 'never'}")
    rows += [best, other]
    page = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    factor = max(1, round(SHOWN / trained.size))
    write_image(arguments.output, page.repeat_interleave(factor, 1).repeat_interleave(factor, 2))


if __name__ == "__main__":
    arguments = parser(__doc__, "a .png: pictures, the agent's, and both optimised")
    arguments.add_argument("pictures", nargs="+", type=Path, help="of digits, black on white")
    arguments.add_argument("--agent", default="mnist", help="one that ships, or its weights")
    arguments.add_argument("--steps", type=int, default=300, help="of the optimiser")
    run(main, arguments)
