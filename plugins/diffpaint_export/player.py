"""``.html``: one page, without a network, on which a painting paints itself with the painter in the browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diffpaint import Painting, Renderer, Writer
from diffpaint.io.files import replacing
from diffpaint.io.ground import encode_ground
from diffpaint.renderer import STROKE_ACTION
from diffpaint_neural import NeuralSplat

PAGE = Path(__file__).parent / "page"
LAYERS = (
    "at_point.0",
    "at_point.2",
    "at_point.4",
    "modulation.0",
    "modulation.2",
    "pixel_in",
    "pixel_mid",
    "pixel_out",
)
COLUMNS = (*("radius" if name == "size" else name for name in STROKE_ACTION), "cell")  # in px of the canvas


class PlayerWriter(Writer):
    """A page that paints, stroke by stroke, at the size of the screen it is on; of ``neural-splat`` alone.

    It holds the painter's network, 2,813 numbers, and the strokes: about 100 kB for a thousand. It opens no connection
    and runs only its own script, by its content security policy.
    """

    def check_renderer(self, renderer: Renderer) -> None:
        """See :meth:`diffpaint.Writer.check_renderer`; only the painter neural-splat is small enough for a page."""
        _painter(renderer)

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`diffpaint.Writer.write`."""
        text = _page(painting, _painter(painting.renderer))
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")


def _painter(renderer: Renderer) -> NeuralSplat:
    """The painter of all strokes of a renderer; ValueError if it is not neural-splat."""
    painter = next((part for part in renderer.modules() if isinstance(part, NeuralSplat)), None)
    if painter is None or not set(STROKE_ACTION) <= set(renderer.action_names):
        raise ValueError(
            f"an .html paints with neural-splat, whose network fits into a page; this painting is by "
            f"{_named(renderer)}. A .gif, .mp4 or .svg shows it"
        )
    return painter


def _named(renderer: Renderer) -> str:
    spec = renderer.spec or {}
    return str(spec.get("options", {}).get("renderer", spec.get("name", type(renderer).__name__)))


def _page(painting: Painting, painter: NeuralSplat) -> str:
    style, script = (
        (PAGE / "page.css").read_text(),
        "".join(['"use strict";\n', (PAGE / "splat.js").read_text(), (PAGE / "player.js").read_text()]),
    )
    policy = f"default-src 'none'; img-src data: blob:; script-src '{_hashed(script)}'; style-src '{_hashed(style)}'"
    brush = f" of {painter.brush}" if painter.brush else ""
    parts = {
        "POLICY": policy,
        "TITLE": html.escape(f"Painting of {painting.actions.shape[1]} strokes{brush}"),
        "STYLE": style,
        "DATA": json.dumps(_data(painting, painter), separators=(",", ":")).replace("<", "\\u003c"),
        "SCRIPT": script,
    }
    return re.sub("@([A-Z]+)@", lambda found: parts[found[1]], (PAGE / "page.html").read_text())


def _hashed(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _data(painting: Painting, painter: NeuralSplat) -> dict[str, Any]:
    """What the script paints from."""
    height, width = painting.renderer.size
    ground = None if painting.transparent else encode_ground(painting.background)
    state = painter.network.state_dict()
    weights = [state[f"{layer}.{part}"].flatten() for layer in LAYERS for part in ("weight", "bias")]
    return {
        "width": width,
        "height": height,
        "color": ground if isinstance(ground, list) else None,
        "ground": f"data:image/png;base64,{ground['png']}" if isinstance(ground, dict) else None,
        "strokes": _packed(_strokes(painting, painter)),
        "network": {**painter.network.options, "radius": painter.radius, "weights": _packed(torch.cat(weights))},
    }


@torch.no_grad()
def _strokes(painting: Painting, painter: NeuralSplat) -> np.ndarray:
    """(T, 13): a STROKE_ACTION each, with positions in px of the canvas, and the cell, px."""
    renderer, radius = painting.renderer, painter.radius
    assert radius is not None
    columns, table = renderer.strokes(painting.actions[0].to(renderer.device))
    table = table.cpu().double().numpy()
    if "cell" not in columns:
        columns, table = (*columns, "cell"), np.pad(table, [(0, 0), (0, 1)], constant_values=renderer.cell)
    table = table[:, [columns.index(name) for name in COLUMNS]]
    table[:, 2] = np.log(table[:, 2] * 64 / table[:, -1] / radius[0]) / math.log(radius[1] / radius[0])
    return table


def _packed(numbers: np.ndarray | torch.Tensor) -> str:
    """float32, little endian, in base64."""
    return base64.b64encode(np.asarray(numbers).astype("<f4").tobytes()).decode()
