"""``clip-content``: what CLIP's layers see in the canvas should be what they see in the photo."""

from __future__ import annotations

from torch import Tensor

from diffpaint_lucent import Content

from .networks import image_model


class ClipContent(Content):
    """``content`` by a network of open_clip, which was trained on drawings too, and so knows what they leave out.

    Sketches of a few black strokes hold the photo's lines by the middle layers of the ResNet-101 (Vinker et al.,
    "CLIPasso", 2022). Of a vision transformer name patch tokens: ``transformer_resblocks_5_patches``.

    Args:
        target: As of ``content``.
        model: As of ``clip``: ``NAME:TAG``, downloaded when first used, or ``NAME:FILE``.
        layers: Of the half that looks at pictures, a text or a sequence.
        norm: As of ``content``.
        jitter: As of ``content``.
        scale: As of ``content``.
        rotate: As of ``content``.
        crop: As of ``content``.
        crops: As of ``content``.
        begin: As of ``content``.
        mask: As of ``content``.

    Raises:
        ValueError: As of ``content``; a network or weights that are not there.
    """

    def __init__(
        self,
        target: Tensor,
        model: str = "RN101:openai",
        layers: str = "layer2 layer3",
        norm: str = "l2",
        jitter: float = 8.0,
        scale: float = 0.1,
        rotate: float = 5.0,
        crop: int = 512,
        crops: int = 4,
        begin: float = 0.0,
        mask: Tensor | None = None,
    ):
        super().__init__(target, image_model(model), layers, norm, jitter, scale, rotate, crop, crops, begin, mask)
