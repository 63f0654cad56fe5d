"""What ``content`` and ``style`` share: a canvas is compared with a picture in a network's layers, shaken, in crops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from diffpaint import Objective
from diffpaint.objective import distance

from .activations import activations_of
from .crops import Crops
from .models import Model
from .transforms import RandomAffine


class Compared(Objective):
    """A mean over layers of differences in activations; a subclass says of what to what.

    Args:
        picture: (B, 3, H, W) in [0, 1], on which the layers are tried.
        model: A name for :func:`load_model`, or a :class:`Model`.
        layers: Names as ``diffpaint models NAME`` lists them, a sequence or separated by spaces; None takes the model's
            own choice.
        norm: ``l2``, mean squared difference, or ``l1``, mean absolute difference.
        jitter: Largest shift, px.
        scale: Largest relative change of size.
        rotate: Largest angle, degrees.
        crop: Side, px, of the crops in which canvases of more than a megapixel are looked at, in the memory of one.
        crops: How many are drawn at random for each call; 0 takes all that cover the canvas.
    """

    def __init__(
        self,
        picture: Tensor,
        model: str | Model,
        layers: str | Sequence[str] | None,
        norm: str,
        jitter: float,
        scale: float,
        rotate: float,
        crop: int,
        crops: int,
    ):
        super().__init__()
        self.distance, self.crops = distance(norm), Crops(crop, crops)
        self.transform = RandomAffine(jitter, scale, rotate)
        self.activations = activations_of(model, layers, picture[:, :, :crop, :crop])

    def compare(self, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
        """The mean difference over the layers, by name; one that is wanted of all canvases is of each."""
        scores = [self.distance(found[layer], value.expand_as(found[layer])) for layer, value in wanted.items()]
        return torch.stack(scores).mean()
