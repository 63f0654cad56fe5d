"""The strategy of pictures that have no model: strokes are added where the objective asks for them most."""

from __future__ import annotations

import torch
from torch import Tensor

from diffpaint import Moment, Strategy
from diffpaint.compositing import worth
from diffpaint.io.bounds import check_whole
from diffpaint.objective import check_target
from diffpaint.strategy import Change

from .placing import begun, blurred, joined
from .rounds import MOST, Rounds, everywhere, focus_named
from .scatter import Scatter

FIRST = 3  # strokes, at most, that a painting begins with
ROUNDS = 16  # in which strokes are added
GROWN = 0.6  # of all steps, after which no stroke is added
OCTAVES = (0, 1, 1, 2)  # of the patches of new strokes, one after another while they are added
MOVES, MOVED = (0.65, 0.75, 0.85), 0.12  # when strokes are moved, of all steps, and how many, of all strokes
ASKED = 1 / 12  # of a patch's side: the standard deviation by which what is asked for is gathered
CHANGED = 0.075  # by how much, root mean square, the canvas should change to please the objective


class Growth(Strategy):
    """A few large strokes first, then ever more and smaller ones, where the gradient at the canvas is largest.

    For objectives that have no picture to compare with, such as ``activation``. What is wanted is the canvas, one step
    of a blurred gradient on; strokes begin at its peaks, in its colours, as those of ``rounds`` do at an error. Once
    all are there, those that the objective would miss least are moved.

    Args:
        strokes: Of the finished painting.
        focus: (1, 3, H, W) or (B, 3, H, W) in [0, 1], white where strokes belong; None means everywhere alike.
        seed: Of chance.

    Raises:
        ValueError: No stroke, or a focus that is no picture. When it is called: a renderer without patches to place.
    """

    pictures = ("focus",)
    schedule = staticmethod(Rounds.schedule)

    def __init__(self, strokes: int = 160, *, focus: Tensor | None = None, seed: int = 0):
        self.strokes, self.seed = check_whole("strokes", strokes, most=MOST), check_whole("seed", seed, least=0)
        self.focus = everywhere() if focus is None else check_target(focus).mean(1, keepdim=True)
        self.first = min(FIRST, self.strokes)

    def __repr__(self) -> str:
        return f"Growth(strokes={self.strokes}, seed={self.seed}{focus_named(self.focus)})"

    def __call__(self, moment: Moment, canvas: Tensor, gradient: Tensor) -> Change | None:
        """See :class:`diffpaint.Strategy`."""
        renderer = moment.renderer
        if not isinstance(renderer, Scatter):
            raise ValueError(f"growth places strokes of scatter; {type(renderer).__name__} is another renderer")
        done, now = (moment.step + 1) / max(1, moment.steps), moment.actions.shape[1]
        grown = min(1.0, done / GROWN)
        first = min(FIRST, self.strokes)
        planned = round(first * (self.strokes / first) ** (int(grown * ROUNDS) / ROUNDS))
        moved = any(round(part * moment.steps) == moment.step + 1 for part in MOVES) and planned <= now
        if planned <= now and not moved:
            return None
        count = max(1, round(MOVED * now)) if moved else planned - now
        number = renderer.numbered(OCTAVES[min(int(grown * len(OCTAVES)), len(OCTAVES) - 1)])
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + moment.step) % 2**63)
        asked = blurred(gradient, max(1.0, renderer.sides[number] * ASKED))
        size = asked.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=torch.finfo(asked.dtype).tiny)
        wanted = (canvas - CHANGED * asked / size).clamp(0, 1)
        changed = []
        weights = self.focus.to(canvas).expand_as(canvas[:, :1])
        parts = zip(moment.actions, canvas, wanted, moment.background, gradient, weights, strict=True)
        for one, painted, goal, ground, slope, weight in parts:
            stays = torch.arange(now, device=one.device)
            if moved:
                value = worth(renderer.stacks(one[None]), ground[None], slope[None], 0.0)[0]
                stays = value.topk(now - count).indices.sort().values
            new = begun(renderer, goal, painted, count, number, generator, weight[0])
            changed.append(joined(renderer, one, stays, new))
        return Change(*(torch.stack(parts) for parts in zip(*changed, strict=True)))
