"""The grid: rows x cols overlapping cells, each painted on by the same stroke renderer. See :mod:`.lattice`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from diffpaint import Renderer, StrokeRenderer, over
from diffpaint.compositing import Stack, over_
from diffpaint.io.bounds import check_size, check_whole
from diffpaint.renderer import positions_among

from .bands import draw, paint_in_bands
from .lattice import lay_out, patch_side
from .patch import check_margin, check_patch, fit, load_patch

AT_ONCE = 2**24  # pixels of all patches together up to which keeping all strokes for backward is cheap enough
LEAST = 48**2  # pixels that a smaller patch counts as: what a painter keeps of a stroke has a part that knows no pixels


class Grid(Renderer):
    """Stitches canvases of a stroke renderer into one of any size.

    The number of strokes T is a multiple of rows * cols; ``initial(batch, strokes)`` takes strokes for each cell. Where
    the painter says how far from its curve a brush reaches, sizes are scaled so that the largest stroke ends within the
    margin around its cell. Without a margin, sizes are left as they are and strokes are cut off.

    Args:
        renderer: What paints the cells: a stroke renderer, whose canvas is the patch, or the name of one. By name,
            and with rows, cols and ``size``, the patch is made as large as the cells have to be.
        rows: Of cells; None takes as many as ``size`` needs.
        cols: Likewise.
        size: (H, W) of the canvas, any; None gives rows x cols strides.
        overlap: Of neighbouring cells, as a fraction of the cell, from 0 up to but not including 1.
        margin: Of the patch on each side, as a fraction of the patch, from 0 up to but not including 0.5.
        scale: A whole number: everything is laid out for ``size`` and then rendered with this many times the pixels
            each way, so that a painting optimised on a small canvas can be rendered on a large one.
        options: For the renderer, if it is given by name.

    Raises:
        ValueError: A number out of range, neither rows and cols nor size, a margin too narrow for the smallest stroke,
            so few cells that they cannot cover the canvas, or a renderer that composites otherwise than by ``over``.
    """

    factor: Tensor
    shift: Tensor

    def __init__(
        self,
        renderer: StrokeRenderer | str = "neural-splat",
        *,
        rows: int | None = None,
        cols: int | None = None,
        size: tuple[int, int] | None = None,
        overlap: float = 0.25,
        margin: float = 0.2,
        scale: int = 1,
        **options: Any,
    ):
        super().__init__()
        if not 0 <= overlap < 1:
            raise ValueError(f"overlap is a fraction of the cell, 0 <= overlap < 1, got {overlap}: cells must advance")
        check_margin(margin)
        for name, count in (("rows", rows), ("cols", cols), ("scale", scale)):
            if count is not None:
                check_whole(name, count)
        if size is not None:
            size = check_size(size)
        if isinstance(renderer, StrokeRenderer):
            if options or scale > 1:
                raise ValueError(f"{', '.join(options) or 'scale'}: only for a renderer that is given by its name")
            patch = renderer.size
        elif isinstance(renderer, Renderer):
            raise ValueError(f"a grid wraps stroke renderers, and a {type(renderer).__name__} is none")
        else:
            if size is not None and rows is not None and cols is not None:
                side = patch_side((rows, cols), size, overlap, margin)
                options["size"] = (side, side)
            name, renderer = renderer, load_patch(renderer, **options)
            patch = renderer.size
            if scale > 1:
                renderer = load_patch(name, **options | {"size": tuple(scale * side for side in patch)})
        factor, shift = fit(check_patch(renderer), margin, patch)
        self.renderer = renderer
        inherited = renderer.origin.get("defaults", {}).items()
        self.origin = {"defaults": {name: value for name, value in inherited if name not in ("size", *options)}}
        self.lattice = lay_out(patch, rows, cols, size, overlap, margin).scaled(scale)
        self.size = check_size(self.lattice.size)
        self.action_names = renderer.action_names
        self.shared = renderer.shared
        self.brush, self.brush_file = renderer.brush, renderer.brush_file
        self.lr = renderer.lr
        self.register_buffer("factor", factor, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    @property
    def cells(self) -> int:
        """Number of cells."""
        return math.prod(self.lattice.cells)

    @property
    def cell(self) -> float:
        """Side, in px of the canvas, of the square that brushes take for 64 px: the patch's."""
        return self.renderer.cell

    def initial(self, batch: int, strokes: int, generator: torch.Generator | None = None) -> Tensor:
        """Actions to start from, (B, strokes * cells, A); ``strokes`` is for each cell."""
        return self.renderer.initial(batch, strokes * self.cells, generator)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Draw layer by layer, cell by cell; T is strokes a cell times cells."""
        canvas = self.check(actions, canvas)
        inside, wide = self._in_patch(actions), self.lattice.pad(canvas)
        if not torch.is_grad_enabled():
            wide = draw(inside, wide, self.renderer, self.lattice)
        elif inside.shape[:2].numel() * max(math.prod(self.lattice.patch), LEAST) <= AT_ONCE:
            wide = over(*self.renderer.stack(inside), wide, self.lattice.places(actions.shape[1] // self.cells))
        else:
            wide = paint_in_bands(inside, wide, self.renderer, self.lattice)
        return self.lattice.crop(wide)

    @torch.no_grad()  # as a decorator it holds only while the generator runs, not in whoever reads it
    def frames(self, actions: Tensor, canvas: Tensor | None = None) -> Iterator[Tensor]:
        """The canvas after each stroke, (B, 3, H, W), T of them."""
        (height, width), reach = self.lattice.patch, self.lattice.reach
        wide = self.lattice.pad(self.check(actions, canvas)).clone(memory_format=torch.contiguous_format)
        for index, (y, x) in enumerate(self.lattice.origins(actions.shape[1] // self.cells)):
            color, alpha = self.renderer.stack(self._in_patch(actions[:, index : index + 1]), torch.tensor([index]))
            top, left = y + reach[0], x + reach[1]
            over_(color, alpha, wide[:, :, top : top + height, left : left + width])
            yield self.lattice.crop(wide).clone()

    def stacks(self, actions: Tensor) -> list[Stack]:
        """See :meth:`diffpaint.Renderer.stacks`."""
        self.check(actions)
        places = self.lattice.places(actions.shape[1] // self.cells)
        return [Stack(*self.renderer.stack(self._in_patch(actions)), places, self.lattice.beyond)]

    def strokes(self, actions: Tensor) -> tuple[tuple[str, ...], Tensor]:
        """The strokes in drawing order, positions and radii in px of the whole canvas."""
        names, table = self.renderer.strokes(self._in_patch(actions))
        origins = actions.new_tensor(self.lattice.origins(len(actions) // self.cells)).reshape(-1, 2)
        x, y = positions_among(names)
        table[:, x] += origins[:, 1:]
        table[:, y] += origins[:, :1]
        return names, table

    def previous(self, strokes: int) -> list[int]:
        """For each stroke the one before it in the same cell, and -1 in the first layer."""
        last, before = {}, []
        for index, origin in enumerate(self.lattice.origins(strokes // self.cells)):
            before.append(last.get(origin, -1))
            last[origin] = index
        return before

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """As every renderer's; also that the strokes are whole layers."""
        canvas = super().check(actions, canvas)
        if actions.shape[1] % self.cells:
            rows, cols = self.lattice.cells
            raise ValueError(
                f"a grid of {rows} x {cols} cells takes a multiple of {self.cells} strokes, one a cell in each layer, "
                f"got {actions.shape[1]} in actions {tuple(actions.shape)}"
            )
        return canvas

    def _in_patch(self, actions: Tensor) -> Tensor:
        """Positions as fractions of the cell become fractions of the patch; sizes end at the largest that fits."""
        return actions * self.factor + self.shift
