"""How true a painter is to the engine: its error, its grain, and how its draws differ.

The engine is random: two draws of one action differ. The best deterministic prediction, in squared error, is the mean
of all draws, and its error is irreducible. It is estimated here from several free-running draws of each action, with
the unbiased variance, so that it does not look smaller for having been measured on the same draws. A painter that draws
strokes like the engine's cannot be closer to a draw than two draws are to one another: that is its bound.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from diffpaint import StrokeRenderer
from diffpaint_mypaint import Brush, BrushFile, alpha_masks, random_actions

from .sheet import sheet

APART = 0x7EA1  # sets these actions apart from those of any data set, whatever the seed
STROKES_AT_ONCE = 32
INKED = 0.05  # of the mean stroke's alpha: pixels that count as inside the stroke
ROUNDING = (1 / 255) ** 2 / 12  # mean squared error of 8 bits: nothing smaller is measured
ALIKE = 0.05  # mean absolute error between draws, in 1/255, up to which a brush has no randomness
BLUR = 5  # px, side of the box whose mean is what a stroke holds but for its grain


@dataclass(frozen=True)
class Fidelity:
    """Figures of one painter; errors over all pixels of all strokes.

    Attributes:
        actions: Actions, uniform, that no data set holds.
        draws: Of each, by the engine.
        psnr: Of the painter's strokes against the draws, dB; of a noisy painter, one of its draws against one each.
        irreducible_psnr: Of the mean stroke, dB.
        mae: Mean absolute error of the painter, in 1/255.
        irreducible_mae: Of the mean stroke.
        two_draws_mae: Between two draws of one action.
        texture: Energy of the painter's grain over the engine's: what a stroke less its blur holds, in the stroke.
        spread: Standard deviation between the painter's draws of one action over the engine's; 0 without noise.
        stray: Mean alpha, in 1/255, that the painter lays where no draw of the engine did.
        forward_ms: A stroke, 32 at a time, on as many threads as ``threads`` says.
        backward_ms: A stroke, forward and backward to the actions.
        threads: Of the CPU.
    """

    actions: int
    draws: int
    psnr: float
    irreducible_psnr: float
    mae: float
    irreducible_mae: float
    two_draws_mae: float
    texture: float
    spread: float
    stray: float
    forward_ms: float
    backward_ms: float
    threads: int

    @property
    def gap(self) -> float:
        """dB to the irreducible error."""
        return self.irreducible_psnr - self.psnr

    @property
    def random(self) -> bool:
        """Whether the engine draws an action differently each time; else the irreducible error is that of 8 bits."""
        return self.two_draws_mae > ALIKE

    def figures(self) -> dict[str, float]:
        """All figures, ``gap`` among them."""
        return asdict(self) | {"gap": self.gap}

    def table(self) -> str:
        """The figures as lines of text; those of chance only where the engine's strokes have any."""
        chance = [
            f"PSNR of the irreducible error   {self.irreducible_psnr:6.2f} dB",
            f"gap                             {self.gap:6.2f} dB",
            f"mean absolute error             {self.mae:6.2f} / 255",
            f"  of the mean stroke            {self.irreducible_mae:6.2f} / 255",
            f"  between two real draws        {self.two_draws_mae:6.2f} / 255",
            f"texture ratio                   {self.texture:6.2f}",
            f"spread between draws            {self.spread:6.2f} of the engine's",
        ]
        alike = [
            "the engine draws an action always alike",
            f"mean absolute error             {self.mae:6.2f} / 255",
            f"texture ratio                   {self.texture:6.2f}",
        ]
        return "\n".join(
            [
                f"strokes the painter never saw   {self.actions} actions x {self.draws} draws of the engine",
                f"PSNR                            {self.psnr:6.2f} dB",
                *(chance if self.random else alike),
                f"paint where the engine has none {self.stray:6.2f} / 255",
                f"forward                         {self.forward_ms:6.2f} ms a stroke, {self.threads} thread(s)",
                f"forward + backward              {self.backward_ms:6.2f} ms a stroke",
            ]
        )


def measure(
    painter: StrokeRenderer, *, brush: BrushFile, oversample: int, actions: int = 256, draws: int = 32, seed: int = 0
) -> Fidelity:
    """Measure a painter against fresh strokes of the engine.

    Args:
        painter: Of STROKE_ACTION on 64 x 64, with its ``radius``.
        brush: The MyPaint brush to measure it against.
        oversample: How the strokes that it learned from were rendered; see ``diffpaint_mypaint.alpha_masks``.
        actions: How many.
        draws: Of each; at least 2.
        seed: Of the actions.

    Raises:
        ValueError: Too few actions or draws, or a brush that draws nothing.
    """
    if actions < 1 or draws < 2:
        raise ValueError(f"a measure needs at least 1 of actions and 2 draws of each, got {actions} and {draws}")
    chosen, strokes = _draw(painter, brush, oversample, actions, draws, seed)
    painted = _paint(painter, chosen, draws)
    if not strokes.any():
        raise ValueError(f"{actions} strokes of {brush.name} are all blank, so there is nothing to measure against")
    mean = strokes.mean(1)
    irreducible = strokes.var(1, correction=1).mean().item()
    error = (strokes - painted).square().mean().item()
    blank = (strokes.amax(1) == 0)[:, None].expand_as(painted)
    inked = (mean > INKED)[:, None]
    forward, backward = _times(painter, chosen)
    return Fidelity(
        actions=actions,
        draws=draws,
        psnr=_db(error),
        irreducible_psnr=_db(irreducible),
        mae=255 * (strokes - painted).abs().mean().item(),
        irreducible_mae=255 * (strokes - mean[:, None]).abs().mean().item(),
        two_draws_mae=255 * strokes.diff(dim=1).abs().mean().item(),
        texture=_grain(painted, inked) / max(_grain(strokes, inked), ROUNDING),
        spread=_spread(painted, irreducible),
        stray=255 * painted[blank].mean().item() if blank.any() else 0.0,
        forward_ms=forward,
        backward_ms=backward,
        threads=torch.get_num_threads(),
    )


def _db(error: float) -> float:
    """Of a mean squared error; below the rounding of 8 bits, as of a brush without randomness, all are alike."""
    return -10 * math.log10(max(error, ROUNDING))


def _spread(painted: Tensor, variance: float) -> float:
    """Standard deviation between draws (A, D, 64, 64) over the engine's, whose square is given; of one draw, 0."""
    return math.sqrt(painted.var(1).mean().item() / max(variance, ROUNDING)) if painted.shape[1] > 1 else 0.0


def _grain(strokes: Tensor, inside: Tensor) -> float:
    """Mean square of strokes (A, D, 64, 64) less their blur, over the pixels that are ``inside`` (A, 1, 64, 64)."""
    if not inside.any():
        return 0.0
    fine = strokes - nn.functional.avg_pool2d(strokes, BLUR, 1, BLUR // 2, count_include_pad=False)
    return fine.square().mean(1, keepdim=True)[inside].mean().item()


def contact_sheet(
    painter: StrokeRenderer,
    path: Path,
    *,
    brush: BrushFile,
    oversample: int,
    rows: int = 8,
    cols: int = 4,
    seed: int = 0,
) -> None:
    """Write a picture of strokes, the paper's Figures 3 and 5: real, mean of 32 real ones, painted, side by side."""
    chosen, strokes = _draw(painter, brush, oversample, rows * cols, 32, seed)
    sheet(path, (strokes[:, 0], strokes.mean(1), _paint(painter, chosen, 1)[:, 0]), cols)


def _draw(
    painter: StrokeRenderer, brush: BrushFile, oversample: int, actions: int, draws: int, seed: int
) -> tuple[Tensor, Tensor]:
    assert painter.radius is not None
    chosen = random_actions(actions, np.random.default_rng([seed, APART]))
    masks = alpha_masks(np.repeat(chosen, draws, axis=0), Brush(brush), oversample=oversample, radius=painter.radius)
    return torch.from_numpy(chosen), torch.from_numpy(masks).float().unflatten(0, (actions, draws)) / 255


def _paint(painter: StrokeRenderer, actions: Tensor, draws: int) -> Tensor:
    """Strokes of the painter, (A, draws, 64, 64), or (A, 1, 64, 64) if it draws an action always alike."""

    def draw(number: int) -> Tensor:
        numbers = number + draws * torch.arange(len(actions))  # an action's own draws have noise of their own
        parts = zip(actions.split(STROKES_AT_ONCE), numbers.split(STROKES_AT_ONCE), strict=True)
        return torch.cat([painter.stroke_numbered(*part)[1][:, 0] for part in parts])

    with torch.no_grad():
        first = draw(0)
        if draws == 1 or torch.equal(draw(1), first):
            return first[:, None]
        return torch.stack([first, *(draw(number) for number in range(1, draws))], 1)


def _times(painter: StrokeRenderer, actions: Tensor, repeats: int = 5) -> tuple[float, float]:
    """ms a stroke, forward and forward + backward: the best of several runs over a few strokes."""
    some = actions[:STROKES_AT_ONCE].clone().requires_grad_()
    forward, both = [], []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        with torch.no_grad():
            painter.stroke(some)
        forward.append(time.perf_counter() - start)
        start = time.perf_counter()
        painter.stroke(some)[1].sum().backward()
        both.append(time.perf_counter() - start)
    return 1000 * min(forward[1:]) / len(some), 1000 * min(both[1:]) / len(some)
