"""``diffpaint paint --init "agent(name=NAME)"``: an agent's painting as the start of an optimisation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from diffpaint import Constraint, Initializer, Renderer
from diffpaint.renderer import STROKE_ACTION

from .weights import load_agent

RADIUS = STROKE_ACTION.index("size")
LEFT, TOP = STROKE_ACTION.index("start_x"), STROKE_ACTION.index("start_y")


class AgentInitializer(Initializer):
    """What an agent paints in every cell of a renderer, each cell by what the target shows there.

    Where the cells lie is read from the strokes that the renderer draws for actions of 0 and of 1, so any renderer of
    a STROKE_ACTION will do. Beyond the edge, the target's last pixels go on.

    Args:
        name: Of an agent that ships, or the path of weights.
        revise: How often its strokes are corrected, once all are there. Never is the default here: a cell may show
            anything, and an optimisation corrects them too.

    Raises:
        ValueError: No such agent, one that paints no brushstrokes, or a number below 0.
    """

    def __init__(self, name: str, revise: int = 0):
        self.name, self.trained = name, load_agent(name, revise)
        self.painter = self.trained.painter(self.trained.size)
        self.strokes = self.trained.agent.options["strokes"]
        radius = self.painter.radius
        if self.painter.action_names != STROKE_ACTION or radius is None:
            raise ValueError(
                f"agent {name} paints with {self.trained.header['painter']}, whose strokes are no MyPaint brush's"
            )
        self.radius = radius

    def __call__(
        self,
        renderer: Renderer,
        target: Tensor,
        strokes: int,
        *,
        seed: int = 0,
        constraints: Sequence[Constraint] = (),
        progress: bool = False,
    ) -> Tensor:
        """See :meth:`diffpaint.Initializer.__call__`.

        Raises:
            ValueError: Another number of strokes, or a renderer of other actions.
        """
        if renderer.action_names != STROKE_ACTION:
            raise ValueError(
                f"agent {self.name} paints brushstrokes, and {type(renderer).__name__} takes other actions"
            )
        if strokes != self.strokes:
            raise ValueError(f"agent {self.name} paints {self.strokes} strokes in each cell, not {strokes}")
        total = renderer.initial(1, strokes, torch.Generator()).shape[1]
        before = renderer.previous(total)
        ends = (torch.full((total, len(STROKE_ACTION)), value, device=renderer.device) for value in (0.0, 1.0))
        least, most = (renderer.strokes(end)[1].cpu() for end in ends)
        if not (least[:, RADIUS] > 0).all() or not most.isfinite().all():
            raise ValueError(f"{type(renderer).__name__} does not say how large its strokes are")
        firsts = [index for index, previous in enumerate(before) if previous < 0]
        turns: list[tuple[int, int]] = []  # (cell, stroke of the agent) of every stroke
        for index, previous in enumerate(before):
            turns.append((firsts.index(index), 0) if previous < 0 else (turns[previous][0], turns[previous][1] + 1))
        cell, turn = torch.tensor(turns).T
        side = (most - least)[:, LEFT]  # px of the canvas that the agent takes for 64
        low, high = self.radius
        span = (most[:, RADIUS] / least[:, RADIUS]).log().clamp_min(1e-6)
        painted = []
        for picture in target.split(1):
            crops = torch.cat([_crop(picture, least[index], most[index], self.trained.size) for index in firsts])
            actions = self.trained.act(crops, self.painter)[cell, turn]
            radius = low * (high / low) ** actions[:, RADIUS] * side / 64
            actions[:, RADIUS] = ((radius / least[:, RADIUS]).log() / span).clamp(0, 1)
            painted.append(actions)
        return torch.stack(painted)


def _crop(target: Tensor, least: Tensor, most: Tensor, size: int) -> Tensor:
    """What a target shows where positions from 0 to 1 lie, (1, 3, size, size)."""
    height, width = target.shape[2:]
    left, top, right, bottom = (round(float(x)) for x in (least[LEFT], least[TOP], most[LEFT], most[TOP]))
    beyond = max(0, -left, -top, right - width, bottom - height)
    wide = pad(target, (beyond,) * 4, mode="replicate")
    cut = wide[:, :, top + beyond : bottom + beyond, left + beyond : right + beyond]
    return interpolate(cut, (size, size), mode="bilinear", antialias=True).clamp(0, 1)
