"""``.svg``: every stroke as vectors, in drawing order, a layer for each level."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from torch import Tensor

from diffpaint import Painting, Renderer, Writer
from diffpaint.io.files import replacing
from diffpaint.io.ground import encode_ground

from .levels import Level, by_side
from .line import ENDS, Line, line, nearest_first
from .marks import Mark, check_marks, marks
from .outline import outlines

STYLES = ("outline", "lines")
ORDERS = ("drawing", "nearest")
MOST_SHADES = 32


class SvgWriter(Writer):
    """Strokes as paths, with their colours, for Inkscape, for the web, and for plotters.

    Args:
        style: ``outline`` draws a stroke as filled outlines, contours of the painter's own alpha that lie in one
            another, each of a part of the opacity: it looks like the canvas. ``lines`` draws one path along its curve,
            of even width: what plotters and their programs want.
        shades: Outlines of a stroke, from 1 to 32, and up to five times as many where large edges are soft: with more,
            they are softer and the file is larger.
        order: Of lines: as they were drawn, or, with ``nearest``, so that a pen travels little when it is up; levels
            stay in drawing order.

    Raises:
        ValueError: Another style or order, or a number out of range.
    """

    def __init__(self, style: str = "outline", shades: int = 3, order: str = "drawing"):
        if style not in STYLES:
            raise ValueError(f"style of an .svg is {' or '.join(STYLES)}, got {style!r}")
        if order not in ORDERS:
            raise ValueError(f"order of an .svg is {' or '.join(ORDERS)}, got {order!r}")
        if order == "nearest" and style != "lines":
            raise ValueError("order=nearest is for style=lines: outlines that lie on one another keep their order")
        if not 1 <= shades <= MOST_SHADES or shades != int(shades):
            raise ValueError(f"shades of an .svg is a whole number from 1 to {MOST_SHADES}, got {shades}")
        self.style, self.shades, self.order = style, int(shades), order

    def check_renderer(self, renderer: Renderer) -> None:
        """See :meth:`diffpaint.Writer.check_renderer`; it lays stroke over stroke, along curves if they are lines."""
        check_marks(renderer)
        if self.style == "lines" and (missing := [name for name in ENDS if name not in renderer.action_names]):
            raise ValueError(
                f"svg(style=lines) draws strokes along curves, and those of {type(renderer).__name__} have no "
                f"{missing[0]}; svg(style=outline) draws any"
            )

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`diffpaint.Writer.write`."""
        self.check_renderer(painting.renderer)
        text = "\n".join(self._document(painting))
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _document(self, painting: Painting) -> Iterator[str]:
        height, width = painting.renderer.size
        columns, table = painting.renderer.strokes(painting.actions[0].to(painting.renderer.device))
        drawn = list(marks(painting))
        curves = table.cpu().numpy()[:, [columns.index(name) for name in ENDS]] if self.style == "lines" else None
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        )
        brush = f" of {painting.renderer.brush}" if painting.renderer.brush else ""
        yield f"<title>{escape(f'Painting of {len(drawn)} strokes{brush}')}</title>"
        if not painting.transparent:
            yield from _layer("ground", "ground", [_ground(painting.background)])
        for number, level in enumerate(by_side(columns, table.cpu().numpy()), 1):
            strokes = (
                self._outlined(drawn, level, max(height, width))
                if curves is None
                else self._lined(drawn, level, curves)
            )
            yield from _layer(f"level-{number}", level.name, strokes)
        yield "</svg>\n"

    def _outlined(self, drawn: list[Mark], level: Level, longest: int) -> Iterator[str]:
        for index in level.strokes:
            paths = outlines(drawn[index], self.shades, longest)
            shown = "".join(f'<path fill-opacity="{opacity:.3g}" d="{data}"/>' for data, opacity in paths)
            yield f'<g id="stroke-{index + 1}" fill="{_hex(drawn[index].color)}">{shown}</g>'

    def _lined(self, drawn: list[Mark], level: Level, curves: np.ndarray) -> Iterator[str]:
        lines = [line(drawn[index], curves[index].reshape(3, 2)) for index in level.strokes]
        for index, one in nearest_first(lines) if self.order == "nearest" else enumerate(lines):
            index += level.strokes.start
            yield _line(one, f"stroke-{index + 1}", _hex(drawn[index].color))


def _layer(name: str, label: str, parts: Iterator[str] | list[str]) -> Iterator[str]:
    """A group that Inkscape, and vpype, take for a layer."""
    yield f'<g id="{name}" inkscape:groupmode="layer" inkscape:label={quoteattr(label)}>'
    yield from parts
    yield "</g>"


def _line(one: Line, name: str, color: str) -> str:
    start, control, end = ((f"{x:.2f} {y:.2f}") for x, y in one.points.tolist())
    return (
        f'<path id="{name}" fill="none" stroke="{color}" stroke-width="{one.width:.2f}" '
        f'stroke-opacity="{one.opacity:.3g}" stroke-linecap="round" d="M{start} Q{control} {end}"/>'
    )


def _ground(background: Tensor) -> str:
    """What was painted on: a rectangle of one colour, or a picture within the file."""
    ground = encode_ground(background)
    if isinstance(ground, dict):
        return f'<image width="100%" height="100%" href="data:image/png;base64,{ground["png"]}"/>'
    return f'<rect width="100%" height="100%" fill="{_hex(np.array(ground))}"/>'


def _hex(color: np.ndarray) -> str:
    return "#" + "".join(f"{round(255 * float(channel)):02x}" for channel in color.clip(0, 1))
