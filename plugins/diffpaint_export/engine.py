"""Layers of strokes, drawn by the real engine: what the formats of painting programs hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diffpaint import Painting, Renderer, Writer
from diffpaint.io.bounds import check_whole
from diffpaint.io.images import to_pil
from diffpaint.renderer import STROKE_ACTION
from diffpaint_mypaint import Brush, BrushFile, carried_brush, replay_in_layers

from .levels import Level, by_side, in_parts


class Layer(NamedTuple):
    """Of a picture that a painting program opens.

    Attributes:
        name: For people.
        pixels: uint8 (H, W, 4), sRGB and alpha, straight.
    """

    name: str
    pixels: np.ndarray


def check_engine(renderer: Renderer) -> BrushFile:
    """The brush that the engine draws a renderer's strokes with.

    Raises:
        ValueError: They are no strokes of a MyPaint brush, or it does not composite, so that layers would be another
            picture.
        OSError: The engine is not installed.
    """
    missing = [name for name in STROKE_ACTION if name not in renderer.action_names]
    if missing or renderer.brush is None:
        what = f"have no {missing[0]}" if missing else "are of no brush"
        raise ValueError(f"layers are drawn by the MyPaint engine, and strokes of {type(renderer).__name__} {what}")
    file = carried_brush(renderer.brush, renderer.brush_file)
    if reason := file.beyond_compositing():
        raise ValueError(f"strokes of {file.name} cannot be drawn in layers: {reason}; 'diffpaint replay' draws them")
    return file


def levels_of(painting: Painting, layers: int | None) -> list[Level]:
    """Strokes that are drawn together: so many layers, or one a level."""
    columns, table = painting.renderer.strokes(painting.actions[0].to(painting.renderer.device))
    return by_side(columns, table.cpu().numpy()) if layers is None else in_parts(len(table), layers)


def drawn(painting: Painting, layers: int | None) -> list[Layer]:
    """The layers of one painting, lowest first; what was painted on is the first, unless it is transparent."""
    brush, document = Brush(check_engine(painting.renderer)), painting.document()
    levels, made = levels_of(painting, layers), []
    if not painting.transparent:
        made.append(Layer("ground", np.asarray(to_pil(painting.background).convert("RGBA"))))
    pictures = replay_in_layers(document, brush, [level.strokes.stop for level in levels])
    for level, pixels in zip(levels, pictures, strict=True):
        made.append(Layer(level.name, pixels))
    return made


def merged(layers: list[Layer]) -> np.ndarray:
    """Layers laid over one another, uint8 (H, W, 4), sRGB and alpha, straight: what a program that opens them shows."""
    over = np.zeros(layers[0].pixels.shape, np.float32)  # premultiplied
    for layer in layers:
        pixels = layer.pixels.astype(np.float32) / 255
        alpha = pixels[..., 3:]
        over += np.concatenate([pixels[..., :3] * alpha, alpha], 2) - over * alpha
    color = over[..., :3] / np.maximum(over[..., 3:], 1e-6)
    return np.rint(255 * np.concatenate([color, over[..., 3:]], 2)).clip(0, 255).astype(np.uint8)


class LayersWriter(Writer):
    """Writes layers that the engine draws.

    Args:
        layers: How many layers of strokes; None gives one to each level of a pyramid, or size of patch.

    Raises:
        ValueError: Less than one layer.
    """

    def __init__(self, layers: int | None = None):
        self.layers = None if layers is None else check_whole("layers", layers)

    def check_renderer(self, renderer: Renderer) -> None:
        """Its strokes are those of a MyPaint brush, and the engine is there; see :func:`check_engine`."""
        check_engine(renderer)
