"""The strategy of scattered strokes: rounds from large to small, each where the painting is still wrong."""

from __future__ import annotations

import itertools
import math
import zlib

import torch
from torch import Tensor

from diffpaint import Moment, Strategy
from diffpaint.compositing import worth
from diffpaint.io.bounds import check_whole
from diffpaint.objective import check_target
from diffpaint.strategy import Change

from .placing import begun, joined
from .scatter import Scatter, shares

UNSEEN = 0.05  # what the error counts where there is no focus
MOST = 1_000_000  # strokes
ROUNDS = 24  # in which strokes are added
GROWN = 0.15  # of all steps, after which no stroke is added
SETTLED = 0.85  # of all steps, after which none is moved
FALLS, END = 0.6, 0.1  # from when learning rates fall, of all steps, and to what part of them
MOVED = 0.05  # of all strokes, in one move


class Rounds(Strategy):
    """Strokes are added round by round, each smaller than the last, at the peaks of the squared error.

    They begin along the edges there and in the colours of the picture. Once all are there, those that are worth least
    are moved to where the error is. With every round, strokes that have outgrown their patches, or shrunk in them, are
    put into others that fit.

    Args:
        strokes: Of the finished painting.
        target: (1, 3, H, W) or (B, 3, H, W) in [0, 1], what is painted.
        focus: Likewise, white where detail matters and black where it does not; None means everywhere alike.
        seed: Of chance.
        moves: How often strokes are moved once all are there.

    Raises:
        ValueError: No stroke, or a target that is no picture. When it is called: a renderer without patches to place.
    """

    pictures = ("target", "focus")

    def __init__(
        self, strokes: int = 1000, *, target: Tensor, focus: Tensor | None = None, seed: int = 0, moves: int = 10
    ):
        self.strokes, self.seed = check_whole("strokes", strokes, most=MOST), check_whole("seed", seed, least=0)
        self.moves = check_whole("moves", moves, least=0)
        self.target = check_target(target)
        self.focus = everywhere() if focus is None else check_target(focus).mean(1, keepdim=True)
        self.first = shares(strokes)[0]

    @staticmethod
    def schedule(progress: float) -> float:
        """Full rates while strokes come and move; then they fall, by a cosine, so that all comes to rest."""
        return 1 - (1 - END) * 0.5 * (1 - math.cos(math.pi * max(0.0, (progress - FALLS) / (1 - FALLS))))

    def __repr__(self) -> str:
        moves = "" if self.moves == 10 else f", moves={self.moves}"
        return f"Rounds(strokes={self.strokes}, seed={self.seed}{focus_named(self.focus)}{moves})"

    def __call__(self, moment: Moment, canvas: Tensor, gradient: Tensor) -> Change | None:
        """See :class:`diffpaint.Strategy`."""
        if not isinstance(moment.renderer, Scatter):
            raise ValueError(f"rounds place strokes of scatter; {type(moment.renderer).__name__} is another renderer")
        done, now = (moment.step + 1) / max(1, moment.steps), moment.actions.shape[1]
        planned, octave = self._planned(done)
        if planned > now:
            return self._changed(moment, canvas, planned - now, octave)
        turns = [GROWN + (SETTLED - GROWN) * (turn + 0.5) / self.moves for turn in range(self.moves)]
        if any(round(turn * moment.steps) == moment.step + 1 for turn in turns):
            return self._changed(moment, canvas, max(1, round(MOVED * now)), octave, moved=True)
        return None

    def _planned(self, done: float) -> tuple[int, int]:
        """How many strokes there should be after a part of all steps, and the octave of the last ones."""
        ends = list(itertools.accumulate(shares(self.strokes)))
        turn = int(min(1.0, done / GROWN) * ROUNDS) / ROUNDS * (len(ends) - 1)
        octave = min(int(turn), len(ends) - 2)
        if octave < 0:
            return self.strokes, 0
        return round(ends[octave] + (turn - octave) * (ends[octave + 1] - ends[octave])), octave + 1

    def _changed(self, moment: Moment, canvas: Tensor, count: int, octave: int, moved: bool = False) -> Change:
        """So many new strokes, beside those that are there or instead of those that are worth least."""
        renderer: Scatter = moment.renderer
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + moment.step) % 2**63)
        target, number = self.target.to(canvas).expand_as(canvas), renderer.numbered(octave)
        weights = UNSEEN + (1 - UNSEEN) * self.focus.to(canvas).expand_as(canvas[:, :1])
        parts = zip(moment.actions, canvas, target, moment.background, weights, strict=True)
        changed = []
        for one, painted, picture, ground, weight in parts:
            stays = torch.arange(len(one), device=one.device)
            if moved:
                slope = 2 * (painted - picture)  # of the sum of squares, whose curvature is 1
                value = worth(renderer.stacks(one[None]), ground[None], slope[None], 1.0)[0]
                stays = value.topk(len(one) - count).indices.sort().values
                with torch.no_grad():
                    painted = renderer(one[None, stays], ground[None])[0]
            new = begun(renderer, picture, painted, count, number, generator, weight[0])
            changed.append(joined(renderer, one, stays, new))
        return Change(*(torch.stack(parts) for parts in zip(*changed, strict=True)))


def everywhere() -> Tensor:
    """A focus (1, 1, 1, 1) that counts everywhere alike."""
    return torch.ones(1, 1, 1, 1)


def focus_named(focus: Tensor) -> str:
    """What tells a focus (B, 1, H, W) from others in the name of a strategy; nothing if it is everywhere alike."""
    return "" if focus.numel() == 1 else f", focus={zlib.crc32(focus.cpu().numpy().tobytes()):08x}"
