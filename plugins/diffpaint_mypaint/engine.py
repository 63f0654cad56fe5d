"""The MyPaint engine itself: a brush, a surface, and a stroke drawn by motion events."""

from __future__ import annotations

import colorsys
import ctypes as ct
import json
import math

import numpy as np

from .brushes import BrushFile
from .library import TileFunction, libmypaint
from .limits import check_limits
from .reach import LEARNED_SIDE
from .uninterrupted import uninterrupted

TILE = 64  # side of the engine's tiles, px; compiled into libmypaint
ONE = 1 << 15  # 1.0 in the engine's 15-bit fixed point
EVENT_SECONDS = 0.1  # time between motion events; above 0.1 s the engine injects an event of its own
EVENTS = 50  # motion events a stroke
REST_SECONDS = 10.0  # of the event before a stroke: the pen lags behind events, and in this time it arrives


class Surface:
    """A canvas in memory that the engine draws on (``MyPaintTiledSurface2``).

    Args:
        width: px.
        height: px.
        shrink: Blocks of so many px a side are averaged when pixels are read; width and height are multiples of it.

    Attributes:
        tiles: uint16 (rows, columns, 64, 64, 4), premultiplied sRGB and alpha, 32768 = 1.0.
    """

    def __init__(self, width: int, height: int, shrink: int = 1):
        self.width, self.height, self.shrink = width, height, shrink
        rows, columns = -(-height // TILE), -(-width // TILE)
        self.tiles = np.zeros((rows, columns, TILE, TILE, 4), np.uint16)
        self._outside = np.zeros((TILE, TILE, 4), np.uint16)  # dabs beyond the canvas land here
        base, outside, step = self.tiles.ctypes.data, self._outside.ctypes.data, TILE * TILE * 8

        def start(_surface, request):
            tile = request.contents
            x, y = tile.tx, tile.ty
            tile.buffer = base + (y * columns + x) * step if 0 <= x < columns and 0 <= y < rows else outside

        # kept: the engine holds bare pointers to both functions
        self._start, self._end = TileFunction(start), TileFunction(lambda _surface, _request: None)
        self._memory = ct.create_string_buffer(4096)  # sizeof(MyPaintTiledSurface2) is about 300
        self.pointer = ct.addressof(self._memory)
        libmypaint().mypaint_tiled_surface2_init(self.pointer, self._start, self._end)

    def clear(self, background: tuple[float, float, float] | np.ndarray | None = None) -> None:
        """Fill with an opaque sRGB colour in [0, 1], or a picture (height, width, 3), or make it transparent."""
        self.tiles.fill(0)
        if isinstance(background, np.ndarray):
            rows, columns = self.tiles.shape[:2]
            pixels = np.full((rows * TILE, columns * TILE, 4), ONE, self.tiles.dtype)
            pixels[: self.height, : self.width, :3] = np.rint(background * ONE)
            self.tiles[:] = pixels.reshape(rows, TILE, columns, TILE, 4).swapaxes(1, 2)
        elif background is not None:
            self.tiles[:] = [round(channel * ONE) for channel in background] + [ONE]

    def rgba(self) -> np.ndarray:
        """The pixels, uint16 (height, width, 4), premultiplied, 32768 = 1.0; averages of blocks with ``shrink``."""
        rows = self.tiles.transpose(0, 2, 1, 3, 4)
        pixels = rows.reshape(rows.shape[0] * TILE, -1, 4)[: self.height, : self.width]
        if self.shrink == 1:
            return pixels
        blocks = pixels.reshape(self.height // self.shrink, self.shrink, self.width // self.shrink, self.shrink, 4)
        return ((blocks.sum((1, 3), np.uint32) + self.shrink**2 // 2) // self.shrink**2).astype(np.uint16)

    def alpha8(self) -> np.ndarray:
        """Alpha alone, uint8 (height, width)."""
        return _to_uint8(self.rgba()[..., 3])

    def rgb8(self) -> np.ndarray:
        """Colour, uint8 (height, width, 3); meant for an opaque surface."""
        return _to_uint8(self.rgba()[..., :3])

    def rgba8(self) -> np.ndarray:
        """Straight colour and alpha, uint8 (height, width, 4)."""
        color, alpha = self.rgba()[..., :3].astype(np.float32), self.rgba()[..., 3:].astype(np.float32)
        straight = np.rint(255 * color / np.maximum(alpha, 1)).clip(0, 255).astype(np.uint8)
        return np.concatenate([straight, self.alpha8()[..., None]], 2)

    def __del__(self):
        if hasattr(self, "pointer"):
            libmypaint().mypaint_tiled_surface2_destroy(self.pointer)  # frees what it holds, not itself


class Brush:
    """One ``MyPaintBrush`` with the settings of a brush file, pigment mixing off (``paint_mode = 0``).

    With pigment mixing off a non-smudging stroke is exactly an alpha mask times one sRGB colour. Settings that the file
    leaves out are the engine's defaults. Those that depend on the size of the brush, or on the zoom, see a cell of
    ``LEARNED_SIDE`` px whatever its size, so that a stroke is the same mark at every size.

    Attributes:
        file: The brush file.
        unknown: Settings and inputs of the file that this libmypaint does not know, and leaves out.

    Raises:
        ValueError: The file has a value that would crash the engine, or keep it busy for minutes.
    """

    def __init__(self, file: BrushFile):
        check_limits(file)
        self.file = file
        settings: dict[str, dict] = {}
        unknown = set()
        for name, value in file.drawn.items():
            inputs = {of: curve for of, curve in value["inputs"].items() if _input(of) >= 0}
            if _setting(name) >= 0:
                settings[name] = {"base_value": value["base_value"], "inputs": inputs}
                unknown |= value["inputs"].keys() - inputs.keys()
            else:
                unknown.add(name)
        self.unknown = tuple(sorted(unknown))
        settings["paint_mode"] = {"base_value": 0.0, "inputs": {}}
        if "opaque_multiply" in settings:  # the one setting with a curve by default
            settings["opaque_multiply"]["inputs"].setdefault("pressure", [])
        self._json = json.dumps({"version": 3, "settings": settings}).encode()
        self._sized = [
            (_setting(name), _input(of), sign, curve)
            for name, value in settings.items()
            for of, sign in (("brush_radius", 1.0), ("viewzoom", -1.0))
            if (curve := value["inputs"].get(of))
        ]
        self._noise = settings.get("tracking_noise", {"base_value": 0.0})["base_value"]
        self._grid = settings.get("gridmap_scale", {"base_value": 0.0})["base_value"]
        self._radius = _setting("radius_logarithmic")
        self._hsv = [_setting(f"color_{channel}") for channel in "hsv"]
        self._scratch = Surface(TILE, TILE)
        self.pointer = None
        self.fresh()

    @uninterrupted
    def fresh(self) -> None:
        """Become a newly made brush: its random generator starts again at libmypaint's fixed seed.

        ``mypaint_brush_reset`` does not reseed, so the engine's brush is replaced by a new one.
        """
        lib = libmypaint()
        self._close()
        self.pointer = lib.mypaint_brush_new()
        self._shift = 0.0
        lib.mypaint_brush_from_defaults(self.pointer)
        if not lib.mypaint_brush_from_string(self.pointer, self._json):
            raise ValueError(f"libmypaint cannot read brush {self.file.name}")
        # libmypaint 1.6 reads a new brush's dabs_per_* before computing them (uninitialised memory, in stroke_to_2
        # only); two lifted events through the old call, too short for a dab, fill them in. With tracking noise the pen
        # would jump between them, and dab on a surface that is not open.
        noise = _setting("tracking_noise")
        lib.mypaint_brush_set_base_value(self.pointer, noise, 0.0)
        for _ in range(2):
            lib.mypaint_brush_stroke_to(self.pointer, self._scratch.pointer, 0.0, 0.0, 0.0, 0.0, 0.0, 1e-4)
        lib.mypaint_brush_set_base_value(self.pointer, noise, self._noise)

    def set_color(self, red: float, green: float, blue: float) -> None:
        """Set the colour, sRGB in [0, 1]."""
        for setting, value in zip(self._hsv, colorsys.rgb_to_hsv(red, green, blue), strict=True):
            libmypaint().mypaint_brush_set_base_value(self.pointer, setting, value)

    @uninterrupted
    def stroke(self, surface: Surface, path: list, radius: float, zoom: float) -> None:
        """Draw one stroke.

        Args:
            surface: Drawn on.
            path: Motion events (x, y, pressure), px and [0, 1]. The pen comes down at the first.
            radius: Base radius of the brush, px.
            zoom: The engine's view zoom. A stroke drawn s times larger wants 1/s, so that brushes that depend on
                speed draw the same mark.
        """
        self._tell_size(64 / zoom)
        lib = libmypaint()
        brush, target, stroke_to = self.pointer, surface.pointer, lib.mypaint_brush_stroke_to_2
        lib.mypaint_brush_set_base_value(brush, self._radius, float(np.log(radius)))
        lib.mypaint_brush_reset(brush)  # takes effect at the next event, which then only moves there
        lib.mypaint_brush_new_stroke(brush)
        lib.mypaint_surface_begin_atomic(target)
        x, y, _ = path[0]
        stroke_to(brush, target, x, y, 0.0, 0.0, 0.0, REST_SECONDS, zoom, 0.0, 0.0)
        for x, y, pressure in path:
            stroke_to(brush, target, x, y, pressure, 0.0, 0.0, EVENT_SECONDS, zoom, 0.0, 0.0)
        lib.mypaint_surface2_end_atomic(target, None)  # the queued dabs are painted here

    def _tell_size(self, side: float) -> None:
        """Move curves along inputs that depend on size, so that ``side`` px of a cell look like ``LEARNED_SIDE``."""
        lib, shift = libmypaint(), math.log(side / LEARNED_SIDE)
        if shift == self._shift:
            return
        self._shift = shift
        for setting, of, sign, curve in self._sized:
            for index, (x, y) in enumerate(curve):
                lib.mypaint_brush_set_mapping_point(self.pointer, setting, of, index, x + sign * shift, y)
        lib.mypaint_brush_set_base_value(self.pointer, _setting("gridmap_scale"), self._grid + shift)

    def _close(self) -> None:
        if self.pointer:
            libmypaint().mypaint_brush_unref(self.pointer)
            self.pointer = None

    def __del__(self):
        if hasattr(self, "pointer"):
            self._close()


def _setting(name: str) -> int:
    return libmypaint().mypaint_brush_setting_from_cname(name.encode())


def _input(name: str) -> int:
    return libmypaint().mypaint_brush_input_from_cname(name.encode())


def _to_uint8(fixed: np.ndarray) -> np.ndarray:
    return ((fixed.astype(np.uint32) * 255 + ONE // 2) >> 15).clip(0, 255).astype(np.uint8)
