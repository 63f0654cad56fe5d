"""What all neural painters share: weights found by brush, colour exact by compositing, the network asked for alpha."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from diffpaint import StrokeRenderer
from diffpaint.io.bounds import check_size
from diffpaint.io.weights import load_network
from diffpaint.renderer import STROKE_ACTION

from .noise import NoiseTable
from .weights import load_weights

LIGHT = 0.01  # mean pressure below which strokes fade out


class NeuralPainter(StrokeRenderer):
    """Strokes of a MyPaint brush, learned from the engine.

    A subclass names its network. The network is a function from actions (N, 12) in [0, 1], the (H, W) of the raster
    and, if it has any, noise (N, ``noise``) to alpha (N, H, W) in [0, 1]; ``noise`` is how many normal numbers a stroke
    takes. A noisy painter draws each stroke with its own: the same for the same number of the stroke on its canvas and
    the same ``seed``.

    Args:
        brush: Name of a brush that weights ship for, or the path of weights that ``diffpaint train`` wrote.
        size: (H, W) of the canvas, px.
        seed: Of the noise; nothing to a painter without.

    Attributes:
        painter: Its name in file names and headers: ``splat``, ``vae``, ...
        network_class: Built from the range of radii and the options in the header of the weights.
        any_shape: Whether it paints canvases that are not square.
        mixed: Whether its network computes in 16 bits under autocast, as convolutions may. Places need more.

    Raises:
        ValueError: No weights for the brush, damaged weights, or a size that it cannot paint.
    """

    action_names = STROKE_ACTION
    painter: ClassVar[str]
    network_class: ClassVar[type[nn.Module]]
    any_shape: ClassVar[bool] = True
    mixed: ClassVar[bool] = False

    def __init__(self, brush: str = "classic/dry_brush", size: tuple[int, int] = (64, 64), seed: int = 0):
        super().__init__()
        self.size = size = check_size(size)
        if not self.any_shape and size[0] != size[1]:
            raise ValueError(
                f"neural-{self.painter} paints square canvases, got {size[0]} x {size[1]}; a grid of it has any shape"
            )
        state, header = load_weights(self.painter, brush)
        self.brush, self.brush_file = header["brush"], header.get("brush_file")
        self.radius = (header["radius"][0], header["radius"][1])
        self.reach = header["reach"]
        what = f"neural-{self.painter}"
        network = load_network(lambda: self.network_class(self.radius, **header["options"]), state, brush, what)
        noise = getattr(network, "noise", 0)
        self.table = NoiseTable(noise, seed) if noise else None
        self.network: Any = self.fused(network.eval().requires_grad_(False))
        if not all(value.isfinite().all() for value in self.network.state_dict().values()):
            raise ValueError(f"{brush} is damaged: its weights make numbers that are not finite; train it again")

    def fused(self, network: Any) -> nn.Module:
        """The network as it paints: itself, unless a painter knows a faster form of it."""
        return network

    def stroke(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Colour as it is asked for, and the network's alpha; noise as for the first strokes of a canvas."""
        return self.stroke_numbered(actions, torch.arange(len(actions), device=actions.device))

    def stroke_numbered(self, actions: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`stroke`, each stroke with the noise of its number."""
        noise = () if self.table is None else (self.table(numbers),)
        kind = actions.device.type
        with torch.autocast(kind, enabled=self.mixed and torch.is_autocast_enabled(kind)):
            alpha = self.network(actions, self.size, *noise).to(actions.dtype)
        # without pressure the engine draws nothing; random actions hold hardly any such stroke to learn it from
        pressed = -torch.expm1(-actions[:, :2].mean(1)[:, None, None] / LIGHT)
        return actions[:, 3:6, None, None], (alpha * pressed)[:, None]
