"""``dark-spots``: an initializer that looks at the photo."""

from collections.abc import Sequence

import torch
from diffpaint import Constraint, Initializer, Renderer
from diffpaint.renderer import positions_among
from torch import Tensor


class DarkSpots(Initializer):
    """Strokes where the photo is dark: each is tried in several places by chance, and takes the darkest.

    Args:
        tries: Places a stroke; 1 leaves it all to chance.

    Raises:
        ValueError: Less than one try. When it is called: a renderer whose strokes have no positions.
    """

    def __init__(self, tries: int = 8):
        if tries < 1:
            raise ValueError(f"tries must be at least 1, got {tries}")
        self.tries = tries

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
        if not all(renderer.positions()):
            raise ValueError(f"dark-spots places strokes, and those of {type(renderer).__name__} have no positions")
        generator = torch.Generator().manual_seed(seed)
        tried = torch.stack([renderer.initial(len(target), strokes, generator) for _ in range(self.tries)])
        pairs = [(one, picture) for actions in tried for one, picture in zip(actions, target, strict=True)]
        light = torch.stack([_light(renderer, one, picture) for one, picture in pairs])  # (tries * B, T)
        darkest = light.unflatten(0, tried.shape[:2]).argmin(0)  # (B, T)
        return tried.gather(0, darkest[None, ..., None].expand_as(tried[:1]))[0]


def _light(renderer: Renderer, actions: Tensor, picture: Tensor) -> Tensor:
    """How light a picture (3, H, W) is in the middle of strokes (T, A): (T,)."""
    names, table = renderer.strokes(actions.to(renderer.device))
    x, y = (table[:, columns].mean(1).long().cpu() for columns in positions_among(names))
    height, width = picture.shape[1:]
    return picture.mean(0).cpu()[y.clamp(0, height - 1), x.clamp(0, width - 1)]
