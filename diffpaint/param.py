"""Any renderer as a parameterization for lucent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .constraints import Constraint, check_constraints, constrain
from .device import pick_device
from .renderer import Renderer


def param_f(
    renderer: Renderer,
    strokes: int = 16,
    batch: int = 1,
    seed: int | None = None,
    device: str | torch.device | None = None,
    constraints: Sequence[Constraint] = (),
) -> Callable[[], tuple[list[Tensor], Callable[[], Tensor]]]:
    """A ``param_f`` for ``lucent.optvis.render.render_vis``: it paints what the network wants to see.

        render.render_vis(model, "labels:388", diffpaint.param_f(renderer, strokes=16))

    Args:
        renderer: Moved to the device.
        strokes: Strokes a canvas; for a grid, a cell.
        batch: How many canvases, for lucent's objectives that compare several.
        seed: Of the strokes to start from; None draws from torch's global generator.
        device: None takes ``cuda:0`` if there is one, else the CPU, as lucent does; the model has to be there too.
        constraints: Applied to the actions in this order, exactly at every step: lucent tells no progress. A palette's
            colours are still learned, by the gradient of a mean of them.

    Returns:
        A function without arguments that gives ([logits (B, T, A)], a function without arguments that gives the
        canvas (B, 3, H, W) in [0, 1]).

    Raises:
        ValueError: Fewer than one stroke or canvas, a device that is not there, or constraints that the renderer's
            actions cannot obey.
    """
    if strokes < 1 or batch < 1:
        raise ValueError(f"strokes and batch must be at least 1, got {strokes} and {batch}")
    check_constraints(constraints, renderer)
    where = pick_device(device or ("cuda:0" if torch.cuda.is_available() else "cpu"))

    def make() -> tuple[list[Tensor], Callable[[], Tensor]]:
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        logits = renderer.to(where).initial(batch, strokes, generator).to(where).logit().requires_grad_()
        return [logits], lambda: renderer(constrain(logits.sigmoid(), constraints, renderer))

    return make
