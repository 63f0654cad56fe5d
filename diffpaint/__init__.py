"""diffpaint: plugin-style differentiable renderers, from actions to a canvas and back."""

from .compositing import Window, over, over_
from .constraint_options import constraint_options
from .constraints import (
    Connected,
    Constraint,
    Fix,
    Greyscale,
    Levels,
    Limit,
    Palette,
    check_constraints,
    constrain,
)
from .device import pick_device
from .easel import Easel
from .easel_options import easel_options
from .expression import parse_objective
from .files import check_folder, check_outputs, check_writable, replacing
from .images import check_picture, check_size, read_image, write_animation, write_image
from .interrupt import catch_interrupt
from .objective import Objective, Pixel, check_canvas, check_target, distance
from .optimize import NotFiniteError, paint
from .painting import Painting, read_document
from .param import param_f
from .recompute import nothing_recomputed, recomputed
from .registry import Plugin, PluginError, describe, load, load_objective, load_renderer, names, rescan
from .renderer import STROKE_ACTION, Renderer, StrokeRenderer
from .start import Start
from .training_settings import TrainingSettings
from .weights import read_weights, read_weights_header, save_weights

__version__ = "0.1.0"

__all__ = [
    "STROKE_ACTION",
    "Connected",
    "Constraint",
    "Easel",
    "Fix",
    "Greyscale",
    "Levels",
    "Limit",
    "NotFiniteError",
    "Objective",
    "Painting",
    "Palette",
    "Pixel",
    "Plugin",
    "PluginError",
    "Renderer",
    "Start",
    "StrokeRenderer",
    "TrainingSettings",
    "Window",
    "catch_interrupt",
    "check_canvas",
    "check_constraints",
    "check_folder",
    "check_outputs",
    "check_picture",
    "check_size",
    "check_target",
    "check_writable",
    "constrain",
    "constraint_options",
    "describe",
    "distance",
    "easel_options",
    "load",
    "load_objective",
    "load_renderer",
    "names",
    "nothing_recomputed",
    "over",
    "over_",
    "paint",
    "param_f",
    "parse_objective",
    "pick_device",
    "read_document",
    "read_image",
    "read_weights",
    "read_weights_header",
    "recomputed",
    "replacing",
    "rescan",
    "save_weights",
    "write_animation",
    "write_image",
]
