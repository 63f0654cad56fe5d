"""``--background``: what a photo is painted on, a colour, a picture, or nothing."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import ImageColor
from torch import Tensor

from ..io.ground import TRANSPARENT, lay_ground
from ..io.images import read_image


class Ground:
    """What is painted on.

    Args:
        text: A colour as CSS has them (``navy``, ``#204060``), the path of a picture, or ``transparent``.

    Attributes:
        picture: Its path, if it is one.
        transparent: Whether the painting is saved without it.

    Raises:
        ValueError: None of these.
    """

    def __init__(self, text: str = "white"):
        self.transparent, self.picture, self.color = text == TRANSPARENT, None, (1.0, 1.0, 1.0)
        if self.transparent:
            return
        try:
            color = ImageColor.getrgb(text)
        except ValueError:
            self.picture = Path(text)
            if not self.picture.is_file():
                raise ValueError(
                    f"--background {text} is no colour, such as navy or '#204060', no picture that is there, "
                    f"and not {TRANSPARENT!r}"
                ) from None
            return
        if len(color) == 4:
            raise ValueError(f"--background {text}: a colour has no alpha here; write #rrggbb, or {TRANSPARENT!r}")
        self.color = tuple(channel / 255 for channel in color)

    def shown(self, size: tuple[int, int]) -> Tensor:
        """What the painting is shown on, (1, 3, H, W) of ``size`` (H, W); white where it is saved without."""
        if self.picture is not None:
            return read_image(self.picture, size, crop=True)
        return lay_ground(self.color, 1, size)

    def painted_on(self, size: tuple[int, int]) -> Tensor:
        """What is under the strokes while they are optimised, (1, 3, H, W) of ``size`` (H, W).

        Of what is saved without its ground that is noise, which no stroke looks like: strokes come to cover what a
        photo covers, white too, and nothing else.
        """
        if self.transparent:
            return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
        return self.shown(size)


def tone_of(photo: Tensor) -> str:
    """What a painter would tone a canvas with: the mean colour of a photo (1, 4, H, W), as ``#rrggbb``.

    Of one that is partly transparent, white.
    """
    if photo[:, 3].min() < 1:
        return "white"
    return "#" + "".join(f"{round(255 * float(channel)):02x}" for channel in photo[0, :3].mean((1, 2)))


def laid_on(ground: Tensor, photo: Tensor) -> Tensor:
    """A photo with alpha (1, 4, H, W) on a ground (1, 3, H, W), straight sRGB."""
    color, alpha = photo[:, :3], photo[:, 3:]
    return color * alpha + ground * (1 - alpha)
