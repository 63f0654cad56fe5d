"""``content``: what a pretrained network sees in the canvas should be what it sees in the photo."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diffpaint import Objective, check_canvas, check_target, distance

from .activations import Activations
from .models import Model, load_model
from .transforms import random_affine


class Content(Objective):
    """Difference to a photo in the activations of a pretrained network: the paper's intrinsic style transfer.

    Canvas and photo are shifted, scaled and rotated alike, anew at every call. The paper takes InceptionV1's
    ``mixed3b``, L1, jitter 8 px, scale 0.9 to 1.1 and rotation 5 degrees (section 5 and its notebooks).

    Args:
        target: (1, 3, H, W) or (B, 3, H, W) in [0, 1], the photo at the canvas's size.
        model: A name for :func:`load_model`, or a :class:`Model`.
        layers: Names as lucent gives them; None takes the model's own choice.
        norm: ``l2``, mean squared difference, or ``l1``, mean absolute difference; the mean over the layers.
        jitter: Largest shift, px.
        scale: Largest relative change of size.
        rotate: Largest angle, degrees.

    Raises:
        ValueError: An unknown model, layer or norm, a target of another shape, a negative number, or a canvas that is
            too small for the layers.
    """

    target: Tensor

    def __init__(
        self,
        target: Tensor,
        model: str | Model = "efficientnet-lite0",
        layers: Sequence[str] | None = None,
        norm: str = "l2",
        jitter: float = 8.0,
        scale: float = 0.1,
        rotate: float = 5.0,
    ):
        super().__init__()
        if min(jitter, scale, rotate) < 0 or scale >= 1:
            raise ValueError(
                f"jitter, scale and rotate are from 0, and scale below 1; got {jitter}, {scale} and {rotate}"
            )
        self.distance = distance(norm)
        if isinstance(model, str):
            model = load_model(model)
        self.activations = Activations(model, model.content_layers if layers is None else layers)
        self.jitter, self.scale, self.rotate = jitter, scale, rotate
        self.register_buffer("target", check_target(target), persistent=False)
        try:
            with torch.no_grad():
                self.activations(self.target)
        except RuntimeError as error:  # what torch raises for a kernel that is larger than its input
            size = tuple(target.shape[2:])
            raise ValueError(f"{model.name} cannot look at {size} px, too small perhaps: {error}") from error

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean difference of activations, over the layers, under one random transform."""
        check_canvas(canvas, self.target)
        both = random_affine(torch.cat([canvas, self.target]), self.jitter, self.scale, self.rotate)
        painted, photo = both.split([len(canvas), len(self.target)])
        with torch.no_grad():
            wanted = self.activations(photo.detach())
        seen = self.activations(painted)
        scores = [self.distance(is_, should.expand_as(is_)) for is_, should in zip(seen, wanted, strict=True)]
        return torch.stack(scores).mean()
