"""Colours as they vary in photos, for pictures that networks paint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from lucent.optvis.param.color import color_correlation_normalized
from torch import Tensor

from diffpaint import Constraint, Moment, Renderer

COLOR = ("red", "green", "blue")
GAIN = 1.5  # so that the range of colours that a uniform start has is about the same with and without


@dataclass(frozen=True)
class NaturalColors(Constraint):
    """Mixes the colour of a stroke from lightness and two hues, each as strong as it varies in photos.

    Any colour can still be had. But lightness moves fastest and hue slowest under Adam, which gives all actions the
    same pace, so that strokes that a network does not care about do not drift to the loudest colours. These are
    lucent's decorrelated colours, for strokes: its matrix, applied to the logits of the three actions. A renderer
    without colour is left as it is.
    """

    def __call__(self, actions: Tensor, renderer: Renderer, moment: Moment) -> Tensor:
        """Mix colours, whatever the moment."""
        names = renderer.action_names
        if not set(COLOR) <= set(names):
            return actions
        columns = [names.index(name) for name in COLOR]
        matrix = GAIN * torch.as_tensor(color_correlation_normalized, dtype=actions.dtype, device=actions.device)
        mixed = actions.clone()
        mixed[..., columns] = (actions[..., columns].logit(eps=1e-3) @ matrix.T).sigmoid()
        return mixed

    def holds(self, actions: Tensor, renderer: Renderer) -> bool:
        """Of any colour there is."""
        return bool(((actions >= 0) & (actions <= 1)).all())
