"""What is painted on: a colour, a picture, or nothing, which is saved with alpha."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..objective import check_target
from .images import read_image, to_pil
from .readable import plain

TRANSPARENT = "transparent"
Background = Sequence[float] | Tensor | str  # a colour, a picture, or TRANSPARENT


def lay_ground(background: Background, batch: int, size: tuple[int, int]) -> Tensor:
    """What is painted on, (B, 3, H, W), of ``size`` (H, W): a colour, a picture, or TRANSPARENT, which is white.

    Raises:
        ValueError: None of these, or a picture of another size.
    """
    if isinstance(background, Tensor) and background.ndim >= 3:
        picture = check_target(background if background.ndim == 4 else background[None])
        if tuple(picture.shape[2:]) != tuple(size) or len(picture) not in (1, batch):
            raise ValueError(
                f"background is a picture {tuple(picture.shape)}; wanted ({batch}, 3, height, width), {size}"
            )
        return picture.expand(batch, -1, -1, -1)
    color = (1.0, 1.0, 1.0) if isinstance(background, str) and background == TRANSPARENT else background
    if isinstance(color, str) or len(color) != 3 or not all(0 <= channel <= 1 for channel in color):
        raise ValueError(
            f"background is three sRGB values in [0, 1], a picture, or {TRANSPARENT!r}, got {background!r}"
        )
    return torch.tensor([float(channel) for channel in color])[None, :, None, None].expand(batch, 3, *size)


def encode_ground(background: Tensor) -> list[float] | dict[str, str]:
    """A background (1, 3, H, W) as documents hold it: one colour, or a PNG of 8 bits a channel in base64."""
    if torch.equal(background.amax((2, 3)), background.amin((2, 3))):
        return plain(background[0, :, 0, 0])
    whole = io.BytesIO()
    to_pil(background).save(whole, "PNG")
    return {"png": base64.b64encode(whole.getvalue()).decode()}


def decode_ground(encoded: Any, name: str = "the background", size: tuple[int, int] | None = None) -> Tensor:
    """(1, 3, H, W) in [0, 1] of what documents hold; a colour, and TRANSPARENT, which is white, of 1 x 1 px.

    Args:
        encoded: What a document holds.
        name: For errors.
        size: (H, W) that a picture is resized to; None keeps its own.

    Raises:
        ValueError: It is damaged.
    """
    if not isinstance(encoded, dict):
        color = [1.0, 1.0, 1.0] if encoded == TRANSPARENT else encoded
        return torch.tensor(color, dtype=torch.float32)[None, :, None, None]
    try:
        return read_image(io.BytesIO(base64.b64decode(encoded["png"], validate=True)), size, name)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is damaged: {error}") from error
