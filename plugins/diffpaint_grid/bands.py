"""Gradients of a grid in bounded memory: backward goes down the canvas band by band, rendering anew as it goes.

A *band* is as high as a stride: the next row of cells begins where it begins. A pixel depends on the strokes whose
patches cover it and on nothing else, so the gradient of a band needs no more than the rows of cells that reach into it,
``spacing`` of them. These rows are alive: rendered when the first of their bands comes, and taken back to their actions
when the last has gone. No stroke is rendered twice, and memory is that of a few rows of cells, not of the canvas's all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffpaint import StrokeRenderer, over
from diffpaint.backward import nothing_recomputed, once_differentiable
from diffpaint.compositing import Window, over_

from .lattice import Lattice, Run

FEW = 2**22  # pixels of all patches alive up to which painters keep what they would compute for a third time


def paint_in_bands(actions: Tensor, wide: Tensor, renderer: StrokeRenderer, lattice: Lattice) -> Tensor:
    """Draw strokes on a widened canvas, as :func:`diffpaint.over` with the lattice's windows would, in less memory.

    Args:
        actions: (B, T, A) in [0, 1], of the patches.
        wide: (B, 3, H, W), widened by :meth:`Lattice.pad`.
        renderer: Of the patches.
        lattice: Where they lie.

    Returns:
        (B, 3, H, W), once differentiable in actions and canvas.
    """
    return _Bands.apply(actions, wide, renderer, lattice)


@torch.no_grad()
def draw(actions: Tensor, wide: Tensor, renderer: StrokeRenderer, lattice: Lattice) -> Tensor:
    """As :func:`paint_in_bands`, without gradients: no more strokes are held at once than cover the canvas once."""
    layers = actions.shape[1] // (lattice.cells[0] * lattice.cells[1])
    wide = wide.clone(memory_format=torch.contiguous_format)
    for part, view in lattice.windows(layers):
        color, alpha = renderer.stack(actions[:, part], torch.arange(part.start, part.stop))
        over_(color, alpha, wide, [(slice(0, alpha.shape[1]), view)])
    return wide


class _Bands(torch.autograd.Function):
    @staticmethod
    def forward(ctx, actions: Tensor, wide: Tensor, renderer: StrokeRenderer, lattice: Lattice) -> Tensor:
        ctx.save_for_backward(actions, wide)
        ctx.renderer, ctx.lattice = renderer, lattice
        return draw(actions, wide, renderer, lattice)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        actions, wide = ctx.saved_tensors
        lattice: Lattice = ctx.lattice
        height, (rows, cols) = lattice.stride[0], lattice.cells
        runs = lattice.runs(actions.shape[1] // (rows * cols))
        of_actions, of_canvas = torch.zeros_like(actions), torch.empty_like(wide)
        pixels = of_actions[..., 0].numel() // rows * min(lattice.spacing[0], rows) * math.prod(lattice.patch)
        keep = pixels <= FEW
        alive: dict[int, _Row] = {}
        for band, top in enumerate(range(0, wide.shape[2], height)):
            if band < rows:
                alive[band] = _Row.rendered(actions, runs[band], ctx.renderer, keep)
            here = slice(top, top + height)
            pieces = [row.piece(top - number * height, wide[:, :, here].shape[2]) for number, row in alive.items()]
            colors, alphas = (torch.cat(part, 1).requires_grad_() for part in zip(*pieces, strict=True))
            ground = wide[:, :, here].detach().requires_grad_()
            with torch.enable_grad():
                painted = over(colors, alphas, ground, list(_windows(alive.values(), lattice)))
            of_color, of_alpha, of_canvas[:, :, here] = torch.autograd.grad(
                painted, (colors, alphas, ground), grad[:, :, here]
            )
            counts = [row.alpha.shape[1] for row in alive.values()]
            parts = zip(alive.items(), of_color.split(counts, 1), of_alpha.split(counts, 1), strict=True)
            for (number, row), color, alpha in parts:
                row.collect(top - number * height, color, alpha)
            gone = band - lattice.spacing[0] + 1
            if gone in alive:
                alive.pop(gone).finish(of_actions)
        for row in alive.values():
            row.finish(of_actions)
        return of_actions, of_canvas, None, None


@dataclass
class _Row:
    """The strokes of a row of cells while bands that they reach into are gone through."""

    runs: list[Run]
    numbers: Tensor
    actions: Tensor
    color: Tensor
    alpha: Tensor
    of_color: Tensor
    of_alpha: Tensor

    @classmethod
    def rendered(cls, actions: Tensor, runs: list[Run], renderer: StrokeRenderer, keep: bool) -> _Row:
        numbers = torch.cat([torch.arange(run.strokes.start, run.strokes.stop) for run in runs])
        some = actions[:, numbers].detach().requires_grad_()
        with torch.enable_grad(), nothing_recomputed() if keep else nullcontext():
            color, alpha = renderer.stack(some, numbers)
        return cls(runs, numbers, some, color, alpha, torch.zeros_like(color), torch.zeros_like(alpha))

    @property
    def whole(self) -> bool:
        """Whether colours are of strokes, and not of their pixels."""
        return self.color.shape[-2:] == (1, 1)

    def piece(self, top: int, height: int) -> tuple[Tensor, Tensor]:
        """Colour and alpha of a band that begins ``top`` px below the patch's first; transparent below the patch."""
        color, alpha = (part.detach()[..., top : top + height, :] for part in (self.color, self.alpha))
        below = (0, 0, 0, height - alpha.shape[-2])
        return self.color.detach() if self.whole else pad(color, below), pad(alpha, below)

    def collect(self, top: int, of_color: Tensor, of_alpha: Tensor) -> None:
        """Keep the gradients of such a piece."""
        place = self.of_alpha[..., top : top + of_alpha.shape[-2], :]
        place.copy_(of_alpha[..., : place.shape[-2], :])
        if self.whole:
            self.of_color += of_color
        else:
            place = self.of_color[..., top : top + of_color.shape[-2], :]
            place.copy_(of_color[..., : place.shape[-2], :])

    def finish(self, of_actions: Tensor) -> None:
        """Take the gradients back to the actions."""
        drawn = [(self.color, self.of_color), (self.alpha, self.of_alpha)]
        parts, gradients = zip(*((part, of) for part, of in drawn if part.requires_grad), strict=True)
        (of_actions[:, self.numbers],) = torch.autograd.grad(parts, self.actions, gradients)


def _windows(rows: Iterable[_Row], lattice: Lattice) -> Iterator[Window]:
    """In drawing order, windows of a band on the pieces of rows, one after another."""
    runs, first = [], 0
    for row in rows:
        for run in row.runs:
            count = run.strokes.stop - run.strokes.start
            runs.append((run.turn, slice(first, first + count), run.col))
            first += count
    for _, strokes, col in sorted(runs, key=lambda run: run[0]):
        yield strokes, lattice.band_view(col)
