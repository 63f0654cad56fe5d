"""How far a canvas is from its picture, to an agent: what it learns to make small, and what it revises by."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

COARSE = 7  # parts of the side, what is wider than one of which is no detail
GATHERED = 5  # px at 64, side of the square over which detail is gathered where it is found
USUAL = 0.25  # share of pictures that may have less detail at a place than is taken to be usual there
LOUDEST = 0.05  # share of all places, with the most usual detail, that count in full
ENOUGH = 4_000  # pictures by which places are known
REDNESS = 3  # times that red against green counts: lips differ from skin by little else


class PictureError(nn.Module):
    """The squared error, more of it in detail, and more where pictures of this kind always have detail.

    Args:
        size: S, side of the pictures, px.
        detail: How much the squared error of what is finer than a seventh of the side is added.
        salience: How much more a place counts that has detail in nearly all pictures, as eyes and mouths of aligned
            faces do, than one that has none; see :func:`salience`. Red against green then counts three times.
    """

    salient: Tensor

    def __init__(self, size: int, detail: float = 0.0, salience: float = 0.0):
        super().__init__()
        self.detail, self.weight = detail, salience
        if salience:
            self.register_buffer("salient", torch.zeros(size, size))

    def learn(self, pictures: Tensor, mirror: bool = False) -> None:
        """Find out which places are salient in pictures (N, 3, S, S), that may be mirrored."""
        found = salience(pictures)
        self.salient.copy_((found + found.flip(1)) / 2 if mirror else found)

    def forward(self, canvas: Tensor, pictures: Tensor) -> Tensor:
        """Of canvases and pictures (B, 3, S, S) in [0, 1], the error of each, (B,); weights are 1 in the mean."""
        missed = self._colors(canvas - pictures)
        off = missed.square()
        if self.detail:
            off = off + self.detail * fine(missed).square()
        if self.weight:
            off = off * self._weights()
        return off.mean((1, 2, 3))

    def seen(self, colors: Tensor) -> Tensor:
        """Colours (..., 3, S, S), or what they differ by, of which the error is the square, but for its detail."""
        return self._weights().sqrt() * self._colors(colors) if self.weight else colors

    def _colors(self, colors: Tensor) -> Tensor:
        """Colours (..., 3, S, S) that differ more where they differ in red against green, if there is ``salience``."""
        if not self.weight:
            return colors
        red, green, blue = colors.unbind(-3)
        more = (REDNESS - 1) / 2 * (red - green)
        return torch.stack([red + more, green - more, blue], -3)

    def _weights(self) -> Tensor:
        """What each place counts, (S, S), 1 in the mean."""
        weight = 1 + self.weight * self.salient
        return weight / weight.mean()


def fine(pictures: Tensor) -> Tensor:
    """What is left of pictures (B, 3, S, S) without what is wider than a seventh of their side."""
    reach = pictures.shape[-1] // COARSE // 2
    wide = pad(pictures, (reach,) * 4, mode="replicate")
    return pictures - avg_pool2d(wide, 2 * reach + 1, 1)


def salience(pictures: Tensor) -> Tensor:
    """Where three pictures of four have detail, whatever else they show: in aligned faces eyes, mouth and nose.

    Hair and background have more of it, but each picture elsewhere.

    Args:
        pictures: (N, 3, S, S) in [0, 1], of one kind and aligned; the first 4,000 count.

    Returns:
        (S, S) in [0, 1]: the detail that is usual at each place, as a share of that of the loudest twentieth.
    """
    around = 2 * round(GATHERED * pictures.shape[-1] / 64 / 2 - 0.5) + 1
    energy = torch.cat([fine(some).square().sum(1, keepdim=True) for some in pictures[:ENOUGH].split(100)])
    energy = avg_pool2d(energy, around, 1, around // 2, count_include_pad=False)[:, 0]
    usual = energy.kthvalue(max(1, round(USUAL * len(energy))), 0).values
    return (usual / usual.quantile(1 - LOUDEST).clamp_min(torch.finfo(usual.dtype).tiny)).clamp(max=1)
