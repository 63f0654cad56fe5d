"""One row of the bench: a photo is painted in rounds, and the painting compared with it at the photo's full size."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from diffpaint import (
    Painting,
    load_initializer,
    load_objective,
    load_renderer,
    load_strategy,
    paint,
    read_image,
)
from diffpaint.device import pick_device
from diffpaint_mypaint import Brush, carried_brush, replay

from .figures import compared
from .machine import peak_memory

STEPS = 150


@dataclass(frozen=True)
class Protocol:
    """How photos are painted and compared.

    Attributes:
        objective: Minimised, as text.
        canvas: Longest side, px, about, of the canvas that is optimised; None is the photo's.
        steps: Of the optimiser.
        seed: Of everything random.
        device: Where to compute; None takes a GPU if there is one.
        replayed: Whether the engine's replay is compared too.
        lpips: Whether LPIPS is among the figures.
    """

    objective: str = "pixel"
    canvas: int | None = None
    steps: int = STEPS
    seed: int = 0
    device: str | None = None
    replayed: bool = True
    lpips: bool = True


def measure(path: str | Path, strokes: int, protocol: Protocol) -> dict[str, Any]:
    """Paint a photo and compare.

    Args:
        path: Of the photo.
        strokes: Of the painting.
        protocol: How.

    Returns:
        ``photo``, its name; ``width``, ``height``, px; ``strokes``; ``seconds`` of painting, and rendering at full
        size; ``megabytes``, the process's peak of memory so far, the GPU's if one painted, None where no system says
        it; ``canvas`` and ``replay``, figures as of :func:`.compared`.

    Raises:
        ValueError: A photo that cannot be read, or what the objective or the strategy raise.
    """
    photo = read_image(path)
    began = time.perf_counter()
    painting = painted(photo, strokes, protocol)
    seconds = time.perf_counter() - began
    height, width = photo.shape[2:]
    canvas = painting.canvas[..., :height, :width]
    row: dict[str, Any] = {"photo": Path(path).name, "width": width, "height": height, "strokes": strokes}
    row |= {"seconds": seconds, "megabytes": peak_memory(pick_device(protocol.device))}
    row["canvas"] = compared(canvas, photo, protocol.lpips)
    if protocol.replayed and painting.renderer.brush is not None:
        document = painting.document()
        drawn = replay(document, Brush(carried_brush(document["brush"], document.get("brush_file"))))
        drawn = torch.from_numpy(drawn).permute(2, 0, 1)[None].float() / 255
        row["replay"] = compared(drawn[..., :height, :width], photo, protocol.lpips)
    return row


def painted(photo: Tensor, strokes: int, protocol: Protocol) -> Painting:
    """A photo (1, 3, H, W), painted small on its mean colour, and rendered at full size, or less than a pixel more."""
    height, width = photo.shape[2:]
    scale = 1 if protocol.canvas is None else max(1, round(max(height, width) / protocol.canvas))
    whole = pad(photo, (0, -width % scale, 0, -height % scale), mode="replicate")
    target = avg_pool2d(whole, scale)
    size = (target.shape[2], target.shape[3])
    renderer = load_renderer("scatter", size=size, coarse=True)
    strategy = load_strategy("rounds", target, strokes=strokes, seed=protocol.seed)
    first = load_initializer("draft")(renderer, target, strategy.first or strokes, seed=protocol.seed)
    painting = paint(
        renderer,
        load_objective(protocol.objective, target),
        actions=first,
        steps=protocol.steps,
        background=target.mean((0, 2, 3)).tolist(),
        strategy=strategy,
        seed=protocol.seed,
        device=protocol.device,
        progress=False,
    )
    return painting.rendered_by(load_renderer("scatter", size=size, scale=scale).to(painting.renderer.device))
