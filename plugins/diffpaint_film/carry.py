"""Painting frame after frame: strokes go where the picture went, and only those move that lie where it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from diffpaint import Constraint, Moment, Objective, Renderer, paint
from diffpaint_grid import Rounds, Scatter

from .flow import changed, flow, is_cut

MOVES = 2  # how often strokes are moved to where a frame needs them
SHARE = 0.25  # of a stroke that lies where a frame has changed, from which on it may move
SAME = 1e-5  # up to which an action of a stroke that nothing moves has only been rounded


@dataclass(frozen=True)
class Held(Constraint):
    """Strokes that are as they were: no step of an optimiser moves them.

    Attributes:
        strokes: (N, A), them.
    """

    strokes: Tensor

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Take the gradient from what is held, whatever the moment."""
        held = torch.cdist(actions.detach(), self.strokes.to(actions), p=torch.inf).amin(2) <= SAME
        return torch.where(held[..., None], actions.detach(), actions)

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Of any strokes: it forbids none."""
        return True


@dataclass
class Carried:
    """Paints the frames of a film, one after another.

    The first frame, and the first after a cut, is painted as a photo is. For any other, strokes are carried by the
    optical flow, and optimised in a few steps where the frame differs from what was painted there. Where a film stands
    still, so does the painting.

    Attributes:
        renderer: Of all frames.
        objective: From a frame, (1, 3, H, W), to what is minimised.
        strokes: Of a frame.
        steps: Of the optimiser, for a frame that begins.
        fewer: Likewise, for one that goes on.
        seed: Of everything random.
        ground: (1, 3, H, W), what all frames are painted on.
        device: Where to compute; None takes a GPU if there is one.
        constraints: As of :func:`diffpaint.paint`.
        progress: Whether a frame that begins shows a progress bar.
    """

    renderer: Scatter
    objective: Callable[[Tensor], Objective]
    strokes: int
    steps: int
    fewer: int
    seed: int
    ground: Tensor
    device: str | None = None
    constraints: list[Constraint] = field(default_factory=list)
    progress: bool = False

    def __call__(self, pictures: Iterator[Tensor], known: Callable[[int], Tensor | None]) -> Iterator[Tensor]:
        """Paint frames (1, 3, H, W).

        Args:
            pictures: The frames.
            known: The strokes of a frame that was painted before, by its number, from 0; or None.

        Yields:
            (T, A), the strokes of each frame. It ends early where Ctrl-C ended a frame.
        """
        before = seen = actions = None
        for number, picture in enumerate(pictures):
            found, moved, mask = known(number), None, None
            if before is not None and actions is not None:
                assert seen is not None
                mask = changed(seen, picture)
                if mask.any():
                    moved = flow(before, picture)
                    mask = None if is_cut(before, picture, moved) else mask
            if found is None:
                if mask is None or actions is None:
                    found = self._begun(picture)
                elif moved is None:
                    found = actions
                else:
                    found = self._gone_on(picture, actions, moved, mask)
                if found is None:
                    return
            yield found
            actions, before = found, picture
            seen = picture if mask is None or seen is None else torch.where(mask.bool(), picture, seen)

    def _begun(self, picture: Tensor) -> Tensor | None:
        """A frame that has nothing to do with the one before."""
        painting = paint(
            self.renderer,
            self.objective(picture),
            strategy=Rounds(self.strokes, target=picture, seed=self.seed),
            steps=self.steps,
            **self._alike(self.progress),
        )
        return None if painting.interrupted else painting.actions[0]

    def _gone_on(self, picture: Tensor, actions: Tensor, moved: Tensor, mask: Tensor) -> Tensor | None:
        """A frame that goes on from strokes (T, A)."""
        free = self.renderer.share(actions, mask[0, 0]) > SHARE
        start = torch.where(free[:, None], self.renderer.shifted(actions, moved), actions)
        painting = paint(
            self.renderer,
            self.objective(picture),
            strategy=Rounds(self.strokes, target=picture, focus=mask.expand_as(picture), seed=self.seed, moves=MOVES),
            steps=self.fewer,
            actions=start[None],
            **self._alike(False, Held(actions[~free])),
        )
        if painting.interrupted:
            return None
        return _snapped(painting.actions[0], actions)

    def _alike(self, progress: bool, *held: Constraint) -> dict[str, Any]:
        """What is given to :func:`diffpaint.paint` for all frames."""
        return {
            "background": self.ground,
            "constraints": [*held, *self.constraints],
            "seed": self.seed,
            "device": self.device,
            "progress": progress,
        }


def _snapped(actions: Tensor, before: Tensor) -> Tensor:
    """Strokes (T, A) that are those of the frame before but for rounding are exactly those."""
    apart = torch.cdist(actions, before, p=torch.inf)
    least, which = apart.min(1)
    return torch.where((least <= SAME)[:, None], before[which], actions)
