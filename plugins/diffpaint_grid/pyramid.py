"""The pyramid: grids on one canvas, large cells first, each painted on top of the last. See :mod:`.grid`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate
from tqdm import trange

from diffpaint import Constraint, Pixel, Renderer, constrain

from .grid import Grid

DRAFT_STEPS = 40  # of the optimiser, in each level
SATURATED = 0.05  # colours start as far from 0 and 1, or so few steps could not bring them back


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
        if levels < 1:
            raise ValueError(f"levels must be at least 1, got {levels}")
        if levels > 1 and 2 ** (levels - 1) > max(rows, cols):
            most = 1 + int(math.log2(max(rows, cols, 1)))
            raise ValueError(f"{rows} x {cols} cells can be halved to at most {most} levels, got {levels}")
        if not isinstance(renderer, str):
            raise ValueError(f"a pyramid takes the name of a stroke renderer, got a {type(renderer).__name__}")
        grid_options = {"overlap": overlap, "margin": margin, **options}
        factors = [2**level for level in reversed(range(levels))]
        layouts = [(max(1, round(rows / factor)), max(1, round(cols / factor))) for factor in factors]
        self.grids = nn.ModuleList(
            Grid(renderer, rows=down, cols=across, size=size, scale=scale, **grid_options) for down, across in layouts
        )
        finest = self._levels()[-1]
        self.size, self.action_names, self.brush, self.lr = finest.size, finest.action_names, finest.brush, finest.lr
        self._smaller: list[dict[str, Any]] = [
            {"renderer": renderer, "rows": down, "cols": across, **grid_options}
            | {"size": tuple(max(1, round(side / factor)) for side in size)}
            for (down, across), factor in zip(layouts, factors, strict=True)
        ]

    @property
    def cells(self) -> int:
        """Number of cells, in all levels together."""
        return sum(grid.cells for grid in self._levels())

    @property
    def cell(self) -> float:
        """Side, in px of the canvas, of the square that brushes of the finest level take for 64 px."""
        return self._levels()[-1].cell

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        """Actions to start from, (B, strokes * cells, A); ``strokes`` is for each cell."""
        return torch.cat([grid.initial(batch, strokes, generator) for grid in self._levels()], 1)

    def draft(
        self,
        target: Tensor,
        strokes: int,
        seed: int = 0,
        constraints: Sequence[Constraint] = (),
        progress: bool = False,
    ) -> Tensor:
        """Actions to start from: levels painted on white by pixels, one after another, each on its own scale.

        The strokes of a level begin with the colours that they are to lie on, so that none hides what is there. The
        coarsest is painted on the smallest canvas, so that all but the finest take next to no time.
        """
        generator = torch.Generator().manual_seed(seed)
        canvas = torch.ones_like(target).to(self.device)
        drafted = []
        for level, options in enumerate(self._smaller, 1):
            grid = Grid(**options).to(self.device)
            wanted, ground = (_resized(picture, grid.size) for picture in (target.to(self.device), canvas))
            start = grid.initial(len(target), strokes, generator).to(self.device)
            if level > 1:
                start = _colored(grid, start, ground)
            logits = start.logit(eps=SATURATED).requires_grad_()
            goal, adam = Pixel(wanted), torch.optim.Adam([logits], lr=self.lr)
            name = f"draft, level {level} of {len(self._smaller)}"
            for step in trange(DRAFT_STEPS, desc=name, unit="step", disable=not progress, leave=False):
                adam.zero_grad()
                goal(grid(constrain(logits.sigmoid(), constraints, grid, step / DRAFT_STEPS), ground)).backward()
                adam.step()
            drafted.append(logits.detach().sigmoid())
            with torch.no_grad():
                canvas = grid(constrain(drafted[-1], constraints, grid), ground)
        return torch.cat(drafted, 1).cpu()

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
        for grid in self._levels():
            first = len(before)
            before += [-1 if index < 0 else first + index for index in grid.previous(each * grid.cells)]
        return before

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """As every renderer's; also that every cell has as many strokes."""
        canvas = super().check(actions, canvas)
        if actions.shape[1] % self.cells:
            layouts = " + ".join(f"{grid.lattice.cells[0]} x {grid.lattice.cells[1]}" for grid in self._levels())
            raise ValueError(
                f"a pyramid of {layouts} cells takes a multiple of {self.cells} strokes, as many in every cell, "
                f"got {actions.shape[1]} in actions {tuple(actions.shape)}"
            )
        return canvas

    def _levels(self) -> list[Grid]:
        return [grid for grid in self.grids if isinstance(grid, Grid)]

    def _parts(self, actions: Tensor) -> Iterator[tuple[Grid, Tensor]]:
        each = actions.shape[1] // self.cells
        levels = self._levels()
        yield from zip(levels, actions.split([each * grid.cells for grid in levels], 1), strict=True)


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(picture, size, mode="bilinear", antialias=True).clamp(0, 1)


def _colored(grid: Grid, actions: Tensor, canvas: Tensor) -> Tensor:
    """The actions with the colours of the canvas where the strokes are to lie, if they have colours."""
    columns = [grid.action_names.index(name) for name in ("red", "green", "blue") if name in grid.action_names]
    if len(columns) < 3:
        return actions
    middles = [grid.strokes(one)[1][:, columns].mean(1) for one in actions for columns in grid.positions()]
    middle = torch.stack(middles).unflatten(0, (len(actions), 2)).movedim(1, 2)  # (B, T, 2), px
    height, width = grid.size
    place = 2 * middle / middle.new_tensor([width, height]) - 1
    found = grid_sample(canvas, place[:, :, None], padding_mode="border", align_corners=False)
    actions = actions.clone()
    actions[:, :, columns] = found[..., 0].movedim(1, 2)
    return actions
