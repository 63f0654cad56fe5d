"""What classifiers say of a canvas."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .imagenet import CLASSES
from .models import Model
from .transforms import resized


def probabilities(model: Model, canvas: Tensor) -> Tensor:
    """Probabilities of ImageNet's classes, (B, 1000), for canvases (B, 3, H, W) in [0, 1], as they are."""
    with torch.no_grad():
        return model.network(model.normalise(resized(canvas, model.size))).softmax(1)


def check_labels(models: Sequence[Model]) -> None:
    """Check that networks know ImageNet's 1000 classes, on a blank canvas.

    Raises:
        ValueError: One yields something else.
    """
    for model in models:
        device = next((parameter.device for parameter in model.network.parameters()), torch.device("cpu"))
        with torch.no_grad():
            given = model.network(model.normalise(torch.ones(1, 3, model.size, model.size, device=device)))
        shape = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
        if shape != (1, CLASSES):
            raise ValueError(
                f"{model.name} does not yield ImageNet's {CLASSES} labels but {shape}; "
                "an 'activation' objective can name its layers"
            )
