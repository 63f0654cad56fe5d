"""Scattered strokes: each in a patch of its own, which lies wherever its *placement* says.

A placement is three more actions of the stroke: ``across`` and ``down``, the patch's centre as fractions of the canvas,
and ``side``, its size. Like all actions they are saved, batched and resumed; unlike the others they have no gradient:
an optimiser moves strokes within their patches, and a strategy moves patches.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from diffpaint import Renderer, StrokeRenderer
from diffpaint.backward import recomputed
from diffpaint.compositing import Stack, lay
from diffpaint.fast.over import Places
from diffpaint.io.bounds import check_size, check_whole
from diffpaint.renderer import positions_among

from .patch import check_margin, fit, load_patch

PLACEMENT = ("across", "down", "side")
LARGEST, SMALLEST = 0.75, 0.015625  # sides of patches, as fractions of the longer side of the canvas
MORE = 2.2  # times as many strokes in patches of half the side
RASTER = 48  # px, the least side of a patch that is painted on a smaller canvas
INSIDE = 0.02  # how far ``side`` stays from 0 and 1, where logits are infinite; so little that the side is the same
LEAST = 8  # px, of a side: less than a painter's own raster can show
AT_ONCE = 2**23  # pixels of patches that are kept for backward; more are rendered again, so many at a time


def shares(strokes: int) -> list[int]:
    """How many of so many strokes belong into patches of each octave of sides: few into large ones, more into smaller.

    >>> shares(1024)
    [55, 120, 266, 583]
    """
    octaves = max(1, round(math.log2(strokes) / 2 - 0.5))
    weights = [MORE**octave for octave in range(octaves)]
    ends = [round(strokes * part / sum(weights)) for part in itertools.accumulate(weights)]
    return [end - start for start, end in itertools.pairwise([0, *ends])]


class Scatter(Renderer):
    """Strokes in square patches of a few sides, anywhere on the canvas.

    Sides go down from three quarters of the canvas by half an octave each; ``side`` 1 is the largest, 0 the smallest.
    Patches may reach beyond the canvas. Strokes are painted in the order of the actions; neighbours in it that have the
    same side are drawn together, so that order by side is fastest.

    Painters are learned on a raster of 64 px, so a large patch has no detail for all its pixels. ``coarse`` paints the
    large strokes that come first on smaller canvases, whose pixels are twice, four times, ... as wide, and goes on upon
    those enlarged: a third of the work where few strokes are small, and what an optimisation wants. A ground that is a
    picture is painted on in full.

    Args:
        renderer: Name of the stroke renderer that paints in the patches.
        size: (H, W) of the canvas.
        margin: Of a patch on each side, as a fraction of it, in which strokes end; from 0 up to but not including 0.5.
        scale: A whole number: everything is laid out for ``size`` and then rendered with this many times the pixels
            each way, so that a painting optimised on a small canvas can be rendered on a large one.
        coarse: Whether ``forward`` paints large strokes on smaller canvases.
        options: For the stroke renderer.

    Raises:
        ValueError: A number out of range, or a renderer that has no place in a patch.
    """

    fixed = PLACEMENT
    factor: Tensor
    shift: Tensor

    def __init__(
        self,
        renderer: str = "neural-splat",
        *,
        size: tuple[int, int] = (256, 256),
        margin: float = 0.2,
        scale: int = 1,
        coarse: bool = False,
        **options: Any,
    ):
        super().__init__()
        if not isinstance(renderer, str):
            raise ValueError(f"scatter takes the name of a stroke renderer, got a {type(renderer).__name__}")
        check_margin(margin)
        size, self.scale = check_size(size), check_whole("scale", scale)
        longest, self.size = max(size), check_size((size[0] * self.scale, size[1] * self.scale))
        count = 1 + round(2 * math.log2(LARGEST / SMALLEST))
        wanted = [max(LEAST, longest * LARGEST * 2 ** (-step / 2)) for step in range(count)]
        #: How many px make one on the canvas that is fine enough for it, by the number of a side.
        self.coarseness = [2 ** max(0, math.floor(math.log2(side / RASTER))) for side in wanted]
        sides = [round(side / pixel) * pixel for side, pixel in zip(wanted, self.coarseness, strict=True)]
        #: Of patches on the canvas that everything is laid out for, px, largest first.
        self.sides: list[int] = list(dict.fromkeys(sides))
        self.coarseness = self.coarseness[: len(self.sides)]
        make = functools.partial(load_patch, renderer, **options)
        large = [side * self.scale for side in self.sides]
        self.painters = nn.ModuleList(make(size=(side, side)) for side in large)
        small = [side // pixel * self.scale for side, pixel in zip(self.sides, self.coarseness, strict=True)]
        self.coarse = nn.ModuleList(make(size=(side, side)) for side in small) if coarse and small != large else None
        first = self.painter(0)
        self.action_names = (*first.action_names, *PLACEMENT)
        self.shared, self.lr = first.shared, first.lr
        self.brush, self.brush_file = first.brush, first.brush_file
        inherited = first.origin.get("defaults", {}).items()
        self.origin = {"defaults": {name: value for name, value in inherited if name not in ("size", *options)}}
        factor, shift = fit(first, margin, first.size)
        self.register_buffer("factor", factor, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    def painter(self, number: int, pixel: int = 1) -> StrokeRenderer:
        """What paints patches of ``sides[number]``, on a canvas whose pixels are so wide."""
        found = self.painters[number] if pixel == 1 or self.coarse is None else self.coarse[number]
        assert isinstance(found, StrokeRenderer)
        return found

    def sized(self, numbers: Tensor) -> Tensor:
        """The action ``side``, in (0, 1), of sides with these numbers."""
        return (1 - numbers / max(1, len(self.sides) - 1)).clamp(INSIDE, 1 - INSIDE)

    def numbered(self, octave: int) -> int:
        """The number of the side that is so many octaves below the largest, or of the smallest."""
        return min(2 * octave, len(self.sides) - 1)

    @property
    def cell(self) -> float:
        """Side, in px of the canvas, of the largest patch; every stroke has its own in :meth:`strokes`."""
        return self.painter(0).cell

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        """Actions to start from, (B, T, A), anywhere by chance, large ones first, as many as :func:`shares` says."""
        actions = super().initial(batch, strokes, generator)
        numbers = [self.numbered(octave) for octave, count in enumerate(shares(strokes)) for _ in range(count)]
        actions[..., -1] = self.sized(torch.tensor(numbers))
        return actions

    def placed(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Where the patches of actions (T, A) lie.

        Returns:
            (T, 2), row and column of their first pixels on the canvas that is laid out for, which may lie beyond it;
            and (T,), the numbers of their :attr:`sides`.
        """
        across, down, side = actions.detach()[:, -3:].unbind(-1)
        numbers = ((1 - side) * (len(self.sides) - 1)).round().long()
        side, pixel = torch.tensor([self.sides, self.coarseness], device=numbers.device)[:, numbers, None]
        centre = torch.stack([down, across], -1) * actions.new_tensor([length // self.scale for length in self.size])
        return ((centre / pixel).round().long() - side // pixel // 2) * pixel, numbers

    @torch.no_grad()
    def share(self, actions: Tensor, mask: Tensor) -> Tensor:
        """How much of each stroke (T, A) lies within a mask (H, W) of 0 and 1: (T,), from 0 to 1."""
        shares, mask = [], mask.to(actions)[None, None]
        for run in self.runs(actions, AT_ONCE):
            alpha, places, wider = self.stack(actions[None, run], run).inside(self.size)[1:]
            assert isinstance(places, Places)
            seen = places.cut(pad(mask, wider))[:, 0]
            shares.append((alpha[0, :, 0] * seen).sum((1, 2)) / alpha.sum((0, 2, 3, 4)).clamp(min=1e-6))
        return torch.cat(shares)

    def shifted(self, actions: Tensor, flow: Tensor) -> Tensor:
        """Strokes (T, A) where a flow takes them.

        Each goes as a whole, by what the flow says in the middle of its stroke; its patch goes with it.

        Args:
            actions: (T, A) in [0, 1].
            flow: (2, H, W) on a canvas of any size, across and down, px of it.

        Returns:
            (T, A) in [0, 1].
        """
        across, down = self.positions()
        corners, numbers = self.placed(actions)
        sides = actions.new_tensor(self.sides)[numbers][:, None]
        inside = actions[:, :-3] * self.factor + self.shift
        middles = [
            inside[:, columns].mean(1) * sides[:, 0] + corners[:, axis] for axis, columns in ((1, across), (0, down))
        ]
        width, height = extent = [length // self.scale for length in reversed(self.size)]
        column, row = (
            (middle * side / length).long().clamp(0, side - 1)
            for middle, side, length in zip(middles, (flow.shape[2], flow.shape[1]), extent, strict=True)
        )
        shift = flow[:, row, column].T * actions.new_tensor([width / flow.shape[2], height / flow.shape[1]])
        found = actions.clone()
        found[:, -3:-1] = (actions[:, -3:-1] + shift / actions.new_tensor(extent)).clamp(0, 1)
        left = (corners - self.placed(found)[0]).flip(1) + shift  # by how much more than the patch the stroke goes
        for axis, columns in enumerate((across, down)):
            found[:, columns] += left[:, [axis]] / sides / self.factor[columns]
        return found.clamp(0, 1)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Draw stroke over stroke; every canvas of a batch has its strokes in places of its own."""
        canvas = self.check(actions, canvas)
        parts = zip(actions.split(1), canvas.split(1), strict=True)
        painted = [self._painted(some, ground) for some, ground in parts]
        return torch.cat(painted) if len(painted) > 1 else painted[0]

    @torch.no_grad()  # as a decorator it holds only while the generator runs, not in whoever reads it
    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas after each stroke, (B, 3, H, W), T of them."""
        frame = self.check(actions, canvas)
        for index in range(actions.shape[1]):
            parts = zip(actions[:, index : index + 1].split(1), frame.split(1), strict=True)
            frame = torch.cat([self._laid(some, ground, slice(index, index + 1)) for some, ground in parts])
            yield frame

    def stacks(self, actions: Tensor) -> list[Stack]:
        """See :meth:`diffpaint.Renderer.stacks`."""
        self.check(actions)
        return [self.stack(actions[:, run], run).inside(self.size) for run in self.runs(actions[0])]

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """The strokes, positions and radii in px, and a column ``cell``: the side in px that stands for 64 px."""
        corners, numbers = self.placed(actions)
        names, tables = (), []
        inside = actions[:, :-3] * self.factor + self.shift
        for number, part, corner in zip(numbers.tolist(), inside.split(1), corners.split(1), strict=True):
            painter, corner = self.painter(number), corner * self.scale
            names, table = painter.strokes(part)
            for columns, place in zip(positions_among(names), (corner[:, 1:], corner[:, :1]), strict=True):
                table[:, columns] += place
            tables.append(torch.cat([table, table.new_full((1, 1), painter.cell)], 1))
        return (*names, "cell"), torch.cat(tables)

    def previous(self, strokes: int) -> list[int]:
        """No stroke has another before it: each has coordinates of its own."""
        return [-1] * strokes

    def runs(self, actions: Tensor, most: int | None = None) -> list[slice]:
        """Neighbours in drawing order that have the same side, of at most so many pixels together."""
        runs, first = [], 0
        for number, run in itertools.groupby(self.placed(actions)[1].tolist()):
            count = len(list(run))
            each = count if most is None else max(1, most // math.prod(self.painter(number).size))
            runs += [slice(start, min(start + each, first + count)) for start in range(first, first + count, each)]
            first += count
        return runs

    def stack(self, actions: Tensor, run: slice, pixel: int = 1) -> Stack:
        """Strokes (1, T, A) of one side, numbered as they are on the canvas, on one whose pixels are so wide."""
        corners, numbers = self.placed(actions[0])
        number = int(numbers[0])
        painter = self.painter(number, pixel)
        inside = actions[..., :-3] * self.factor + self.shift
        color, alpha = painter.stack(inside, torch.arange(run.start, run.stop))
        return Stack(color, alpha, Places(corners // pixel * self.scale, painter.size))

    def _painted(self, actions: Tensor, canvas: Tensor) -> Tensor:
        """One canvas. Autograd keeps strokes up to a bound; beyond, it keeps canvases between them."""
        numbers, size = self.placed(actions[0])[1].tolist(), (canvas.shape[2], canvas.shape[3])
        coarse = self.coarse is not None and torch.equal(canvas.amax((2, 3)), canvas.amin((2, 3)))
        widths = self.coarseness if coarse else [1] * len(self.sides)
        pixel, most, apart = widths[0], AT_ONCE, False
        if torch.is_grad_enabled():
            pixels = sum(math.prod(self.painter(number, widths[number]).size) for number in numbers)
            apart = pixels > AT_ONCE
            most = max(AT_ONCE, math.isqrt(pixels * math.prod(self.size))) if apart else None
        if pixel > 1:
            canvas = canvas[..., :1, :1].expand(-1, -1, *(-(-side // pixel) for side in size))
        for run in self.runs(actions[0], most):
            wanted = widths[numbers[run.start]]
            canvas, pixel = _enlarged(canvas, pixel, wanted if wanted <= pixel else 1, size)
            draw = functools.partial(self._laid, run=run, pixel=pixel)
            canvas = recomputed(draw, actions[:, run], canvas) if apart else draw(actions[:, run], canvas)
        return _enlarged(canvas, pixel, 1, size)[0]

    def _laid(self, actions: Tensor, canvas: Tensor, run: slice, pixel: int = 1) -> Tensor:
        """A run over a canvas."""
        return lay([self.stack(actions, run, pixel)], canvas)


def _enlarged(canvas: Tensor, pixel: int, wanted: int, size: tuple[int, int]) -> tuple[Tensor, int]:
    """A canvas whose pixels are ``pixel`` wide, with such that are ``wanted`` wide, and that width."""
    while pixel > wanted:
        pixel //= 2
        canvas = interpolate(canvas, scale_factor=2, mode="bilinear")
        canvas = canvas[..., : -(-size[0] // pixel), : -(-size[1] // pixel)]
    return canvas, pixel
