"""Phase-only Fourier canvases: how strong waves are is given by photos, and where they lie is optimised."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from diffpaint import Renderer
from diffpaint.io.bounds import check_size, check_whole

MOST_WAVES = 400  # each has three names
CONTRAST = 2.0  # standard deviation of a channel's logits, as in photos; tests/bench/test_photos.py measures both
# lucent.optvis.param.color.color_correlation_normalized: lightness and two hues to red, green and blue, by how these
# vary together over ImageNet. Written out, so that nothing but torch is needed to paint.
SVD_SQRT = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))


class Fourier(Renderer):
    """A picture by the phases of its waves; their magnitudes are fixed, and fall with frequency as in photos.

    Gradients of a network like to raise high frequencies, which fool networks and say nothing to people. Where only
    phases can change, every picture has the spectrum of a photo (MACO; Fel et al., "Unlocking Feature Visualization for
    Deeper Networks with MAgnitude Constrained Optimization", 2023). The paper takes the mean magnitude over ImageNet;
    here it is the law that such means follow, 1 / frequency to a power. Waves are of lucent's three decorrelated
    channels, and a sigmoid of what they mix makes sRGB.

    It has no strokes, and covers whatever canvas was there. One action vector is one whole picture, actions are
    (B, 1, A), and ``strokes`` of ``initial`` and of :func:`diffpaint.paint` mean nothing to it. A phase, radians, is
    the logit of its action, so it goes round and round without an end.

    Actions do not depend on the size: a wave runs a whole number of times across the canvas, and another size shows the
    same picture. Waves that are too fine for the pixels of a small one are left out, and listed in ``fixed``.

    Args:
        size: (H, W) of the canvas, px.
        waves: How many times the finest ones run across either side of the canvas.
        decay: Magnitudes are 1 / frequency to this power, by default what it is in the logits of photos; 1 is that of
            ``lucent.optvis.param.spatial.fft_image``. Frequencies are counted along the shorter side, so that waves of
            an oblong canvas are as strong in every direction.

    Raises:
        ValueError: A size or waves that is no whole number from 1, or too large; a decay below 0 or above 4.
    """

    lr = 0.1
    magnitude: Tensor
    colors: Tensor
    places: Tensor
    shown: Tensor
    paired: Tensor

    def __init__(self, size: tuple[int, int] = (224, 224), waves: int = 100, decay: float = 1.3):
        super().__init__()
        self.size = check_size(size)
        check_whole("waves", waves, most=MOST_WAVES)
        if not 0 <= decay <= 4:  # NaN too
            raise ValueError(f"decay is from 0 to 4, got {decay}")
        down, across = _waves(waves)
        names = [f"{rows}_{columns}" for rows, columns in zip(down.tolist(), across.tolist(), strict=True)]
        self.action_names = tuple(f"phase_{channel}_{name}" for channel in range(3) for name in names)
        height, width = self.size
        shown = (down.abs() <= (height - 1) // 2) & (across <= (width - 1) // 2)
        hidden = (~shown).repeat(3).tolist()
        self.fixed = tuple(name for name, out in zip(self.action_names, hidden, strict=True) if out)
        shorter = min(self.size)
        heights = torch.hypot(down * (shorter / height), across * (shorter / width)).double().clamp(min=1) ** -decay
        heights *= CONTRAST * math.sqrt(2) / heights[1:].norm()  # cosines of these heights vary by CONTRAST
        heights[1:] /= 2  # the other half of a wave is its mirror image
        mix = torch.tensor(SVD_SQRT, dtype=torch.float64)
        # torch wants both of a pair in the first column of a spectrum, and the rest of the mirror images nowhere
        paired = ((across == 0) & (down > 0))[shown]
        down, across, columns = down[shown], across[shown], width // 2 + 1
        places = torch.cat([down % height * columns + across, (height - down[paired]) * columns])
        buffers = {"magnitude": heights[shown], "colors": mix / mix.norm(dim=0).max(), "places": places}
        for name, value in (buffers | {"shown": shown.nonzero()[:, 0], "paired": paired.nonzero()[:, 0]}).items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Render phases; see :meth:`Renderer.forward`. In the dtype of the actions."""
        self.check(actions, canvas)
        height, width = self.size
        # eps: actions 0 and 1 have a phase, -16 and 16 in float32
        phases = actions[:, 0].logit(torch.finfo(actions.dtype).eps).unflatten(1, (3, -1))[..., self.shown]
        waves = torch.polar(self.magnitude.to(actions).expand_as(phases), phases)
        waves = torch.cat([waves, waves[..., self.paired].conj()], 2)
        spectrum = waves.new_zeros(len(actions), 3, height * (width // 2 + 1)).index_copy(2, self.places, waves)
        channels = torch.fft.irfft2(spectrum.unflatten(2, (height, -1)), s=self.size, norm="forward")
        return torch.einsum("ij,bjhw->bihw", self.colors.to(actions), channels).sigmoid()

    def initial(self, batch: int, strokes: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Phases to start from, (B, 1, A), uniform over the circle.

        Args:
            batch: B.
            strokes: Means nothing here: a picture is one action, and T is 1.
            generator: Source of randomness, on the CPU.
        """
        return (math.pi * (2 * torch.rand(batch, 1, len(self.action_names), generator=generator) - 1)).sigmoid()

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """As every renderer's; also that there is one action a canvas."""
        canvas = super().check(actions, canvas)
        if actions.shape[1] != 1:
            raise ValueError(
                f"fourier has no strokes: one action is a whole picture, so actions are (batch, 1, "
                f"{len(self.action_names)}), got {tuple(actions.shape)}; for several pictures take a batch"
            )
        return canvas


def _waves(most: int) -> tuple[Tensor, Tensor]:
    """Times that waves run down and across: 0 and 0, the mean, first, and one of each pair of mirror images."""
    down = torch.cat([torch.arange(most + 1), torch.arange(-most, most + 1).repeat(most)])
    return down, torch.cat([torch.zeros(most + 1).long(), torch.arange(1, most + 1).repeat_interleave(2 * most + 1)])
