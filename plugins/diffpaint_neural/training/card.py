"""The card of a file of weights: what it was trained on, for how long, and how true it is."""

from __future__ import annotations

import json
from pathlib import Path

from diffpaint import replacing

from ..splat import NeuralSplat
from ..weights import load_weights
from .truth import contact_sheet, measure

_CARD = """\
# neural-{painter} for {brush}

Predicts the alpha of a stroke from its action; colour is exact by compositing.

| | |
|---|---|
| brush | {brush}, sha256 of its file {data[brush_sha256]:.16} |
| engine | {data[engine]}, pigment mixing off |
| strokes | {data[count]:,}, uniform random actions, seed {data[seed]}; radius {radius[0]:g} to {radius[1]:g} px on 64 |
| rendering | drawn at {raster} px and averaged to 64; {data[randomness]} |
| training | {training[steps]:,} steps of {training[batch]} strokes, squared error, Adam from {training[lr]:g} to 0 |
| network | {architecture}: {parameters:,} parameters |
| reach | {reach:g} radii from the curve |

Measured by `diffpaint evaluate neural-{painter} --brush {name}`:

```
{table}
```
"""


def write_card(weights: Path, name: str | None = None) -> str:
    """Measure weights against the engine, and write ``card.md``, ``figures.json`` and ``strokes.png`` beside them.

    Args:
        weights: A ``.safetensors`` file of a splat painter.
        name: By which the painter is asked for in the card; None takes the path.

    Returns:
        The table of figures.
    """
    state, header = load_weights("splat", str(weights))
    painter = NeuralSplat(str(weights))
    data = header["data"]
    truth = measure(painter, brush=header["brush"], oversample=data["oversample"])
    card = _CARD.format(
        **header,
        architecture=", ".join(f"{count} {what}" for what, count in header["options"].items()),
        raster=64 * data["oversample"],
        parameters=sum(value.numel() for value in state.values()),
        name=name or weights,
        table=truth.table(),
    )
    with replacing(weights.with_name("card.md")) as temporary:
        temporary.write_text(card)
    with replacing(weights.with_name("figures.json")) as temporary:
        temporary.write_text(json.dumps(truth.figures(), indent=2) + "\n")
    contact_sheet(painter, weights.with_name("strokes.png"), brush=header["brush"], oversample=data["oversample"])
    return truth.table()
