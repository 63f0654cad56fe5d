"""In which order and direction an agent paints (the paper's section 4)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..lesson import Lesson

POINTS = 9  # on each stroke
FAINT = 0.05  # mean pressure below which a stroke only leads to the next


def path(actions: Tensor, points: int = POINTS) -> tuple[Tensor, Tensor]:
    """Points on the strokes of paintings in the order in which they are drawn.

    Args:
        actions: (B, T, 12) in [0, 1], a STROKE_ACTION each.
        points: On each stroke, evenly in t and never on its ends.

    Returns:
        Positions (B, T * points, 2) as fractions of the canvas, y downwards, and whether there is ink, (B, T * points).
    """
    t = ((torch.arange(points) + 0.5) / points)[:, None]
    start, control, end = (actions[:, :, None, column : column + 2] for column in (6, 8, 10))
    position = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    inked = actions[:, :, :2].mean(2, keepdim=True).expand(-1, -1, points) > FAINT
    return position.flatten(1, 2), inked.flatten(1)


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


def like_lesson(actions: Tensor, pictures: Tensor, labels: Tensor, lesson: Lesson, shown: Tensor) -> Tensor:
    """How the order of strokes goes with a lesson's.

    Each stroke's middle is looked up on the lesson's path, both moved and scaled to the same centre and spread.

    Args:
        actions: (B, T, 12).
        pictures: (B, 3, S, S), what they paint.
        labels: (B,) of them.
        lesson: With a sequence for every label.
        shown: Its sequences, painted; see :meth:`Lesson.chosen`.

    Returns:
        (B,) correlation, from -1 to 1, of the number of each stroke with the time at which the lesson is there.
    """
    taught = [(_standard(one)[here], torch.arange(len(one))[here]) for one, here in _paths(lesson.actions, 50)]
    chosen = lesson.chosen(pictures, labels, shown).tolist()
    found = []
    for (one, here), sequence in zip(_paths(actions, 1), chosen, strict=True):
        line, time = taught[sequence]
        place = _standard(one)[here]
        nearest = torch.cdist(place, line).argmin(1)
        found.append(_correlation(torch.arange(len(one))[here], time[nearest]))
    return torch.stack(found)


def _paths(actions: Tensor, points: int) -> list[tuple[Tensor, Tensor]]:
    return list(zip(*path(actions, points), strict=True))


def _standard(position: Tensor) -> Tensor:
    """Points (P, 2) moved and scaled to mean 0 and deviation 1 along each axis."""
    return (position - position.mean(0)) / position.std(0).clamp_min(0.02)


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Pearson's, 0 where either does not vary."""
    if len(one) < 2:
        return torch.zeros(())
    one, other = one.float() - one.float().mean(), other.float() - other.float().mean()
    return (one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-9)
