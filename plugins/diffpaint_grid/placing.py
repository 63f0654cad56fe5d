"""Where strokes are wanted, and what they begin as: peaks of an error, edges of a picture, the best of candidates."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from diffpaint.fast.over import Places

from .scatter import Scatter, shares

SPREAD = 1 / 12  # of a patch's side: the standard deviation by which the error is gathered
FINEST = 1 / 40  # of a patch's side: the standard deviation of what is too fine for its stroke to mend
STRENGTH = 0.6  # of actions that say neither place, size nor colour: pressure
CLEAR = 0.02  # how far actions stay from 0 and 1, where logits are flat
#: Length of the half stroke as a fraction of its cell, size, and how far it may turn from the edge, radians.
CANDIDATES = (
    (0.15, 0.5, 0.25),
    (0.3, 0.3, 0.25),
    (0.45, 0.7, 0.25),
    (0.35, 0.95, 0.25),
    (0.05, 0.8, 1.5),
    (0.4, 0.15, 1.5),
)
BOW = 0.08  # standard deviation of how far a stroke is bent
AT_ONCE = 2**20  # pixels of candidates that are compared at a time
FILLED, LOOSE = 0.8, 0.55  # of a patch, at most and at least: strokes that fill more or less are put into another one


def blurred(picture: Tensor, deviation: float) -> Tensor:
    """(B, C, H, W) convolved with a Gaussian of so many px; beyond its edge there is nothing."""
    reach = math.ceil(3 * deviation)
    weight = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=picture.device) / deviation) ** 2)
    weight = (weight / weight.sum()).expand(picture.shape[1], 1, 1, -1)
    for kernel, sides in ((weight, (0, reach)), (weight.mT, (reach, 0))):
        picture = conv2d(picture, kernel, padding=sides, groups=picture.shape[1])
    return picture


def peaks(error: Tensor, count: int, deviation: float) -> Tensor:
    """Places where an error is largest once it is blurred.

    Each place takes its share of the error around it away before the next is looked for, so that places lie as densely
    as there is error.

    Args:
        error: (H, W), not negative.
        count: How many places.
        deviation: Of the blur, px.

    Returns:
        (count, 2), rows and columns, px.
    """
    left = blurred(error[None, None], deviation)[0, 0].cpu().numpy()
    reach = math.ceil(3 * math.sqrt(2) * deviation)
    apart = np.arange(-reach, reach + 1) ** 2
    taken = np.exp(-(apart[:, None] + apart) / (4 * deviation**2))  # once for the blur, once for what a stroke covers
    taken *= float(error.sum()) / count / taken.sum()
    found = np.empty((count, 2), np.int64)
    for place in found:
        place[:] = np.unravel_index(left.argmax(), left.shape)
        parts = [
            (max(0, at - reach), min(side, at + reach + 1), at) for at, side in zip(place, left.shape, strict=True)
        ]
        here = tuple(slice(start, stop) for start, stop, _ in parts)
        left[here] -= taken[tuple(slice(start - at + reach, stop - at + reach) for start, stop, at in parts)]
    return torch.from_numpy(found)


def directions(picture: Tensor, deviation: float = 2.0) -> Tensor:
    """Angles (H, W) along the edges of a picture (3, H, W), radians from the horizontal: by its structure tensor."""
    grey = pad(picture.mean(0)[None, None], (1, 1, 1, 1), mode="replicate")
    across, down = grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2], grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1]
    along, against, both = blurred(torch.cat([across**2, down**2, across * down], 1), deviation)[0]
    return 0.5 * torch.atan2(2 * both, along - against) + math.pi / 2


@torch.no_grad()
def laid(renderer: Scatter, picture: Tensor, strokes: int, generator: torch.Generator) -> Tensor:
    """So many strokes (T, A) for a picture (3, H, W) in [0, 1], on its mean colour: octave by octave."""
    canvas, found = picture.mean((1, 2), keepdim=True).expand_as(picture), []
    for octave, count in enumerate(shares(strokes)):
        found.append(begun(renderer, picture, canvas, count, renderer.numbered(octave), generator))
        canvas = renderer(found[-1][None], canvas[None])[0]
    return torch.cat(found)


@torch.no_grad()
def begun(
    renderer: Scatter,
    picture: Tensor,
    canvas: Tensor,
    count: int,
    number: int,
    generator: torch.Generator,
    weight: Tensor | float = 1.0,
) -> Tensor:
    """Strokes that begin where the squared error is largest, each the best of some candidates.

    The difference is blurred before it is squared: a large stroke can mend what is wrong on the whole, not a texture.
    Candidates lie along the edge there or across it, long and short, thick and thin; each has the colour that brings
    the canvas nearest to the picture.

    Args:
        renderer: Whose strokes they are.
        picture: (3, H, W) in [0, 1], what they should match.
        canvas: (3, H, W) in [0, 1], what they are painted on.
        count: N.
        number: Of the side of their patches.
        generator: Of chance, on the CPU.
        weight: (H, W), what the error counts.

    Returns:
        (N, A) in [0, 1], on the device of the picture.
    """
    side = renderer.sides[number]
    error = weight * blurred((canvas - picture)[None], max(0.1, side * FINEST))[0].square().sum(0)
    places = peaks(error, count, max(1.0, side * SPREAD))
    names, (height, width) = renderer.action_names, picture.shape[1:]
    colors = [names.index(name) for name in ("red", "green", "blue") if name in names]
    angle = directions(picture).cpu()[places[:, 0], places[:, 1]]
    best, least = None, torch.full((len(places), 1), torch.inf, device=picture.device)
    for length, size, turn in CANDIDATES:
        actions = torch.full((len(places), len(names)), STRENGTH)
        turned = angle + turn * torch.randn(len(places), generator=generator)
        lengths = length * (0.8 + 0.4 * torch.rand(len(places), generator=generator))
        _lay(actions, renderer.positions(), turned, lengths, BOW * torch.randn(len(places), generator=generator))
        if "size" in names:
            actions[:, names.index("size")] = size
        actions.clamp_(CLEAR, 1 - CLEAR)
        actions[:, -3:-1] = places.flip(1) / torch.tensor([width, height])
        actions[:, -1] = renderer.sized(torch.tensor(number))
        actions = actions.to(picture.device)
        growth, color = _gain(renderer, picture, canvas, actions, free=len(colors) == 3)
        actions[:, colors] = color[:, : len(colors)]
        best = actions if best is None else torch.where(growth < least, actions, best)
        least = torch.minimum(growth, least)
    assert best is not None
    return best


def _lay(actions: Tensor, positions: tuple[list[int], list[int]], angle: Tensor, length: Tensor, bow: Tensor) -> None:
    """Set the points of strokes (N, A) on a line through the middle of their cell, those between its ends beside it."""
    across, down = positions
    for order, (x, y) in enumerate(zip(across, down, strict=True)):
        along = (2 * order / (len(across) - 1) - 1) * length if len(across) > 1 else 0 * length
        aside = bow if 0 < order < len(across) - 1 else 0 * bow
        actions[:, x] = 0.5 + torch.cos(angle) * along - torch.sin(angle) * aside
        actions[:, y] = 0.5 + torch.sin(angle) * along + torch.cos(angle) * aside


def _gain(renderer: Scatter, picture: Tensor, canvas: Tensor, actions: Tensor, free: bool) -> tuple[Tensor, Tensor]:
    """By how much squared error grows with each stroke of one side alone on top (N, 1), and its colour (N, 3).

    A stroke that covers a makes (1 - a) C + a color of the canvas C, which is nearest to the picture P for color = sum
    of a (P - (1 - a) C) over the sum of a^2: its colour, if it is ``free``.
    """
    errors, colors = [], []
    for run in renderer.runs(actions, AT_ONCE):
        stack = renderer.stack(actions[None, run], run).inside((canvas.shape[1], canvas.shape[2]))
        assert isinstance(stack.windows, Places)
        seen = torch.ones_like(canvas[:1])
        here, there, seen = (stack.windows.cut(pad(each, stack.wider)[None]) for each in (canvas, picture, seen))
        alpha, color = stack.alpha[0], stack.color[0].mean((2, 3), keepdim=True)
        ink = alpha * seen
        if free:
            wanted = (ink * (there - (1 - alpha) * here)).sum((2, 3), keepdim=True)
            color = (wanted / (ink * alpha).sum((2, 3), keepdim=True).clamp(min=1e-6)).clamp(CLEAR, 1 - CLEAR)
        moved = ink * (color - here)
        errors.append((moved * (moved + 2 * (here - there))).sum((1, 2, 3)))
        colors.append(color[:, :, 0, 0])
    return torch.cat(errors)[:, None], torch.cat(colors)


def joined(renderer: Scatter, actions: Tensor, stays: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    """Strokes that stay, in patches that fit around them, and new ones, which lie on top of those of their size.

    Args:
        renderer: Whose strokes they are.
        actions: (T, A).
        stays: (S,), which of them stay.
        new: (N, A).

    Returns:
        (S + N, A), by the size of their patches, large ones first; and (S + N,), which each was, -1 for new ones.
    """
    whole = torch.cat([refitted(renderer, actions[stays]), new])
    order = renderer.placed(whole)[1].sort(stable=True).indices
    return whole[order], torch.cat([stays, stays.new_full((len(new),), -1)])[order]


def refitted(renderer: Scatter, actions: Tensor) -> Tensor:
    """The same strokes (T, A), those that fill too much or too little of their patches in others that lie around them.

    An optimiser moves strokes within their patches alone; so they go on moving, grow and shrink. They are drawn as
    they were but for what rounding, and the brush's speed in another patch, make of it. Where the painter does not say
    how large its strokes are, they stay where they are: in a smaller patch, all of a stroke would be smaller.
    """
    names, painter, (across, down) = renderer.action_names, renderer.painter(0), renderer.positions()
    low, high = painter.radius or (1.0, 1.0)
    if not across or not down or "size" not in names or not low < high:
        return actions
    size = names.index("size")
    corners, numbers = renderer.placed(actions)
    known = actions.new_tensor(renderer.sides)
    side = known[numbers][:, None]
    inside = actions[:, :-3] * renderer.factor + renderer.shift
    points = [corners[:, [axis]] + inside[:, columns] * side for axis, columns in ((1, across), (0, down))]
    ends = torch.stack([torch.stack([_on_curve(each).amin(1), _on_curve(each).amax(1)]) for each in points], -1)
    needed = (ends[1] - ends[0]).amax(1) / float(renderer.factor[across[0]])  # px, of a side
    growth = math.log(high / low) * float(renderer.factor[size])
    width = side[:, 0] * torch.exp(growth * (actions[:, size] - 1))  # of a stroke of size 1 it is its patch's
    needed = torch.maximum(needed, width)
    filled = needed / FILLED / side[:, 0]
    fits = (known >= needed[:, None] / FILLED).sum(1).sub(1).clamp(min=0)
    moves = (filled > 1) | (filled < LOOSE) & (fits != numbers)
    found = actions.clone()
    extent = actions.new_tensor([length // renderer.scale for length in reversed(renderer.size)])
    found[:, -3:-1] = ends.mean(0).div(extent).clamp(0, 1)
    found[:, -1] = renderer.sized(fits)
    corners, fits = renderer.placed(found)
    now = known[fits][:, None]
    for axis, columns, each in zip((1, 0), (across, down), points, strict=True):
        place = (each - corners[:, [axis]]) / now
        found[:, columns] = ((place - renderer.shift[columns]) / renderer.factor[columns]).clamp(CLEAR, 1 - CLEAR)
    found[:, size] = (1 + torch.log(width / now[:, 0]) / growth).clamp(CLEAR, 1 - CLEAR)
    return torch.where(moves[:, None], found, actions)


def _on_curve(points: Tensor) -> Tensor:
    """Points of strokes (T, N), along one axis, on their curves: the second of three is a Bezier's control point."""
    if points.shape[1] != 3:
        return points
    start, control, end = points.unbind(1)
    return torch.stack([start, (start + 2 * control + end) / 4, end], 1)
