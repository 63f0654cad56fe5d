"""``clip``: the canvas should look like what a text says."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import normalize

from diffpaint import Objective
from diffpaint_lucent import RandomAffine, resized

from .networks import Tokenizer, image_model, load_clip
from .prompts import weighted


class Clip(Objective):
    """Minus the similarity that CLIP finds between the canvas and a text (Radford et al. 2021).

    The network sees several square crops of the canvas in each call, turned a little, so that what the text says must
    be seen at several sizes and places. (Frans et al., "CLIPDraw", 2021, takes four crops of 0.7 to 0.9 of the area, in
    perspective.)

    Args:
        prompt: ``TEXT``, several ``TEXT:WEIGHT`` between bars, or texts and their weights; see :func:`weighted`.
        model: As of :func:`load_clip`: ``NAME:TAG``, downloaded when first used, or ``NAME:FILE``.
        views: How many crops each call looks at.
        crop: Least side of a crop, as a part of the canvas's shorter side; the largest is all of it.
        rotate: Largest angle, degrees.

    Attributes:
        prompts: Texts and weights.

    Raises:
        ValueError: A prompt that is empty or longer than the network reads, a network or weights that are not there, or
            a number out of range.
    """

    text: Tensor
    weights: Tensor

    def __init__(
        self,
        prompt: str | Mapping[str, float],
        model: str = "ViT-B-32:openai",
        views: int = 4,
        crop: float = 0.7,
        rotate: float = 10.0,
    ):
        super().__init__()
        if views < 1:
            raise ValueError(f"views must be at least 1, got {views}")
        if not 0 < crop <= 1:
            raise ValueError(f"crop is above 0 and at most 1, got {crop}")
        self.views, self.crop, self.transform = views, crop, RandomAffine(0.0, 0.0, rotate)
        self.prompts = weighted(prompt)
        network, tokenizer = load_clip(model)
        _check_length(list(self.prompts), tokenizer)
        with torch.no_grad():
            text = network.encode_text(tokenizer(list(self.prompts)), normalize=True)
        self.register_buffer("text", text, persistent=False)
        self.register_buffer("weights", torch.tensor(list(self.prompts.values())), persistent=False)
        self.model = image_model(model, network)
        self.network = self.model.network  # a submodule, so that .to() moves it; the text's half is not needed again

    def forward(self, canvas: Tensor) -> Tensor:
        """Minus the weighted sum of the prompts' similarities, a mean over the views of the canvas (B, 3, H, W)."""
        views = torch.cat([self._crop(canvas) for _ in range(self.views)])
        return -(self.similarity(self.transform(views)) @ self.weights).mean()

    def similarity(self, pictures: Tensor) -> Tensor:
        """Cosines, (B, prompts), of what the network sees in pictures (B, 3, H, W) in [0, 1] and in the prompts."""
        seen = self.network(self.model.normalise(pictures))
        seen = seen[0] if isinstance(seen, tuple) else seen  # some give tokens too
        return normalize(seen, dim=-1) @ self.text.T

    def _crop(self, canvas: Tensor) -> Tensor:
        """A square of random size and place, at the size that the network was trained on."""
        sides, (size, *place) = canvas.shape[2:], torch.rand(3).tolist()
        side = max(1, round(min(sides) * (self.crop + size * (1 - self.crop))))
        top, left = (round(where * (whole - side)) for where, whole in zip(place, sides, strict=True))
        return resized(canvas[:, :, top : top + side, left : left + side], self.model.size)


def _check_length(texts: list[str], tokenizer: Tokenizer) -> None:
    """Longer ones would be cut off without a word."""
    encode, most = getattr(tokenizer, "encode", None), getattr(tokenizer, "context_length", None)
    if encode is None or most is None:
        return
    for text in texts:
        if (length := len(encode(text)) + 2) > most:  # start and end
            raise ValueError(f"a prompt has {length} tokens, and the network reads {most}: shorten {text[:40]!r}...")
