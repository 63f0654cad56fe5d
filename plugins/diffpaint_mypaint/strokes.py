"""Strokes drawn by the engine: alone as alpha masks, or together as a painting."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from diffpaint.renderer import STROKE_ACTION

from .brushes import read_brush
from .engine import EVENTS, Brush, Surface

CELL = 64  # px, the canvas that radii and speeds refer to
RADIUS = (1.0, 8.0)  # px on a CELL canvas for size = 0 and 1, geometric in between


def random_actions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform actions, float32 (count, 12), as the paper's data set has them."""
    return rng.random((count, len(STROKE_ACTION)), dtype=np.float32)


def motion(strokes: np.ndarray, events: int = EVENTS) -> np.ndarray:
    """Motion events along quadratic Beziers with a linear pressure ramp.

    Args:
        strokes: (N, 12), a STROKE_ACTION each; positions in any unit.
        events: Intervals along the curve.

    Returns:
        float64 (N, events + 1, 3) of x, y (in the positions' unit) and pressure.
    """
    table = np.asarray(strokes, np.float64)
    t = np.linspace(0, 1, events + 1)[None, :, None]
    start, control, end = table[:, None, 6:8], table[:, None, 8:10], table[:, None, 10:12]
    position = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    pressure = (1 - t) * table[:, None, 0:1] + t * table[:, None, 1:2]
    return np.concatenate([position, pressure], -1)


def alpha_masks(
    actions: np.ndarray,
    brush: Brush | str = "classic/dry_brush",
    *,
    oversample: int = 1,
    radius: tuple[float, float] = RADIUS,
    reseed: bool = False,
) -> np.ndarray:
    """Draw each stroke alone on a transparent canvas.

    Args:
        actions: (N, 12) in [0, 1], a STROKE_ACTION each; x and y are fractions of the canvas, y downwards.
        brush: A brush, or its name. A Brush keeps its random generator running from call to call.
        oversample: Draw on a canvas of 64 * oversample px and average blocks down to 64.
        radius: Brush radius in px on 64 for size 0 and 1, geometric in between.
        reseed: Start every stroke with a new brush, so that equal actions give equal pixels. Otherwise the
            engine's random generator runs on from stroke to stroke.

    Returns:
        uint8 (N, 64, 64), coverage.

    Raises:
        ValueError: Actions of another shape, outside [0, 1] or not finite; oversample below 1.
    """
    actions = np.asarray(actions, np.float32)
    if actions.ndim != 2 or actions.shape[1] != len(STROKE_ACTION):
        raise ValueError(
            f"actions have shape {actions.shape}; wanted (strokes, {len(STROKE_ACTION)}): {', '.join(STROKE_ACTION)}"
        )
    if not ((actions >= 0) & (actions <= 1)).all():
        raise ValueError("actions must be finite and within [0, 1]")
    if oversample < 1:
        raise ValueError(f"oversample is a whole number from 1, got {oversample}")
    if isinstance(brush, str):
        brush = Brush(read_brush(brush))
    side = CELL * oversample
    surface = Surface(side, side)
    low, high = radius
    masks = np.empty((len(actions), CELL, CELL), np.uint8)
    for index, action in enumerate(actions):
        if reseed:
            brush.fresh()
        surface.clear()
        path = motion(action[None])[0] * (side, side, 1)
        size = low * (high / low) ** float(action[2]) * oversample
        brush.stroke(surface, path.tolist(), size, 1 / oversample)
        masks[index] = _box(surface.alpha8(), oversample)
    return masks


def draw_painting(
    strokes: np.ndarray,
    brush: Brush | str,
    width: int,
    height: int,
    *,
    cell: float | np.ndarray,
    oversample: int = 1,
    background: tuple[float, float, float] | np.ndarray | None = (1.0, 1.0, 1.0),
) -> np.ndarray:
    """Draw strokes over one another on one canvas.

    Args:
        strokes: (T, 12) in drawing order, columns as STROKE_ACTION but in px of this canvas: positions, and the brush's
            radius in the place of size. Positions may lie outside of the canvas.
        brush: A brush, or its name. Its random generator starts afresh.
        width: Of the canvas, px.
        height: Of the canvas, px.
        cell: Side in px of the square that stands for a 64-px cell, of all strokes or (T,) of each; scales speed.
        oversample: Draw so many times larger, and average blocks down.
        background: sRGB in [0, 1], one colour or a picture (height, width, 3); None for no background.

    Returns:
        uint8 (height, width, 3), sRGB; without a background (height, width, 4), with alpha.
    """
    surface = _surface(width, height, oversample, background)
    for _ in _drawn(surface, strokes, brush, cell, oversample):
        pass
    return surface.rgb8() if background is not None else surface.rgba8()


def draw_frames(
    strokes: np.ndarray,
    brush: Brush | str,
    width: int,
    height: int,
    *,
    cell: float | np.ndarray,
    ends: Collection[int],
    oversample: int = 1,
    background: tuple[float, float, float] | np.ndarray = (1.0, 1.0, 1.0),
) -> Iterator[np.ndarray]:
    """Draw strokes as :func:`draw_painting` does, and look at the canvas on the way.

    Args:
        strokes: As of :func:`draw_painting`; so are all others.
        brush: Its random generator starts afresh.
        width: Of the canvas, px.
        height: Of the canvas, px.
        cell: Of all strokes or (T,) of each.
        ends: After how many strokes.
        oversample: Draw so many times larger.
        background: What is painted on.

    Yields:
        uint8 (height, width, 3), sRGB.
    """
    surface = _surface(width, height, oversample, background)
    for drawn in _drawn(surface, strokes, brush, cell, oversample):
        if drawn in ends:
            yield surface.rgb8()


def draw_layers(
    strokes: np.ndarray,
    brush: Brush | str,
    width: int,
    height: int,
    *,
    cell: float | np.ndarray,
    ends: Collection[int],
    oversample: int = 1,
) -> Iterator[np.ndarray]:
    """Draw strokes as :func:`draw_painting` does, on several transparent canvases one after another.

    Laid over one another they are that painting, since strokes that do not smudge see nothing of what lies below.

    Args:
        strokes: As of :func:`draw_painting`; so are all others.
        brush: Of all layers: its random generator runs on from one to the next.
        width: Of the canvas, px.
        height: Of the canvas, px.
        cell: Of all strokes or (T,) of each.
        ends: The number of the stroke after the last, of each layer, rising.
        oversample: Draw so many times larger.

    Yields:
        uint8 (height, width, 4), straight colour and alpha, of each layer.
    """
    surface = _surface(width, height, oversample, None)
    for drawn in _drawn(surface, strokes, brush, cell, oversample):
        if drawn in ends:
            yield surface.rgba8()
            surface.clear()


def _surface(
    width: int, height: int, oversample: int, background: tuple[float, float, float] | np.ndarray | None
) -> Surface:
    """What is drawn on, so many times larger than the picture."""
    surface = Surface(width * oversample, height * oversample, shrink=oversample)
    if isinstance(background, np.ndarray):
        background = background.repeat(oversample, 0).repeat(oversample, 1)
    surface.clear(background)
    return surface


def _drawn(
    surface: Surface, strokes: np.ndarray, brush: Brush | str, cell: float | np.ndarray, oversample: int
) -> Iterator[int]:
    """Draw stroke by stroke with a new brush; gives how many are drawn."""
    if isinstance(brush, str):
        brush = Brush(read_brush(brush))
    else:
        brush.fresh()
    table = np.array(strokes, np.float64)
    table[:, [2, *range(6, 12)]] *= oversample
    cells = (oversample * np.broadcast_to(cell, len(table))).tolist()
    for number, (stroke, path, side) in enumerate(zip(table, motion(table), cells, strict=True), 1):
        brush.set_color(*stroke[3:6])
        brush.stroke(surface, path.tolist(), stroke[2], CELL / side)
        yield number


def _box(mask: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return mask
    blocks = mask.reshape(CELL, factor, CELL, factor).mean((1, 3))
    return np.rint(blocks).astype(np.uint8)
