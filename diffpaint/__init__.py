"""diffpaint: plugin-style differentiable renderers, from actions to a canvas and back."""

from .compositing import Window, over
from .device import pick_device
from .files import check_writable, replacing
from .images import check_picture, read_image, write_animation, write_image
from .interrupt import catch_interrupt
from .objective import Objective, Pixel, check_canvas, check_target, distance
from .optimize import NotFiniteError, paint
from .painting import Painting, read_document
from .param import param_f
from .registry import Plugin, PluginError, describe, load, load_objective, load_renderer, names, rescan
from .renderer import STROKE_ACTION, Renderer, StrokeRenderer

__version__ = "0.1.0"

__all__ = [
    "STROKE_ACTION",
    "NotFiniteError",
    "Objective",
    "Painting",
    "Pixel",
    "Plugin",
    "PluginError",
    "Renderer",
    "StrokeRenderer",
    "Window",
    "catch_interrupt",
    "check_canvas",
    "check_picture",
    "check_target",
    "check_writable",
    "describe",
    "distance",
    "load",
    "load_objective",
    "load_renderer",
    "names",
    "over",
    "paint",
    "param_f",
    "pick_device",
    "read_document",
    "read_image",
    "replacing",
    "rescan",
    "write_animation",
    "write_image",
]
