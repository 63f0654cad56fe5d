"""A painting is corrected once all strokes are planned: by the slope of its error, through the painter.

An agent that was trained says nearly what is right, for any picture, and a few steps of an optimiser, for this one,
what is left (as inference is amortised and then refined: Hjelm et al. 2016, Kim et al. 2018).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from diffpaint import StrokeRenderer
from diffpaint.compositing import Stack, worth
from diffpaint_grid import blurred, directions, peaks

RATE, BETAS = 0.1, (0.8, 0.95)  # of Adam, in logits; it falls to zero
EDGE = 1e-3  # from 0 and 1, beyond which a logit hardly moves
SPREAD = 1 / 25  # of the side: the standard deviation by which an error is gathered for a stroke
LENGTH, SIZE, STRENGTH = 0.14, 0.15, 0.8  # of a stroke that is moved: of the side, and of what it may be
COLOR = ("red", "green", "blue")

Seen = Callable[[Tensor], Tensor]


def revised(actions: Tensor, error: Callable[[Tensor], Tensor], times: int) -> Tensor:
    """Actions whose painting is nearer.

    Args:
        actions: (B, T, A) in [0, 1].
        error: Of such actions, (B,), to make small.
        times: Steps.

    Returns:
        (B, T, A) in [0, 1], of each painting what its last step came to.
    """
    with torch.enable_grad():
        logits = actions.detach().logit(EDGE).requires_grad_(True)
        optimizer = torch.optim.Adam([logits], RATE, BETAS)
        for time in range(times):
            optimizer.param_groups[0]["lr"] = RATE * (1 - time / times) ** 0.5
            optimizer.zero_grad()
            error(logits.sigmoid()).sum().backward()
            optimizer.step()
    return logits.detach().sigmoid()


@torch.no_grad()
def moved(actions: Tensor, count: int, pictures: Tensor, painter: StrokeRenderer, seen: Seen) -> Tensor:
    """Actions of which those that are worth least lie on top, small, where the painting lacks most.

    Args:
        actions: (B, T, A) in [0, 1].
        count: How many strokes are moved.
        pictures: (B, 3, S, S) in [0, 1], what is painted.
        painter: Whose actions they are, of S px.
        seen: Makes of colours (..., 3, S, S) what the error is the square of; linear.

    Returns:
        (B, T, A) in [0, 1]; the strokes that stay are in the order that they were.
    """
    color, alpha = painter.stack(actions)
    missed = seen(painter(actions) - pictures)
    # exact, since colours are seen linearly and the error is the sum of missed**2
    value = worth([Stack(seen(color), alpha)], seen(torch.ones_like(pictures)), 2 * missed, 1.0)
    order = value.argsort(1, descending=True)
    stay, go = order[:, :-count].sort(1).values, order[:, -count:]
    kept, free = (actions.gather(1, these[..., None].expand(-1, -1, actions.shape[2])) for these in (stay, go))
    without = painter(kept)
    for strokes, picture, canvas in zip(free, pictures, without, strict=True):
        _laid(strokes, picture, canvas, painter, seen)
    return torch.cat([kept, free], 1)


def _laid(strokes: Tensor, picture: Tensor, canvas: Tensor, painter: StrokeRenderer, seen: Seen) -> None:
    """Lay strokes (N, A) where a canvas (3, S, S) is furthest from its picture, along its edges, in its colours."""
    names, side = painter.action_names, picture.shape[-1]
    places = peaks(seen(canvas - picture).square().sum(0), len(strokes), SPREAD * side).to(picture.device)
    rows, columns = places.T
    angle = directions(picture)[rows, columns]
    across, down = painter.positions()
    for axis, reach, at in ((across, angle.cos(), columns), (down, angle.sin(), rows)):
        along = torch.linspace(-0.5, 0.5, len(axis), device=picture.device) if len(axis) > 1 else reach.new_zeros(1)
        strokes[:, axis] = ((at[:, None] + 0.5) / side + LENGTH * along * reach[:, None]).clamp(EDGE, 1 - EDGE)
    colors = blurred(picture[None], SPREAD * side / 2)[0, :, rows, columns]
    for name, values in zip(COLOR, colors, strict=True):
        if name in names:
            strokes[:, names.index(name)] = values
    for number, name in enumerate(names):
        if name == "size" or name.endswith("pressure"):
            strokes[:, number] = SIZE if name == "size" else STRENGTH
