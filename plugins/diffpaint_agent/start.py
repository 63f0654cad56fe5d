"""``diffpaint paint --init agent:NAME``: an agent's painting as the start of an optimisation."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from diffpaint import STROKE_ACTION, Renderer, Start

from .weights import load_agent

RADIUS = STROKE_ACTION.index("size")
LEFT, TOP = STROKE_ACTION.index("start_x"), STROKE_ACTION.index("start_y")


class AgentStart(Start):
    """What an agent paints in every cell of a renderer, each cell by what the target shows there.

    Where the cells lie is read from the strokes that the renderer draws for actions of 0 and of 1, so any renderer of
    a STROKE_ACTION will do. Beyond the edge, the target's last pixels go on.

    Args:
        name: Of an agent that ships, or the path of weights.

    Raises:
        ValueError: No such agent, or one that paints no brushstrokes.
    """

    def __init__(self, name: str):
        self.name, self.trained = name, load_agent(name)
        self.painter = self.trained.painter(self.trained.size)
        self.strokes = self.trained.agent.options["strokes"]
        radius = self.painter.radius
        if self.painter.action_names != STROKE_ACTION or radius is None:
            raise ValueError(
                f"agent {name} paints with {self.trained.header['painter']}, whose strokes are no MyPaint brush's"
            )
        self.radius = radius

    def __call__(self, renderer: Renderer, target: Tensor, strokes: int) -> Tensor:
        """See :class:`diffpaint.Start`.

        Raises:
            ValueError: Another number of strokes, or a renderer of other actions.
        """
        if renderer.action_names != STROKE_ACTION:
            raise ValueError(
                f"agent {self.name} paints brushstrokes, and {type(renderer).__name__} takes other actions"
            )
        if strokes != self.strokes:
            raise ValueError(f"agent {self.name} paints {self.strokes} strokes in each cell, not {strokes}")
        total = renderer.initial(1, strokes).shape[1]
        before = renderer.previous(total)
        ends = (torch.full((total, len(STROKE_ACTION)), value, device=renderer.device) for value in (0.0, 1.0))
        least, most = (renderer.strokes(end)[1].cpu() for end in ends)
        if not (least[:, RADIUS] > 0).all() or not most.isfinite().all():
            raise ValueError(f"{type(renderer).__name__} does not say how large its strokes are")
        firsts = [index for index, previous in enumerate(before) if previous < 0]
        crops = torch.cat([_crop(target, least[index], most[index], self.trained.size) for index in firsts])
        painted = self.trained.act(crops, self.painter)
        turns: list[tuple[int, int]] = []  # (cell, stroke of the agent) of every stroke
        for index, previous in enumerate(before):
            turns.append((firsts.index(index), 0) if previous < 0 else (turns[previous][0], turns[previous][1] + 1))
        cell, turn = torch.tensor(turns).T
        actions = painted[cell, turn]
        side = (most - least)[:, LEFT]  # px of the canvas that the agent takes for 64
        low, high = self.radius
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
