"""The grid: rows x cols overlapping cells, each painted on by the same stroke renderer.

Geometry, along one axis. A *cell* is where the points of a stroke may lie. Around it the wrapped renderer's canvas, the
*patch*, leaves a margin in which strokes have room to end, so that none is cut off at a straight line. Cells stand
``stride`` apart and overlap; the lattice is centred on the canvas, so that the outermost cells reach beyond its edge by
half the overlap, and the edge is painted like the rest.

    patch   |--margin--|------------- cell -------------|--margin--|
    canvas        ...  |<- overlap ->|<-- stride -->| ...

Order. Strokes are drawn in layers: the first stroke of every cell, then the second of every cell, ... Within a layer,
cells whose patches do not touch are drawn together: all (i + ky r, j + kx c) for one phase (i, j), cells in raster order.
Phases follow in raster order in even layers and in reverse in odd ones, so that no side of a cell always lies on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffpaint import Renderer, StrokeRenderer, load_renderer, over


class Grid(Renderer):
    """Stitches canvases of a stroke renderer into one of any size.

    The number of strokes T is a multiple of rows * cols; ``initial(batch, strokes)`` takes strokes for each cell.

    Args:
        renderer: What paints the cells: a stroke renderer, whose canvas is the patch, or the name of one. By name,
            and with ``size``, the patch is made as large as the cells have to be.
        rows: Of cells; None takes as many as ``size`` needs.
        cols: Likewise.
        size: (H, W) of the canvas, any; None gives rows x cols strides.
        overlap: Of neighbouring cells, as a fraction of the cell, from 0 up to but not including 1.
        margin: Of the patch on each side, as a fraction of the patch, from 0 up to but not including 0.5.
        options: For the renderer, if it is given by name.

    Raises:
        ValueError: A number out of range, neither rows and cols nor size, or so few cells that they cannot cover the
            canvas.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        renderer: StrokeRenderer | str = "neural-splat",
        *,
        rows: int | None = None,
        cols: int | None = None,
        size: tuple[int, int] | None = None,
        overlap: float = 0.5,
        margin: float = 0.2,
        **options: Any,
    ):
        super().__init__()
        if not 0 <= overlap < 1:
            raise ValueError(f"overlap is a fraction of the cell, 0 <= overlap < 1, got {overlap}: cells must advance")
        if not 0 <= margin < 0.5:
            raise ValueError(f"margin is a fraction of the patch, 0 <= margin < 0.5, got {margin}")
        for name, count in (("rows", rows), ("cols", cols)):
            if count is not None and count < 1:
                raise ValueError(f"{name} must be at least 1, got {count}")
        if size is not None and min(size) < 1:
            raise ValueError(f"size is (height, width) of at least 1 px, got {size}")
        if size is None and (rows is None or cols is None):
            raise ValueError("a grid needs rows and cols, or a size, or all of them")
        if isinstance(renderer, str):
            if size is not None and rows is not None and cols is not None:
                stride = max(math.ceil(size[0] / rows), math.ceil(size[1] / cols))
                side = math.ceil(stride / (1 - overlap) / (1 - 2 * margin))
                options["size"] = (side, side)
            renderer = _stroke_renderer(renderer, options)
        elif options:
            raise ValueError(f"options {', '.join(options)} are for a renderer given by name; this one is made already")
        patch = renderer.size
        cell = [side * (1 - 2 * margin) for side in patch]
        stride = [max(1, math.floor(side * (1 - overlap) + 1e-6)) for side in cell]
        if size is not None:
            rows, cols = rows or math.ceil(size[0] / stride[0]), cols or math.ceil(size[1] / stride[1])
            if rows * stride[0] < size[0] or cols * stride[1] < size[1]:
                raise ValueError(
                    f"{rows} x {cols} cells cannot cover {size[0]} x {size[1]} px: patches of {patch[0]} x {patch[1]} px "
                    f"with overlap {overlap:g} and margin {margin:g} stand {stride[0]} x {stride[1]} px apart, so "
                    f"{math.ceil(size[0] / stride[0])} x {math.ceil(size[1] / stride[1])} are needed"
                )
            stride = [math.ceil(size[0] / rows), math.ceil(size[1] / cols)]
        assert rows is not None and cols is not None
        self.renderer = renderer
        self.action_names = renderer.action_names
        self.rows, self.cols = rows, cols
        self.patch, self.stride = patch, (stride[0], stride[1])
        self.size = (size[0], size[1]) if size is not None else (rows * stride[0], cols * stride[1])
        # what lies around the canvas, top and left, for the outermost patches to reach into
        self.reach = tuple(
            (p - s) // 2 + (n * s - side) // 2
            for p, s, n, side in zip(patch, stride, (rows, cols), self.size, strict=True)
        )
        self.spacing = tuple(math.ceil(p / s) for p, s in zip(patch, stride, strict=True))
        self.brush = renderer.brush
        scale, shift = torch.ones(len(self.action_names)), torch.zeros(len(self.action_names))
        for positions in renderer.positions():
            scale[positions], shift[positions] = 1 - 2 * margin, margin
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.rows * self.cols

    @property
    def cell(self) -> float:
        """Side, in px of the canvas, of the square that brushes take for 64 px: the patch's."""
        return self.renderer.cell

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        """Actions to start from, (B, strokes * cells, A); ``strokes`` is for each cell."""
        return self.renderer.initial(batch, strokes * self.cells, generator)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        canvas = self.check(actions, canvas)
        color, alpha = self.renderer.stack(self._in_patch(actions))
        return self._crop(over(color, alpha, self._pad(canvas), self._windows(actions.shape[1])))

    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas after each stroke, (B, 3, H, W), T of them."""
        with torch.no_grad():
            wide = self._pad(self.check(actions, canvas)).contiguous()
            for index, (y, x) in enumerate(self.origins(actions.shape[1])):
                color, alpha = self.renderer.stack(self._in_patch(actions[:, index : index + 1]))
                top, left = y + self.reach[0], x + self.reach[1]
                place = wide[:, :, top : top + self.patch[0], left : left + self.patch[1]]
                place.copy_(over(color, alpha, place))
                yield self._crop(wide).clone()

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """The strokes in drawing order, positions and radii in px of the whole canvas."""
        names, table = self.renderer.strokes(self._in_patch(actions))
        origins = actions.new_tensor(self.origins(len(actions)))
        x, y = self.positions()
        table[:, x] += origins[:, 1:]
        table[:, y] += origins[:, :1]
        return names, table

    def origins(self, strokes: int) -> list[tuple[int, int]]:
        """(y, x) of the top left corner of every stroke's patch in the canvas, px, in drawing order."""
        return [
            (row * self.stride[0] - self.reach[0], col * self.stride[1] - self.reach[1])
            for i, j in self._phases(strokes)
            for row in range(i, self.rows, self.spacing[0])
            for col in range(j, self.cols, self.spacing[1])
        ]

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """As every renderer's; also that the strokes are whole layers."""
        canvas = super().check(actions, canvas)
        if actions.shape[1] % self.cells:
            raise ValueError(
                f"a grid of {self.rows} x {self.cols} cells takes a multiple of {self.cells} strokes, one a cell in "
                f"each layer, got {actions.shape[1]} in actions {tuple(actions.shape)}"
            )
        return canvas

    def _phases(self, strokes: int) -> Iterator[tuple[int, int]]:
        phases = [(i, j) for i in range(min(self.spacing[0], self.rows)) for j in range(min(self.spacing[1], self.cols))]
        for layer in range(strokes // self.cells):
            yield from phases if layer % 2 == 0 else reversed(phases)

    def _windows(self, strokes: int) -> list[tuple[slice, Callable[[Tensor], Tensor]]]:
        windows, first = [], 0
        for i, j in self._phases(strokes):
            count = math.ceil((self.rows - i) / self.spacing[0]) * math.ceil((self.cols - j) / self.spacing[1])
            windows.append((slice(first, first + count), self._view(i, j)))
            first += count
        return windows

    def _view(self, i: int, j: int) -> Callable[[Tensor], Tensor]:
        (height, width), (down, right), (every, each) = self.patch, self.stride, self.spacing

        def view(canvas: Tensor) -> Tensor:
            part = canvas[:, :, i * down :, j * right :]
            return part.unfold(2, height, every * down).unfold(3, width, each * right).permute(0, 2, 3, 1, 4, 5)

        return view

    def _in_patch(self, actions: Tensor) -> Tensor:
        """Positions as fractions of the cell become fractions of the patch."""
        return actions * self.scale + self.shift

    def _pad(self, canvas: Tensor) -> Tensor:
        (top, left), (height, width) = self.reach, self.size
        full = [(n - 1) * s + p for n, s, p in zip((self.rows, self.cols), self.stride, self.patch, strict=True)]
        return pad(canvas, (left, full[1] - width - left, top, full[0] - height - top))

    def _crop(self, wide: Tensor) -> Tensor:
        (top, left), (height, width) = self.reach, self.size
        return wide[:, :, top : top + height, left : left + width]


def _stroke_renderer(name: str, options: dict[str, Any]) -> StrokeRenderer:
    renderer = load_renderer(name, **options)
    if not isinstance(renderer, StrokeRenderer):
        raise ValueError(f"a grid wraps stroke renderers; {name!r} is a {type(renderer).__name__}")
    return renderer
