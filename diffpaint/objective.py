"""Objectives: what a canvas is optimised for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from .renderer import FINISHED, Moment


class Objective(nn.Module, ABC):
    """A scalar to minimise. Objectives add and scale: ``content - 0.1 * pixel`` is an objective.

    Attributes:
        pictures: Options that are pictures of the canvas's size; in a text they may be paths.
        moment: Of the optimisation that it is part of; see :class:`diffpaint.Moment`.
    """

    pictures: ClassVar[tuple[str, ...]] = ()
    moment: Moment = FINISHED

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, canvas: Tensor) -> Tensor:
        """Score a canvas.

        Args:
            canvas: (B, 3, H, W) in [0, 1], sRGB.

        Returns:
            A scalar, shape (); lower is better. The mean over the batch.
        """

    def __add__(self, other: Objective) -> Objective:
        return _Sum([(1.0, self), (1.0, other)]) if isinstance(other, Objective) else NotImplemented

    def __sub__(self, other: Objective) -> Objective:
        return self + -other if isinstance(other, Objective) else NotImplemented

    def __neg__(self) -> Objective:
        return -1.0 * self

    def __mul__(self, weight: float) -> Objective:
        return _Sum([(float(weight), self)]) if isinstance(weight, (int, float)) else NotImplemented

    __rmul__ = __mul__


class _Sum(Objective):
    def __init__(self, terms: list[tuple[float, Objective]]):
        super().__init__()
        self.weights = [weight for weight, _ in terms]
        self.terms = nn.ModuleList(term for _, term in terms)

    def forward(self, canvas: Tensor) -> Tensor:
        scores = [weight * term(canvas) for weight, term in zip(self.weights, self.terms, strict=True)]
        return sum(scores, canvas.new_zeros(()))


class Pixel(Objective):
    """Difference to a picture, pixel by pixel.

    Args:
        target: (1, 3, H, W) or (B, 3, H, W) in [0, 1].
        norm: ``l2``, mean squared difference, or ``l1``, mean absolute difference.

    Raises:
        ValueError: A target of another shape, kind or range, or another norm. From ``forward``: a canvas of another
            size.
    """

    pictures = ("target",)
    target: Tensor

    def __init__(self, target: Tensor, norm: str = "l2"):
        super().__init__()
        self.distance = distance(norm)
        self.register_buffer("target", check_target(target), persistent=False)

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean difference over all pixels and channels."""
        check_canvas(canvas, self.target)
        return self.distance(canvas, self.target.expand_as(canvas))


def distance(norm: str):
    """The mean difference of two tensors by name, ``l1`` or ``l2``; ValueError for another."""
    known = {"l1": nn.functional.l1_loss, "l2": nn.functional.mse_loss}
    if norm not in known:
        raise ValueError(f"norm is 'l1' or 'l2', got {norm!r}")
    return known[norm]


def check_target(target: Tensor) -> Tensor:
    """Return ``target`` if it is a picture (B, 3, H, W) in [0, 1].

    Raises:
        ValueError: It is not.
    """
    wanted = "wanted (batch, 3, height, width) in [0, 1], as diffpaint.read_image gives"
    if not isinstance(target, Tensor) or not target.is_floating_point():
        given = target.dtype if isinstance(target, Tensor) else repr(target)
        raise ValueError(f"target is {given}; {wanted}")
    if target.ndim != 4 or target.shape[1] != 3 or not target.numel():
        raise ValueError(f"target has shape {tuple(target.shape)}; {wanted}")
    least, most = torch.aminmax(target)
    if not (least >= 0 and most <= 1):  # NaN too
        raise ValueError(f"target holds {least:g} to {most:g}; {wanted}: divide by 255?")
    return target


def check_canvas(canvas: Tensor, target: Tensor) -> None:
    """Check that a canvas can be compared with a target: ValueError if sizes or numbers of pictures differ."""
    if canvas.shape[1:] != target.shape[1:] or len(target) not in (1, len(canvas)):
        raise ValueError(
            f"the canvas is {tuple(canvas.shape)} and the target {tuple(target.shape)}; both are "
            "(batch, 3, height, width): render at the target's size, or resize the target (diffpaint.read_image)"
        )
