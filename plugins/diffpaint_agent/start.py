"""``diffpaint paint --init agent:NAME``: an agent's painting as the start of an optimisation."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from diffpaint import STROKE_ACTION, Renderer

from .weights import load_agent

RADIUS = STROKE_ACTION.index("size")
LEFT, TOP = STROKE_ACTION.index("start_x"), STROKE_ACTION.index("start_y")


def start(name: str, renderer: Renderer, target: Tensor, strokes: int) -> Tensor:
    """What an agent paints in every cell of a renderer, each cell by what the target shows there.

    Where the cells lie is read from the strokes that the renderer draws for actions of 0 and of 1, so any renderer of
    a STROKE_ACTION will do. Beyond the edge, the target's last pixels go on.

    Args:
        name: Of an agent that ships, or the path of weights.
        renderer: What will paint; its strokes have the columns of a MyPaint brush.
        target: (1, 3, H, W) in [0, 1], of the renderer's canvas.
        strokes: In each cell.

    Returns:
        (1, T, 12) in [0, 1].

    Raises:
        ValueError: No such agent, another number of strokes, or a renderer or an agent of other actions.
    """
    trained = load_agent(name)
    count = trained.agent.options["strokes"]
    if renderer.action_names != STROKE_ACTION:
        raise ValueError(f"agent {name} paints brushstrokes, and {type(renderer).__name__} takes other actions")
    painter = trained.painter(trained.size)
    if painter.action_names != STROKE_ACTION or painter.radius is None:
        raise ValueError(f"agent {name} paints with {trained.header['painter']}, whose strokes are no MyPaint brush's")
    if strokes != count:
        raise ValueError(f"agent {name} paints {count} strokes in each cell, not {strokes}: --strokes {count}")
    total = renderer.initial(1, strokes).shape[1]
    before = renderer.previous(total)
    ends = (torch.full((total, len(STROKE_ACTION)), value, device=renderer.device) for value in (0.0, 1.0))
    least, most = (renderer.strokes(end)[1].cpu() for end in ends)
    if not (least[:, RADIUS] > 0).all() or not most.isfinite().all():
        raise ValueError(f"{type(renderer).__name__} does not say how large its strokes are")
    firsts = [index for index, previous in enumerate(before) if previous < 0]
    crops = torch.cat([_crop(target, least[index], most[index], trained.size) for index in firsts])
    painted = trained.act(crops, painter)
    turns: list[tuple[int, int]] = []  # (cell, stroke of the agent) of every stroke
    for index, previous in enumerate(before):
        turns.append((firsts.index(index), 0) if previous < 0 else (turns[previous][0], turns[previous][1] + 1))
    cell, turn = torch.tensor(turns).T
    actions = painted[cell, turn]
    side = (most - least)[:, LEFT]  # px of the canvas that the agent takes for 64
    low, high = painter.radius
    radius = low * (high / low) ** actions[:, RADIUS] * side / 64
    span = (most[:, RADIUS] / least[:, RADIUS]).log().clamp_min(1e-6)
    actions[:, RADIUS] = ((radius / least[:, RADIUS]).log() / span).clamp(0, 1)
    return actions[None]


def _crop(target: Tensor, least: Tensor, most: Tensor, size: int) -> Tensor:
    """What a target shows where positions from 0 to 1 lie, (1, 3, size, size)."""
    height, width = target.shape[2:]
    left, top, right, bottom = (round(float(x)) for x in (least[LEFT], least[TOP], most[LEFT], most[TOP]))
    beyond = max(0, -left, -top, right - width, bottom - height)
    wide = pad(target, (beyond,) * 4, mode="replicate")
    cut = wide[:, :, top + beyond : bottom + beyond, left + beyond : right + beyond]
    return interpolate(cut, (size, size), mode="bilinear", antialias=True).clamp(0, 1)
