"""Objectives by CLIP, which was trained on pictures and what is written beside them: of a text, and of its layers."""

import warnings

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses what torch has since deprecated
        import open_clip  # noqa: F401
except Exception as error:  # torchvision raises RuntimeError where it does not match torch
    raise ImportError(
        f"open_clip is not usable ({type(error).__name__}: {str(error).partition(chr(10))[0]}); "
        "pip install 'diffpaint[clip]'"
    ) from error

from .clip import Clip
from .content import ClipContent
from .networks import image_model, load_clip
from .prompts import weighted

__all__ = ["Clip", "ClipContent", "image_model", "load_clip", "weighted"]
