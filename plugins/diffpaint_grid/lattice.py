"""Where the cells of a grid lie, and in which order they are painted on.

Geometry, along one axis. A *cell* is where the points of a stroke may lie. Around it the wrapped renderer's canvas, the
*patch*, leaves a margin in which strokes have room to end, so that none is cut off at a straight line. Cells stand
``stride`` apart and overlap; the lattice is centred on the canvas, so that the outermost cells reach beyond its edge by
half the overlap, and the edge is painted like the rest. Strides are whole pixels, rounded up: where that makes a great
difference, with many cells on a small canvas, they reach farther, and some of them lie beyond it.

    patch   |--margin--|------------- cell -------------|--margin--|
    canvas        ...  |<- overlap ->|<-- stride -->| ...

Order. Strokes are drawn in layers: the first stroke of every cell, then the second of every cell, ... Within a layer,
cells whose patches do not touch are drawn together: all (i + ky r, j + kx c) for one phase (i, j), in raster order.
Phases follow in raster order in even layers and in reverse in odd ones, so that no side of a cell always lies on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffpaint.fast.over import Places, Window

Pair = tuple[int, int]  # (vertical, horizontal), px unless said otherwise


class Run(NamedTuple):
    """Strokes of one row of cells that are drawn together.

    Attributes:
        turn: Number of the phase, over all layers; runs of several rows are drawn in its order.
        strokes: Which.
        col: The first of their cells; they are ``spacing`` apart.
    """

    turn: int
    strokes: slice
    col: int


@dataclass(frozen=True)
class Lattice:
    """The layout of a grid.

    Attributes:
        cells: (rows, columns).
        size: (H, W) of the canvas.
        patch: (h, w) of the canvas of one cell with its margins.
        stride: From one cell to the next.
        reach: How far the outermost patches reach beyond the canvas, at the top and on the left.
    """

    cells: Pair
    size: Pair
    patch: Pair
    stride: Pair
    reach: Pair

    @property
    def spacing(self) -> Pair:
        """In cells: patches this far apart do not touch."""
        return math.ceil(self.patch[0] / self.stride[0]), math.ceil(self.patch[1] / self.stride[1])

    def scaled(self, factor: int) -> Lattice:
        """The same layout with ``factor`` times the pixels each way."""
        lengths = (
            (factor * down, factor * across) for down, across in (self.size, self.patch, self.stride, self.reach)
        )
        return Lattice(self.cells, *lengths)

    def origins(self, layers: int) -> list[Pair]:
        """(y, x) in the canvas of the top left corner of every stroke's patch, in drawing order."""
        (rows, cols), (down, across) = self.cells, self.spacing
        return [
            (row * self.stride[0] - self.reach[0], col * self.stride[1] - self.reach[1])
            for i, j in self._phases(layers)
            for row in range(i, rows, down)
            for col in range(j, cols, across)
        ]

    def windows(self, layers: int) -> list[Window]:
        """Windows for :func:`diffpaint.over`, one a phase, on a canvas that :meth:`pad` has widened."""
        (rows, cols), (down, across) = self.cells, self.spacing
        windows, first = [], 0
        for i, j in self._phases(layers):
            count = len(range(i, rows, down)) * len(range(j, cols, across))
            windows.append((slice(first, first + count), self._view(i, j)))
            first += count
        return windows

    def places(self, layers: int) -> Places:
        """The same, as places of strokes: compiled code draws them one by one."""
        corners = torch.tensor(self.origins(layers)) + torch.tensor(self.reach)
        return Places(corners, self.patch, self.windows(layers))

    def runs(self, layers: int) -> list[list[Run]]:
        """For every row of cells its strokes, in drawing order."""
        (rows, cols), (down, across) = self.cells, self.spacing
        runs: list[list[Run]] = [[] for _ in range(rows)]
        first = 0
        for turn, (i, j) in enumerate(self._phases(layers)):
            count = len(range(j, cols, across))
            for row in range(i, rows, down):
                runs[row].append(Run(turn, slice(first, first + count), j))
                first += count
        return runs

    @property
    def beyond(self) -> tuple[int, int, int, int]:
        """How far the outermost patches reach beyond the canvas: left, right, top, bottom."""
        (top, left), (height, width) = self.reach, self.size
        (rows, cols), (down, across) = self.cells, self.stride
        full_height, full_width = (rows - 1) * down + self.patch[0], (cols - 1) * across + self.patch[1]
        return left, full_width - width - left, top, full_height - height - top

    def pad(self, canvas: Tensor) -> Tensor:
        """Widen a canvas (B, C, H, W) so that the outermost patches lie on it."""
        return pad(canvas, self.beyond)

    def crop(self, wide: Tensor) -> Tensor:
        """The canvas within a widened one."""
        (top, left), (height, width) = self.reach, self.size
        return wide[:, :, top : top + height, left : left + width]

    def _phases(self, layers: int) -> Iterator[Pair]:
        (rows, cols), (down, across) = self.cells, self.spacing
        phases = [(i, j) for i in range(min(down, rows)) for j in range(min(across, cols))]
        for layer in range(layers):
            yield from phases if layer % 2 == 0 else reversed(phases)

    def _view(self, i: int, j: int) -> Callable[[Tensor], Tensor]:
        (height, width), (down, right), (every, each) = self.patch, self.stride, self.spacing

        def view(canvas: Tensor) -> Tensor:
            part = canvas[:, :, i * down :, j * right :]
            return part.unfold(2, height, every * down).unfold(3, width, each * right).permute(0, 2, 3, 1, 4, 5)

        return view

    def band_view(self, col: int) -> Callable[[Tensor], Tensor]:
        """Of a band of the widened canvas, any height, the patches of a :class:`Run` that begins at this column."""
        width, right, each = self.patch[1], self.stride[1], self.spacing[1]

        def view(band: Tensor) -> Tensor:
            return band[:, :, :, col * right :].unfold(3, width, each * right).permute(0, 3, 1, 2, 4)

        return view


def patch_side(cells: Pair, size: Pair, overlap: float, margin: float) -> int:
    """Side of the square patches with which so many cells cover a canvas of ``size`` with just this overlap."""
    stride = max(math.ceil(side / count) for side, count in zip(size, cells, strict=True))
    return math.ceil(stride / (1 - overlap) / (1 - 2 * margin))


def lay_out(
    patch: Pair, rows: int | None, cols: int | None, size: Pair | None, overlap: float, margin: float
) -> Lattice:
    """Lay patches out over a canvas.

    Args:
        patch: (h, w).
        rows: Of cells; None takes as many as ``size`` needs.
        cols: Likewise.
        size: (H, W); None takes rows x cols strides.
        overlap: Of neighbouring cells, as a fraction of the cell.
        margin: Of the patch on each side, as a fraction of the patch.

    Raises:
        ValueError: Neither rows and cols nor a size, or too few cells to cover the canvas.
    """
    widest = [max(1, math.floor(side * (1 - 2 * margin) * (1 - overlap) + 1e-6)) for side in patch]
    if size is None:
        if rows is None or cols is None:
            raise ValueError("a grid needs rows and cols, or a size, or all of them")
        size = (rows * widest[0], cols * widest[1])
    needed = [math.ceil(side / stride) for side, stride in zip(size, widest, strict=True)]
    rows, cols = rows or needed[0], cols or needed[1]
    if rows < needed[0] or cols < needed[1]:
        raise ValueError(
            f"{rows} x {cols} cells cannot cover {size[0]} x {size[1]} px: patches of {patch[0]} x {patch[1]} px with "
            f"overlap {overlap:g} and margin {margin:g} stand {widest[0]} x {widest[1]} px apart, so "
            f"{needed[0]} x {needed[1]} are needed"
        )
    stride = math.ceil(size[0] / rows), math.ceil(size[1] / cols)
    surplus = rows * stride[0] - size[0], cols * stride[1] - size[1]
    reach = (patch[0] - stride[0]) // 2 + surplus[0] // 2, (patch[1] - stride[1]) // 2 + surplus[1] // 2
    return Lattice((rows, cols), size, patch, stride, reach)
