"""The CPPN: a picture whose pixels a small network computes from where they lie."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from diffpaint import Renderer
from diffpaint.io.bounds import check_size, check_whole

from .network import evaluate

REACH = 3**0.5  # coordinates from -sqrt(3) to sqrt(3) have variance 1
ANGLE, SQUARE = 0.67, 0.6  # lucent divides atan(h) and its square by these, so that they have about variance 1
MOST_WEIGHTS = 1_000_000  # each has a name
FAINT = 0.01  # the last layer's standard deviation at the start, as a fraction of the other layers'


class CPPN(Renderer):
    """A compositional pattern-producing network; its weights are the actions.

    The function of ``lucent.optvis.param.cppn.cppn``, with the same defaults: a pixel's position goes through layers
    with the activations atan(h) / 0.67 and atan(h)^2 / 0.6, and a sigmoid makes it sRGB. The picture is smooth at any
    scale and covers whatever canvas was there. (Mordvintsev et al., "Differentiable Image Parameterizations", Distill
    2018; the baseline of Nakano, "Neural Painters", 2019.)

    It has no strokes. One action vector is one whole network, actions are (B, 1, A), and ``strokes`` of ``initial`` and
    of :func:`diffpaint.paint` mean nothing to it. A weight is the logit of its action, so that Adam on the logits of
    actions, which :func:`diffpaint.paint` and :func:`diffpaint.param_f` do, is Adam on the weights, as in lucent. Its
    learning rate is a tenth of what strokes want.

    The shorter side of the canvas spans what lucent's square does, -sqrt(3) to sqrt(3) from the first pixel's centre
    to the last one's; along the longer side pixels are as far apart, so that nothing is stretched, and the middle is 0.
    A side of 1 px lies in the middle. The actions do not depend on the size: another CPPN renders them larger.

    Args:
        size: (H, W) of the canvas, px, any.
        hidden: Outputs of every layer but the last.
        layers: Of weights, the last included.

    Attributes:
        shapes: (outputs, inputs) of the layers. The inputs of the first are the vertical and the horizontal position.

    Raises:
        ValueError: A size, hidden or layers that is no whole number from 1, or more than can be optimised.
    """

    lr = 0.01
    down: Tensor
    across: Tensor

    def __init__(self, size: tuple[int, int] = (224, 224), hidden: int = 24, layers: int = 8):
        super().__init__()
        self.size = check_size(size)
        for name, value in (("hidden", hidden), ("layers", layers)):
            check_whole(name, value, most=1_000)
        outputs, inputs = [hidden] * (layers - 1) + [3], [2] + [2 * hidden] * (layers - 1)
        self.shapes = list(zip(outputs, inputs, strict=True))
        if (weights := sum(rows * (columns + 1) for rows, columns in self.shapes)) > MOST_WEIGHTS:
            raise ValueError(f"hidden {hidden} and layers {layers} make {weights} weights, more than {MOST_WEIGHTS}")
        self.action_names = tuple(
            name
            for layer, (rows, columns) in enumerate(self.shapes)
            for name in (
                *(f"weight_{layer}_{row}_{column}" for row in range(rows) for column in range(columns)),
                *(f"bias_{layer}_{row}" for row in range(rows)),
            )
        )
        pitches = max(min(self.size) - 1, 1)  # pixels from end to end of the shorter side
        ends = [REACH * ((side - 1) / pitches) for side in self.size]
        self.register_buffer("down", torch.linspace(-ends[0], ends[0], self.size[0]), persistent=False)
        self.register_buffer("across", torch.linspace(-ends[1], ends[1], self.size[1]), persistent=False)

    def forward(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """Render networks; see :meth:`Renderer.forward`. Differentiable once; in the dtype of the actions."""
        self.check(actions, canvas)
        points = torch.stack(torch.meshgrid(self.down.to(actions), self.across.to(actions), indexing="ij"))
        return evaluate(points.flatten(1)[None], self._weights(actions)).sigmoid().unflatten(-1, self.size)

    def initial(self, batch: int, strokes: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """Networks to start from, (B, 1, A), as lucent's: normal weights of variance 1 / inputs, and biases of 0.

        Args:
            batch: B.
            strokes: Means nothing here: a network is one action, and T is 1.
            generator: Source of randomness, on the CPU.
        """
        deviations = []
        for layer, (rows, columns) in enumerate(self.shapes):
            # lucent's last layer is 0, an even grey, and lets no gradient through to the others; this is all but grey
            faint = FAINT if layer == len(self.shapes) - 1 else 1.0
            deviations += [torch.full((rows * columns,), faint / math.sqrt(columns)), torch.zeros(rows)]
        width = len(self.action_names)
        return (torch.randn(batch, 1, width, generator=generator) * torch.cat(deviations)).sigmoid()

    def actions(self, parameters: Iterable[Tensor]) -> Tensor:
        """The actions of a network of lucent's, (1, 1, A), on the device and of the dtype of its parameters.

            parameters, image_f = lucent.optvis.param.cppn.cppn(224)
            CPPN((224, 224)).actions(parameters)

        In float32, where an action near 0.5 is rounded by 3e-8 and so its weight by 1e-7, they give its canvas within
        1e-5 if its weights are of the usual size, up to about 1; float64 is exact. :func:`diffpaint.paint` starts from
        no weight beyond -6.9 to 6.9.

        Args:
            parameters: Weight (outputs, inputs, 1, 1) or (outputs, inputs) and bias (outputs,) of every layer in turn.

        Raises:
            ValueError: Other shapes than this network's, or weights that actions cannot hold.
        """
        parameters = [parameter.detach() for parameter in parameters]
        wanted = [shape for rows, columns in self.shapes for shape in ((rows, columns), (rows,))]
        given = [tuple(parameter.shape) for parameter in parameters]
        if [shape[:2] for shape in given] != wanted or any(set(shape[2:]) - {1} for shape in given):
            raise ValueError(
                f"the parameters have shapes {_listed(given)}; this CPPN takes {_listed(wanted)}: "
                "make it with the network's own hidden and layers"
            )
        weights = torch.cat([parameter.flatten() for parameter in parameters])
        eps = torch.finfo(weights.dtype).eps
        most = math.log((1 - eps) / eps)
        if not weights.abs().max() <= most:  # NaN too
            raise ValueError(
                f"actions hold weights from -{most:.3g} to {most:.3g} as {weights.dtype}, got {weights.min():g} to "
                f"{weights.max():g}; scale them down"
            )
        return weights.sigmoid()[None, None]

    def check(self, actions: Tensor, canvas: Tensor | None = None) -> Tensor:
        """As every renderer's; also that there is one action a canvas."""
        canvas = super().check(actions, canvas)
        if actions.shape[1] != 1:
            raise ValueError(
                f"a CPPN has no strokes: one action is a whole network, so actions are (batch, 1, "
                f"{len(self.action_names)}), got {tuple(actions.shape)}; for several pictures take a batch"
            )
        return canvas

    def _weights(self, actions: Tensor) -> list[Tensor]:
        """Weight (B, outputs, inputs) and bias (B, outputs, 1) of every layer, for :func:`evaluate`."""
        # eps: the weights of actions 0 and 1 are finite, -16 and 16 in float32
        weights = actions[:, 0].logit(torch.finfo(actions.dtype).eps)
        parts = weights.split([size for rows, columns in self.shapes for size in (rows * columns, rows)], 1)
        parameters = []
        for layer, (shape, weight, bias) in enumerate(zip(self.shapes, parts[::2], parts[1::2], strict=True)):
            weight = weight.unflatten(1, shape)
            if layer > 0:  # what lucent's activations are divided by, in the weights: fewer of them than pixels
                half = weight.new_ones(shape[1] // 2)
                weight = weight / torch.cat([ANGLE * half, SQUARE * half])
            parameters += [weight, bias[..., None]]
        return parameters


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(str(shape) for shape in shapes)
