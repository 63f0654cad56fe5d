"""Draw a saved painting with the real engine."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np

from diffpaint.io.bounds import MOST_PIXELS
from diffpaint.io.brief import brief
from diffpaint.io.ground import TRANSPARENT, decode_ground
from diffpaint.renderer import STROKE_ACTION

from .engine import Brush
from .limits import check_distance
from .reach import LEARNED_SIDE
from .strokes import draw_frames, draw_layers, draw_painting

COLUMNS = tuple("radius" if name == "size" else name for name in STROKE_ACTION)  # of a document that can be replayed
CELLS = 1e-3, 1e6  # px; farther off, the engine loses the speed of strokes
MOST_OVERSAMPLED = 7_000 * 7_000  # px that are drawn only to be averaged


def check_replayable(document: dict[str, Any]) -> None:
    """Check that the strokes of a painting are those of a MyPaint brush.

    Raises:
        ValueError: They are not.
    """
    if tuple(document["stroke_columns"]) not in (COLUMNS, (*COLUMNS, "cell")):
        columns = brief(", ".join(document["stroke_columns"])) or "nothing"
        raise ValueError(f"this painting cannot be replayed: its strokes have {columns}; wanted {', '.join(COLUMNS)}")


def replay(document: dict[str, Any], brush: Brush, size: int | None = None) -> np.ndarray:
    """Draw the strokes of a painting, at any size.

    Args:
        document: As :func:`diffpaint.io.document.read_document` returns it.
        brush: The brush to draw with; the document names its own as ``document["brush"]``.
        size: Longest side, px; None draws at the painting's own size.

    Returns:
        uint8 (H, W, 3), sRGB; of a transparent painting (H, W, 4), with alpha.

    Raises:
        ValueError: The painting's strokes are not those of a MyPaint brush, or the size is less than 1 px or more than
            400 megapixels.
    """
    scene = _scene(document, brush, size)
    ground = _ground(document["background"], (scene.height, scene.width))
    return draw_painting(
        scene.strokes,
        brush,
        scene.width,
        scene.height,
        cell=scene.cells,
        oversample=scene.oversample,
        background=ground,
    )


def replay_in_frames(
    document: dict[str, Any], brush: Brush, ends: Collection[int], size: int | None = None
) -> Iterator[np.ndarray]:
    """Draw the strokes of a painting, and look at it on the way.

    Args:
        document: As of :func:`replay`; so are brush, size, and what is raised.
        brush: The brush to draw with.
        ends: After how many strokes.
        size: Longest side, px.

    Yields:
        uint8 (H, W, 3), sRGB; a transparent painting is on white.
    """
    scene = _scene(document, brush, size)
    ground = _ground(document["background"], (scene.height, scene.width))
    yield from draw_frames(
        scene.strokes,
        brush,
        scene.width,
        scene.height,
        cell=scene.cells,
        ends=ends,
        oversample=scene.oversample,
        background=(1.0, 1.0, 1.0) if ground is None else ground,
    )


def replay_in_layers(
    document: dict[str, Any], brush: Brush, ends: Collection[int], size: int | None = None
) -> Iterator[np.ndarray]:
    """Draw the strokes of a painting on several transparent canvases, which make its :func:`replay` together.

    Args:
        document: As of :func:`replay`; so are brush, size, and what is raised.
        brush: One that composites (:meth:`BrushFile.beyond_compositing`); of others the layers make another picture.
        ends: The number of the stroke after the last, of each layer, rising.
        size: Longest side, px.

    Yields:
        uint8 (H, W, 4), sRGB and alpha, of each layer; without the background.
    """
    scene = _scene(document, brush, size)
    yield from draw_layers(
        scene.strokes, brush, scene.width, scene.height, cell=scene.cells, ends=ends, oversample=scene.oversample
    )


class _Scene(NamedTuple):
    """What the engine draws, in px of the picture: strokes (T, 12), their cells (T,), and how much larger it draws."""

    strokes: np.ndarray
    cells: np.ndarray
    width: int
    height: int
    oversample: int


def _scene(document: dict[str, Any], brush: Brush, size: int | None) -> _Scene:
    """See :func:`replay`."""
    check_replayable(document)
    if size is not None and size < 1:
        raise ValueError(f"size is the longest side, at least 1 px, got {size}")
    width, height = document["width"], document["height"]
    factor = 1.0 if size is None else size / max(width, height)
    if width * height * factor**2 > MOST_PIXELS:
        raise ValueError(f"a picture of this size has more than {MOST_PIXELS // 10**6} megapixels; name a smaller size")
    table = np.array(document["strokes"], np.float64).reshape(-1, len(document["stroke_columns"]))
    strokes, cells = table[:, : len(COLUMNS)], table[:, len(COLUMNS) :].ravel()
    if not len(cells):
        cells = np.full(len(strokes), document["cell"], np.float64)
    if (strokes[:, 2] <= 0).any() or not ((cells >= CELLS[0]) & (cells <= CELLS[1])).all():
        raise ValueError(
            "this painting cannot be replayed: a stroke has a radius that is not above 0, or a cell that is not from "
            f"{CELLS[0]} to {CELLS[1]:g} px"
        )
    side = max(width, height)
    if (strokes[:, 2] > side).any() or (np.abs(strokes[:, 6:12]) > 10 * side).any():
        raise ValueError("this painting cannot be replayed: a stroke is larger than the canvas, or far away from it")
    if ((strokes[:, [0, 1, 3, 4, 5]] < 0) | (strokes[:, [0, 1, 3, 4, 5]] > 1)).any():
        raise ValueError("this painting cannot be replayed: a pressure or colour is not in [0, 1]")
    strokes[:, [2, *range(6, 12)]] *= factor
    width, height = max(1, round(width * factor)), max(1, round(height * factor))
    oversample = _oversample(cells * factor, width * height)
    if len(strokes):
        check_distance(brush.file, strokes[:, 2].max() * oversample)
    return _Scene(strokes, cells * factor, width, height, oversample)


def _oversample(cells: np.ndarray, pixels: int) -> int:
    """How many times larger to draw, so that the smallest cell is about as large as those that painters learn from.

    The engine knows no dab of less than 0.2 px, and softens edges by a pixel: thin strokes on small cells come out
    darker. On larger cells than that nothing changes.
    """
    wanted = round(LEARNED_SIDE / cells.min()) if len(cells) else 1
    return max(1, min(wanted, math.isqrt(MOST_OVERSAMPLED // pixels)))


def _ground(background: Any, size: tuple[int, int]) -> tuple[float, float, float] | np.ndarray | None:
    """What a document says was painted on: a colour, a picture of this size, or nothing."""
    if background == TRANSPARENT:
        return None
    if isinstance(background, list):
        return background[0], background[1], background[2]
    return decode_ground(background, size=size)[0].permute(1, 2, 0).numpy()
