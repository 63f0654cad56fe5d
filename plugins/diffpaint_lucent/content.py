"""``content``: what a pretrained network sees in the canvas should be what it sees in the photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from diffpaint.objective import check_canvas, check_target

from .compared import Compared
from .crops import Place
from .models import Model

FAINT = 1e-3  # a crop of which the mask shows less counts less


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
        mask: (1, 3, H, W) or (B, 3, H, W) in [0, 1], white where the content counts; None means everywhere alike.

    Raises:
        ValueError: An unknown model, layer or norm, a target or mask of another shape, a mask that shows nothing, a
            negative number, or a canvas that is too small for the layers. When it is called: a mask on a layer that
            has no places.
    """

    pictures = ("target", "mask")
    target: Tensor
    mask: Tensor | None

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
        mask: Tensor | None = None,
    ):
        check_target(target)
        if mask is not None and check_target(mask).shape[2:] != target.shape[2:]:
            raise ValueError(f"the mask is as large as the target, {_size(target)}; got {_size(mask)}")
        if mask is not None and not mask.any():
            raise ValueError("the mask is black everywhere, so that no content counts; white is where it does")
        if not 0 <= begin < 1:
            raise ValueError(f"begin is from 0 up to but not including 1, got {begin}")
        super().__init__(target, model, layers, norm, jitter, scale, rotate, crop, crops)
        self.begin = begin
        self.weighting = 0.5 if norm == "l2" else 1.0  # squares are weighted once too
        self.register_buffer("target", target, persistent=False)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean difference of activations, over the layers, under one random transform."""
        check_canvas(canvas, self.target)
        if self.moment.progress < self.begin:
            return 0 * canvas.sum()
        return self.crops(canvas, self._score)

    def _score(self, canvas: Tensor, place: Place) -> Tensor:
        pictures = [canvas, self.target[(..., *place)]]
        if self.mask is not None:
            pictures.append(self.mask[(..., *place)])
        shaken = self.transform(torch.cat(pictures))
        painted, photo, mask = shaken.split(
            [len(canvas), len(self.target), len(shaken) - len(canvas) - len(self.target)]
        )
        with torch.no_grad():
            wanted = self._counted(self.activations(photo.detach()), mask)
        return self.compare(self._counted(self.activations(painted), mask), wanted)

    def _counted(self, activations: Mapping[str, Tensor], mask: Tensor) -> Mapping[str, Tensor]:
        """Maps of activations, weighted by a mask, so that their mean difference is that of what it shows."""
        if not len(mask):
            return activations
        counted = {}
        for layer, found in activations.items():
            if found.dim() != 4:
                raise ValueError(f"layer {layer} has no places that a mask could show; take another, or no mask")
            weight = interpolate(mask.mean(1, keepdim=True), found.shape[2:], mode="area")
            mean = weight.mean((1, 2, 3), keepdim=True).clamp(min=FAINT)
            counted[layer] = found * (weight / mean) ** self.weighting
        return counted


class PaperContent(Content):
    """``content`` as the paper has it: the absolute difference in InceptionV1's ``mixed3b`` (section 5, notebooks).

    Its weights are lucent's, and are downloaded when it is first used.

    Args:
        target: As of ``content``.
        begin: As of ``content``.
        mask: As of ``content``.

    Raises:
        ValueError: As of ``content``; weights that are not there.
    """

    def __init__(self, target: Tensor, begin: float = 0.0, mask: Tensor | None = None):
        super().__init__(target, "lucent:inceptionv1", "mixed3b", norm="l1", begin=begin, mask=mask)


def _size(picture: Tensor) -> str:
    return f"{picture.shape[2]} x {picture.shape[3]}"
