"""The draft: where the optimisation of a pyramid, or of scattered strokes, begins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate
from tqdm import trange

from diffpaint import Constraint, Initializer, Moment, Pixel, Renderer
from diffpaint.constraints import constrain
from diffpaint.io.console import stderr
from diffpaint.io.interrupt import asked_to_end
from diffpaint.renderer import positions_among

from .grid import Grid
from .placing import laid
from .pyramid import Pyramid
from .scatter import Scatter

STEPS = 40  # of the optimiser, in each level
SATURATED = 0.05  # colours start as far from 0 and 1, or so few steps could not bring them back


class Draft(Initializer):
    """Strokes near a picture; of renderers that know neither levels nor places, by chance.

    The levels of a pyramid are painted on white by pixels, one after another, each on its own scale. The strokes of a
    level begin with the colours that they are to lie on, so that none hides what is there. The coarsest is painted on
    the smallest canvas, so that all but the finest take next to no time. Scattered strokes lie where the picture
    needs them, large ones first, and are not moved. Where the painting that it is for was interrupted, it ends at its
    next step.
    """

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
        """See :meth:`diffpaint.Initializer.__call__`."""
        generator = torch.Generator().manual_seed(seed)
        if isinstance(renderer, Scatter):
            pictures = target.to(renderer.device)
            return torch.stack([laid(renderer, picture, strokes, generator) for picture in pictures]).cpu()
        if not isinstance(renderer, Pyramid):
            return super().__call__(renderer, target, strokes, seed=seed)
        target = target.to(renderer.device)
        canvas = torch.ones_like(target)
        drafted = []
        for level, options in enumerate(renderer.smaller, 1):
            grid = Grid(**options).to(renderer.device)
            wanted, ground = (_resized(picture, grid.size) for picture in (target, canvas))
            start = grid.initial(len(target), strokes, generator).to(renderer.device)
            if level > 1:
                start = _colored(grid, start, ground)
            logits = start.logit(eps=SATURATED).requires_grad_()
            goal, adam = Pixel(wanted), torch.optim.Adam([logits], lr=renderer.lr)
            name = f"draft, level {level} of {len(renderer.smaller)}"
            for step in trange(STEPS, desc=name, unit="step", disable=not progress, leave=False, file=stderr()):
                if asked_to_end():
                    break
                adam.zero_grad()
                now = constrain(logits.sigmoid(), constraints, grid, Moment(step, STEPS))
                goal(grid(now, ground)).backward()
                adam.step()
            drafted.append(logits.detach().sigmoid())
            with torch.no_grad():
                canvas = grid(constrain(drafted[-1], constraints, grid), ground)
        return torch.cat(drafted, 1).cpu()


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(picture, size, mode="bilinear", antialias=True).clamp(0, 1)


def _colored(grid: Grid, actions: Tensor, canvas: Tensor) -> Tensor:
    """The actions with the colours of the canvas where the strokes are to lie, if they have colours."""
    columns = [grid.action_names.index(name) for name in ("red", "green", "blue") if name in grid.action_names]
    if len(columns) < 3:
        return actions
    tables = [grid.strokes(one) for one in actions]
    middles = [table[:, columns].mean(1) for names, table in tables for columns in positions_among(names)]
    middle = torch.stack(middles).unflatten(0, (len(actions), 2)).movedim(1, 2)  # (B, T, 2), px
    height, width = grid.size
    place = 2 * middle / middle.new_tensor([width, height]) - 1
    found = grid_sample(canvas, place[:, :, None], padding_mode="border", align_corners=False)
    actions = actions.clone()
    actions[:, :, columns] = found[..., 0].movedim(1, 2)
    return actions
