"""What is planned from a request: a canvas to optimise on, and larger ones to keep, all of one layout."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

import click
import torch

from ..expression import load_renderer
from ..io.syntax import parse_call
from ..registry import load
from ..renderer import Renderer, StrokeRenderer
from .options import OVERLAP, Request

CANVAS = 256  # px, about the longest side of the canvas while it is optimised; rendering at any size comes after
SCATTERED = 340  # px, likewise, where strokes lie in no cells, so that some are small
COARSEST = 3  # rows of the largest cells, about
STRIDE = 14  # px of that canvas from cell to cell at least: with many cells it is larger
MOST_STROKES = 100_000
FILM = 512  # px, about the longest side of a time-lapse


@dataclass(frozen=True)
class Plan:
    """Renderers of the same actions.

    Attributes:
        small: On the canvas that is optimised.
        large: Of the painting.
        film: Of a time-lapse.
        strokes: As ``small.initial`` takes them.
    """

    small: Renderer
    large: Renderer
    film: Renderer
    strokes: int


def scale_of(request: Request) -> int:
    """How many times larger than the canvas that is optimised the painting is.

    Where it should be as large as a photo, one near to that whose multiple is nearest to the photo's size.
    """
    canvas = max(CANVAS, STRIDE * max(request.grid or (1, 1))) if request.in_cells else SCATTERED
    nearest = max(1, round(request.size / canvas))
    if request.original is None:
        return nearest
    sides = request.original

    def off(scale: int) -> tuple[int, int]:
        return max(abs(scale * round(side / scale) - side) for side in sides), abs(scale - nearest)

    return min(range(math.ceil(3 * nearest / 4), 4 * nearest // 3 + 1), key=off)


def longest_of(request: Request) -> int:
    """Longest side of the canvas that is optimised, px."""
    return request.size // scale_of(request)


def plan(request: Request, size: tuple[int, int], batch: int = 1) -> Plan:
    """Make the renderers: a stroke renderer paints in patches, or in the cells of a grid, any other the whole canvas.

    Args:
        request: What was asked.
        size: (H, W) of the canvas that is optimised.
        batch: Number of paintings.

    Raises:
        ValueError: The grid itself, options that the renderer does not take, too many strokes, or a renderer whose
            actions depend on the size of its canvas.
    """
    brush = {} if request.brush is None else {"brush": request.brush}
    probe, strokes, fast = _probe(request), request.strokes or request.default_strokes, {}
    if (total := scattered(request, probe)) is not None:
        name, options = "scatter", {"renderer": request.renderer, "size": size} | brush
        strokes, fast = total, {"coarse": True}
        click.echo(f"{total} strokes where the picture needs them, on {size[1]} x {size[0]} px", err=True)
    elif isinstance(probe, StrokeRenderer) and probe.stitches:
        name, options = _in_cells(request, size, brush)
    else:
        _check_whole(request, probe)
        name, options = request.renderer, {"size": size, **brush}
    scale = scale_of(request)
    small, others = enlarged(name, 1, **options, **fast), (scale, min(scale, max(1, FILM // max(size))))
    large, film = (enlarged(name, factor, **options) for factor in others)
    shape = small.initial(batch, strokes, torch.Generator()).shape
    for other in (large, film):
        if other.action_names != small.action_names or other.initial(batch, strokes, torch.Generator()).shape != shape:
            raise ValueError(
                f"{request.renderer} takes other actions on {other.size[1]} x {other.size[0]} px than on "
                f"{small.size[1]} x {small.size[0]}, so it cannot be rendered larger; name a --size of at most {CANVAS}"
            )
    return Plan(small, large, film, strokes)


def scattered(request: Request, probe: Renderer | None = None) -> int | None:
    """How many strokes are put where the picture needs them; None if they lie in cells, or are of the whole canvas."""
    probe = _probe(request) if probe is None else probe
    if request.scattered is None or request.in_cells or not (isinstance(probe, StrokeRenderer) and probe.stitches):
        return None
    total = request.strokes or request.scattered
    if total > MOST_STROKES:
        raise ValueError(f"--strokes is at most {MOST_STROKES}, got {total}")
    return total


def _probe(request: Request) -> Renderer:
    """The renderer that was asked for, of any size."""
    if (name := parse_call(request.renderer).name) in ("grid", "pyramid", "scatter"):
        raise ValueError(f"--renderer names what paints the strokes, such as neural-splat, not the {name} itself")
    return load_renderer(request.renderer, **({} if request.brush is None else {"brush": request.brush}))


def enlarged(name: str, factor: float = 1, /, **options: Any) -> Renderer:
    """A renderer of the same actions on a canvas that is some times larger.

    One that has the option ``scale``, since its layout depends on its size, is asked for a whole multiple of it; any
    other for a ``size``.

    Args:
        name: Of the renderer.
        factor: Above 0.
        options: Of the renderer.

    Raises:
        PluginError: It cannot be loaded.
        ValueError: It does not take these options, or has neither of the two.
    """
    known = inspect.signature(load("renderers", parse_call(name).name)).parameters
    if "scale" in known:
        options["scale"] = max(1, round(options.get("scale", 1) * factor))
    elif factor != 1:
        height, width = options.get("size") or load_renderer(name, **options).size
        options["size"] = max(1, round(height * factor)), max(1, round(width * factor))
    return load_renderer(name, **options)


def check_cells(rows: int, cols: int, each: int) -> None:
    """Check that so many cells with so many strokes in each can be painted.

    Raises:
        ValueError: They are more strokes than a painting can have.
    """
    if (total := rows * cols * each) > MOST_STROKES:
        raise ValueError(f"{rows} x {cols} cells make {total} strokes; at most {MOST_STROKES} can be painted")


def _in_cells(request: Request, size: tuple[int, int], brush: dict[str, str]) -> tuple[str, dict]:
    """Name and options of the grid or pyramid."""
    rows, cols = request.grid or _cells(request.cells, size)
    each = request.strokes or request.default_strokes
    check_cells(rows, cols, each)
    overlap = OVERLAP if request.overlap is None else request.overlap
    options = {"renderer": request.renderer, "rows": rows, "cols": cols, "size": size, "overlap": overlap} | brush
    levels = request.pyramid or request.default_pyramid or 1 + max(0, round(math.log2(min(rows, cols) / COARSEST)))
    below = f" above {levels - 1} level{'s' * (levels > 2)} of larger ones" if levels > 1 else ""
    click.echo(f"{rows} x {cols} cells{below}, {each} strokes in each, on {size[1]} x {size[0]} px", err=True)
    return ("grid", options) if levels == 1 else ("pyramid", options | {"levels": levels})


def has_strokes(renderer: Renderer) -> bool:
    """Whether it takes as many strokes as it is asked to."""
    one, two = (renderer.initial(1, count, torch.Generator()).shape for count in (1, 2))
    return one != two


def _check_whole(request: Request, renderer: Renderer) -> None:
    """Refuse options that mean nothing to a renderer without cells."""
    meant = {"--grid": request.grid, "--overlap": request.overlap, "--pyramid": request.pyramid}
    if not has_strokes(renderer):
        meant["--strokes"] = request.strokes
    if unmeant := [name for name, value in meant.items() if value is not None]:
        raise ValueError(f"{request.renderer} has no strokes in cells: {', '.join(unmeant)} mean nothing to it")


def _cells(count: int, size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of about as many cells as there should be, nearly square."""
    rows = max(1, round(math.sqrt(count * size[0] / size[1])))
    return rows, max(1, round(count / rows))
