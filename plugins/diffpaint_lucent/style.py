"""``style``: the canvas should have the texture of a picture, wherever it has what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from diffpaint import read_image
from diffpaint.objective import check_target

from .compared import Compared
from .crops import Place
from .models import Model


class Style(Compared):
    """Difference to a picture in the Gram matrices of a pretrained network's activations.

    A Gram matrix holds how often two channels are active together, over all places (Gatys et al. 2016). With
    ``content`` it makes style transfer: ``content + 0.1 * style``; the medium of the renderer comes on top.

    Args:
        target: (1, 3, H, W) in [0, 1] of any size, the picture whose texture is wanted, or the path of one.
        size: Longer side that a picture given by its path is read at, px; it should be about the canvas's.
        model: A name for :func:`load_model`, or a :class:`Model`.
        layers: As of ``content``.
        norm: ``l2``, mean squared difference, or ``l1``, mean absolute difference; the mean over the layers.
        jitter: Largest shift of the canvas, px.
        scale: Largest relative change of its size.
        rotate: Largest angle, degrees.
        crop: Side, px, of the crops in which canvases of more than a megapixel are looked at, in the memory of one.
        crops: How many are drawn at random for each call; 0 takes all that cover the canvas.

    Raises:
        ValueError: As of ``content``; a picture that cannot be read, or more than one.
    """

    def __init__(
        self,
        target: Tensor | str | Path,
        size: int = 256,
        model: str | Model = "efficientnet-lite0",
        layers: str | Sequence[str] | None = None,
        norm: str = "l2",
        jitter: float = 8.0,
        scale: float = 0.1,
        rotate: float = 5.0,
        crop: int = 512,
        crops: int = 4,
    ):
        picture = read_image(target, size) if isinstance(target, str | Path) else check_target(target)
        if len(picture) != 1:
            raise ValueError(f"style is of one picture, got {len(picture)}; add several objectives for several")
        super().__init__(picture, model, layers, norm, jitter, scale, rotate, crop, crops)
        with torch.no_grad():
            for layer, activation in self.activations(picture).items():
                self.register_buffer(f"wanted_{layer}", gram(activation), persistent=False)

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean difference of Gram matrices of the canvas (B, 3, H, W) in [0, 1], over the layers."""
        return self.crops(canvas, self._score)

    def _score(self, canvas: Tensor, place: Place) -> Tensor:
        grams = {layer: gram(value) for layer, value in self.activations(self.transform(canvas)).items()}
        return self.compare(grams, {layer: self.get_buffer(f"wanted_{layer}") for layer in grams})


def gram(activation: Tensor) -> Tensor:
    """Mean products of channels, (B, C, C), of an activation (B, C, ...), such as a map, or one vector (B, C)."""
    flat = activation[..., None].flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]
