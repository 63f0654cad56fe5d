"""``content``: what a pretrained network sees in the canvas should be what it sees in the photo."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from diffpaint.objective import check_canvas, check_target

from .compared import Compared
from .crops import Place
from .models import Model


class Content(Compared):
    """Difference to a photo in the activations of a pretrained network: the paper's intrinsic style transfer.

    Canvas and photo are shifted, scaled and rotated alike, anew at every call. The paper takes InceptionV1's
    ``mixed3b``, L1, jitter 8 px, scale 0.9 to 1.1 and rotation 5 degrees (section 5 and its notebooks).

    Args:
        target: (1, 3, H, W) or (B, 3, H, W) in [0, 1], the photo at the canvas's size.
        model: A name for :func:`load_model`, or a :class:`Model`.
        layers: Names as ``diffpaint models NAME`` lists them, a sequence or separated by spaces; None takes the model's
            own choice.
        norm: ``l2``, mean squared difference, or ``l1``, mean absolute difference; the mean over the layers.
        jitter: Largest shift, px.
        scale: Largest relative change of size.
        rotate: Largest angle, degrees.
        crop: Side, px, of the crops in which canvases of more than a megapixel are looked at, in the memory of one.
        crops: How many are drawn at random for each call; 0 takes all that cover the canvas.
        begin: Part of the steps of an optimisation, from 0 up to but not including 1, before which it is 0 and costs
            nothing: for what is added to it, such as squared error, to find places of strokes first.

    Raises:
        ValueError: An unknown model, layer or norm, a target of another shape, a negative number, or a canvas that is
            too small for the layers.
    """

    pictures = ("target",)
    target: Tensor

    def __init__(
        self,
        target: Tensor,
        model: str | Model = "efficientnet-lite0",
        layers: str | Sequence[str] | None = None,
        norm: str = "l2",
        jitter: float = 8.0,
        scale: float = 0.1,
        rotate: float = 5.0,
        crop: int = 512,
        crops: int = 4,
        begin: float = 0.0,
    ):
        check_target(target)
        if not 0 <= begin < 1:
            raise ValueError(f"begin is from 0 up to but not including 1, got {begin}")
        super().__init__(target, model, layers, norm, jitter, scale, rotate, crop, crops)
        self.begin = begin
        self.register_buffer("target", target, persistent=False)

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean difference of activations, over the layers, under one random transform."""
        check_canvas(canvas, self.target)
        if self.moment.progress < self.begin:
            return 0 * canvas.sum()
        return self.crops(canvas, self._score)

    def _score(self, canvas: Tensor, place: Place) -> Tensor:
        both = self.transform(torch.cat([canvas, self.target[(..., *place)]]))
        painted, photo = both.split([len(canvas), len(self.target)])
        with torch.no_grad():
            wanted = self.activations(photo.detach())
        return self.compare(self.activations(painted), wanted)
