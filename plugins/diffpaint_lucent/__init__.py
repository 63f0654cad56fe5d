"""Objectives that look at a canvas through a pretrained network, hooked by lucent."""

import warnings

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kornia that lucent pins uses what torch has since deprecated
        import lucent.optvis.render  # noqa: F401
except Exception as error:  # torchvision raises RuntimeError where it does not match torch
    raise ImportError(
        f"lucent or torchvision is not usable ({type(error).__name__}: {str(error).partition(chr(10))[0]}); "
        "pip install 'diffpaint[lucent]'"
    ) from error

from .activation import Activation
from .content import Content, PaperContent
from .hub import reach
from .imagenet import class_index, class_names
from .judge import probabilities
from .models import Model, Tokens, load_model
from .natural import NaturalColors
from .sparing import Sparing
from .style import Style
from .transforms import RandomAffine, resized

__all__ = [
    "Activation",
    "Content",
    "Model",
    "NaturalColors",
    "PaperContent",
    "RandomAffine",
    "Sparing",
    "Style",
    "Tokens",
    "class_index",
    "class_names",
    "load_model",
    "probabilities",
    "reach",
    "resized",
]
