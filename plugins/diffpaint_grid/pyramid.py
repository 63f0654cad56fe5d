"""The pyramid: grids on one canvas, large cells first, each painted on top of the last. See :mod:`.grid`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from diffpaint import Renderer
from diffpaint.compositing import Stack
from diffpaint.io.bounds import check_size, check_whole

from .grid import Grid


class Pyramid(Renderer):
    """Coarse to fine: ``levels`` grids, each with about twice the rows and columns of the one below it.

    All are of one painter and of the same size. Every cell of every level has as many strokes: T is a multiple of
    :attr:`cells`, the strokes of the coarsest level come first, and ``initial(batch, strokes)`` takes strokes for each
    cell.

    Args:
        renderer: Name of the stroke renderer that paints the cells.
        rows: Of cells in the finest level.
        cols: Likewise.
        size: (H, W) of the canvas.
        levels: How many.
        overlap: As of the grid, in every level.
        margin: Likewise.
        scale: Likewise.
        options: For the stroke renderer.

    Raises:
        ValueError: Fewer than one level, more than the cells can be halved to, or what a grid raises.
    """

    def __init__(
        self,
        renderer: str = "neural-splat",
        *,
        rows: int,
        cols: int,
        size: tuple[int, int],
        levels: int = 3,
        overlap: float = 0.25,
        margin: float = 0.2,
        scale: int = 1,
        **options: Any,
    ):
        super().__init__()
        for name, count in (("levels", levels), ("rows", rows), ("cols", cols)):
            check_whole(name, count)
        size = check_size(size)
        if levels > 1 and levels - 1 > math.log2(max(rows, cols)):
            most = 1 + int(math.log2(max(rows, cols)))
            raise ValueError(f"{rows} x {cols} cells can be halved to at most {most} levels, got {levels}")
        if not isinstance(renderer, str):
            raise ValueError(f"a pyramid takes the name of a stroke renderer, got a {type(renderer).__name__}")
        grid_options = {"overlap": overlap, "margin": margin, **options}
        factors = [2**level for level in reversed(range(levels))]
        layouts = [(max(1, round(rows / factor)), max(1, round(cols / factor))) for factor in factors]
        self.grids = nn.ModuleList(
            Grid(renderer, rows=down, cols=across, size=size, scale=scale, **grid_options) for down, across in layouts
        )
        finest = self.levels()[-1]
        self.size, self.action_names, self.lr = finest.size, finest.action_names, finest.lr
        self.brush, self.brush_file = finest.brush, finest.brush_file
        self.shared = finest.shared
        self.origin = finest.origin
        #: Options of grids with the cells of each level, on canvases that grow with their number.
        self.smaller: list[dict[str, Any]] = [
            {"renderer": renderer, "rows": down, "cols": across, **grid_options}
            | {"size": tuple(max(1, round(side / factor)) for side in size)}
            for (down, across), factor in zip(layouts, factors, strict=True)
        ]

    @property
    def cells(self) -> int:
        """Number of cells, in all levels together."""
        return sum(grid.cells for grid in self.levels())

    @property
    def cell(self) -> float:
        """Side, in px of the canvas, of the square that brushes of the finest level take for 64 px."""
        return self.levels()[-1].cell

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        """Actions to start from, (B, strokes * cells, A); ``strokes`` is for each cell."""
        return torch.cat([grid.initial(batch, strokes, generator) for grid in self.levels()], 1)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Draw level by level; T is strokes a cell times cells."""
        painted = self.check(actions, canvas)
        for grid, part in self._parts(actions):
            painted = grid(part, painted)
        return painted

    @torch.no_grad()  # as a decorator it holds only while the generator runs, not in whoever reads it
    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas after each stroke, (B, 3, H, W), T of them."""
        frame = self.check(actions, canvas)
        for grid, part in self._parts(actions):
            for frame in grid.frames(part, frame):  # noqa: B020  the next level begins on the last frame
                yield frame

    def stacks(self, actions: Tensor) -> list[Stack]:
        """See :meth:`diffpaint.Renderer.stacks`."""
        return [stack for grid, part in self._parts(actions) for stack in grid.stacks(part)]

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """As the grids', and a column ``cell``: the side in px that stands for 64 px, another in each level."""
        names, tables = (), []
        for grid, part in self._parts(actions[None]):
            names, table = grid.strokes(part[0])
            tables.append(torch.cat([table, table.new_full((len(table), 1), grid.cell)], 1))
        return (*names, "cell"), torch.cat(tables)

    def previous(self, strokes: int) -> list[int]:
        """For each stroke the one before it in the same cell, and -1 for a cell's first."""
        before, each = [], strokes // self.cells
        for grid in self.levels():
            first = len(before)
            before += [-1 if index < 0 else first + index for index in grid.previous(each * grid.cells)]
        return before

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """As every renderer's; also that every cell has as many strokes."""
        canvas = super().check(actions, canvas)
        if actions.shape[1] % self.cells:
            layouts = " + ".join(f"{grid.lattice.cells[0]} x {grid.lattice.cells[1]}" for grid in self.levels())
            raise ValueError(
                f"a pyramid of {layouts} cells takes a multiple of {self.cells} strokes, as many in every cell, "
                f"got {actions.shape[1]} in actions {tuple(actions.shape)}"
            )
        return canvas

    def levels(self) -> list[Grid]:
        """The grids, coarsest first."""
        return [grid for grid in self.grids if isinstance(grid, Grid)]

    def _parts(self, actions: Tensor) -> Iterator[tuple[Grid, Tensor]]:
        each = actions.shape[1] // self.cells
        levels = self.levels()
        yield from zip(levels, actions.split([each * grid.cells for grid in levels], 1), strict=True)
