"""``dark-spots``: an initializer that looks at the photo."""

from collections.abc import Sequence

import torch
from diffpaint import Constraint, Initializer, Renderer
from torch import Tensor


class DarkSpots(Initializer):
    """Dots where the photo is dark, drawn at random: the darker a pixel, the likelier. All else is left to chance."""

    def __call__(
        self,
        renderer: Renderer,
        target: Tensor,
        strokes: int,
        *,
        seed: int = 0,
        constraints: Sequence[Constraint] = (),
        progress: bool = False,
    ) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        actions = renderer.initial(len(target), strokes, generator)
        if not {"x", "y"} <= set(renderer.action_names):
            raise ValueError(f"dark-spots places strokes by x and y, which {type(renderer).__name__} does not have")
        height, width = target.shape[2:]
        darkness = (1 - target.mean(1)).flatten(1) + 1e-3
        pixel = torch.multinomial(darkness.cpu(), actions.shape[1], replacement=True, generator=generator)
        for name, place in (("x", (pixel % width + 0.5) / width), ("y", (pixel // width + 0.5) / height)):
            actions[..., renderer.action_names.index(name)] = place
        return actions
