"""diffpaint: plugin-style differentiable renderers, from actions to a canvas and back."""

import lazy_loader

__version__ = "0.1.0"

# what __init__.pyi lists, imported when it is used: so the command line starts without torch
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
