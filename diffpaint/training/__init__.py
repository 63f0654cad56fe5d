"""Training: runs of anything that learns, in a folder that keeps how far they got.

``recipe`` has the interface, ``loop`` the run (it needs accelerate), ``wgan`` what adversarial recipes share.
"""

from .recipe import Course, Recipe
from .schedule import warmup_cosine
from .settings import TrainingSettings, setting

__all__ = ["Course", "Recipe", "TrainingSettings", "setting", "warmup_cosine"]
