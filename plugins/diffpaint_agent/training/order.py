"""In which order and direction an agent paints (the paper's section 4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..demonstrations import DIRECTIONS, FAINT, Demonstrations

POINTS = 9  # on each stroke
THIN = 0.3  # deviation across over that down, below which a painting stays as thin as it is


def path(actions: Tensor, points: int = POINTS) -> tuple[Tensor, Tensor]:
    """Points on the strokes of paintings in the order in which they are drawn.

    Args:
        actions: (B, T, 12) in [0, 1], a STROKE_ACTION each.
        points: On each stroke, evenly in t and never on its ends.

    Returns:
        Positions (B, T * points, 2) as fractions of the canvas, y downwards, and whether there is ink, (B, T * points).
    """
    t = ((torch.arange(points, device=actions.device) + 0.5) / points)[:, None]
    start, control, end = (actions[:, :, None, column : column + 2] for column in (6, 8, 10))
    position = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    inked = actions[:, :, :2].mean(2, keepdim=True).expand(-1, -1, points) > FAINT
    return position.flatten(1, 2), inked.flatten(1)


def astray(actions: Tensor, demonstrations: Tensor, slack: float) -> Tensor:
    """How far paintings stray from the path of a demonstration, each at its own pace.

    Args:
        actions: (B, T, 12) in [0, 1].
        demonstrations: (B, T, 12) in [0, 1], what each is to follow.
        slack: Distance from the path that counts for nothing, as a share of the canvas's side.

    Returns:
        The mean of squared distances, of points on the strokes from what the demonstration paints up to one stroke
        before and after that time, of each of which the square of the slack is taken off, down to zero.
    """
    (painted, _), (taught, _) = path(actions), path(demonstrations)
    number = torch.arange(painted.shape[1], device=painted.device)
    late = (number[:, None] - number).abs() > POINTS
    apart = (painted[:, :, None] - taught[:, None]).square().sum(3).masked_fill(late, torch.inf)
    return (apart.amin(2) - slack**2).clamp_min(0).mean()


def counterclockwise(actions: Tensor) -> Tensor:
    """Whether paintings (B, T, 12) run counter-clockwise around their centre, as seen, (B,)."""
    position, inked = path(actions)
    around = position - (position * inked[..., None]).sum(1, keepdim=True) / inked.sum(1)[:, None, None].clamp_min(1)
    one, other = around[:, :-1], around[:, 1:]
    turned = (one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]) * (inked[:, :-1] & inked[:, 1:])
    return turned.sum(1) < 0  # y points down


def downwards(actions: Tensor) -> Tensor:
    """Whether paintings (B, T, 12) run from top to bottom: later points are lower on the whole, (B,)."""
    position, inked = path(actions)
    paintings = zip(position, inked, strict=True)
    return torch.stack([_correlation(torch.arange(len(one))[here], one[here, 1]) > 0 for one, here in paintings])


#: Whether paintings (B, T, 12) run in a direction, (B,), by the name that demonstrations give it.
RUNS: dict[str, Callable[[Tensor], Tensor]] = dict(zip(DIRECTIONS, (counterclockwise, downwards), strict=True))


def like_demonstrations(actions: Tensor, demonstrations: Demonstrations, chosen: Tensor) -> Tensor:
    """How the order of strokes goes with the demonstrations'.

    Each stroke's middle is looked up on the demonstration's path, both moved, set upright and scaled alike.

    Args:
        actions: (B, T, 12).
        demonstrations: With the sequences.
        chosen: (B,), which of them each painting is to be like; see :meth:`Demonstrations.chosen`.

    Returns:
        (B,) correlation, from -1 to 1, of the number of each stroke with the time at which the demonstration is there.
    """
    taught = [_upright(*one) for one in zip(*path(demonstrations.actions), strict=True)]
    found = []
    for one, sequence in zip(zip(*path(actions), strict=True), chosen.tolist(), strict=True):
        (place, number), (line, time) = _upright(*one), taught[sequence]
        middle = number % POINTS == POINTS // 2  # of each stroke
        nearest = torch.cdist(place[middle], line).argmin(1)
        found.append(_correlation(number[middle], time[nearest]))
    return torch.stack(found)


def _upright(position: Tensor, inked: Tensor) -> tuple[Tensor, Tensor]:
    """Inked points (P, 2) around 0, without slant, of deviation 1 down and at most 1 across, and their numbers (P,)."""
    number = torch.arange(len(position))[inked]
    if len(number) < 2:
        return position[inked], number
    x, y = (position[inked] - position[inked].mean(0)).T
    deviation = y.std().clamp_min(1e-3)
    x = x - y * (x * y).mean() / y.square().mean().clamp_min(1e-6)
    return torch.stack([x / x.std().clamp_min(THIN * deviation), y / deviation], 1), number


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Pearson's, 0 where either does not vary."""
    if len(one) < 2:
        return torch.zeros(())
    one, other = one.float() - one.float().mean(), other.float() - other.float().mean()
    return (one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-9)
