"""The real MyPaint engine, by ctypes: strokes, data sets of strokes, and replay of paintings. No compiler."""

from .brushes import BrushFile, brush_names, carried_brush, read_brush, unpack_brush
from .dataset import Manifest, check_complete, plan, read_manifest, read_shard, write
from .engine import Brush, Surface
from .library import EngineMissing, engine_version, libmypaint
from .replay import check_replayable, replay, replay_in_frames, replay_in_layers
from .strokes import alpha_masks, draw_painting, random_actions
from .trial import remarks, slowness

__all__ = [
    "Brush",
    "BrushFile",
    "EngineMissing",
    "Manifest",
    "Surface",
    "alpha_masks",
    "brush_names",
    "carried_brush",
    "check_complete",
    "check_replayable",
    "draw_painting",
    "engine_version",
    "libmypaint",
    "plan",
    "random_actions",
    "read_brush",
    "read_manifest",
    "read_shard",
    "remarks",
    "replay",
    "replay_in_frames",
    "replay_in_layers",
    "slowness",
    "unpack_brush",
    "write",
]
