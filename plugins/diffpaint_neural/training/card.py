"""The card of a file of weights: what it was trained on, for how long, and how true it is."""

from __future__ import annotations

import json
from pathlib import Path

from diffpaint import StrokeRenderer, load_renderer
from diffpaint.io.files import replacing
from diffpaint.registry import load
from diffpaint_mypaint import carried_brush

from ..weights import read_header
from .fidelity import contact_sheet, measure

_CARD = """\
# neural-{painter} for {brush}

{about}

| | |
|---|---|
| brush | {brush}, sha256 of its file {data[brush_sha256]:.16} |
| engine | {data[engine]}, pigment mixing off{smudge} |
| strokes | {data[count]:,}, uniform random actions, seed {data[seed]}; radius {radius[0]:g} to {radius[1]:g} px on 64 |
| rendering | drawn at {raster} px and averaged to 64; {data[randomness]} |
| training | {settings} |
| device | {device} |
| network | {architecture}: {parameters:,} parameters |
| reach | {reach:g} radii from the curve |

{departures}Measured by `diffpaint evaluate neural-{painter} --brush {name}`:

```
{table}
```
"""


def write_card(weights: Path, name: str | None = None) -> str:
    """Measure weights against the engine, and write ``card.md``, ``figures.json`` and ``strokes.png`` beside them.

    Args:
        weights: A ``.safetensors`` file that ``diffpaint train`` wrote.
        name: By which the painter is asked for in the card; None takes the path.

    Returns:
        The table of figures.
    """
    header = read_header(weights)
    recipe, data = load("recipes", header["painter"]), header["data"]
    painter = load_renderer(f"neural-{header['painter']}", brush=str(weights))
    assert isinstance(painter, StrokeRenderer)
    brush = carried_brush(header["brush"], header.get("brush_file"))
    fidelity = measure(painter, brush=brush, oversample=data["oversample"])
    departures = "".join(f"- {line}\n" for line in recipe.departures)
    card = _CARD.format(
        **header,
        smudge="" if brush.smudging else ", smudging off: the mask alone",
        about=recipe.about,
        settings=", ".join(f"{key} {value:,g}" for key, value in header["training"].items()),
        departures=f"Where it departs from the paper, and why:\n\n{departures}\n" if departures else "",
        architecture=", ".join(f"{what} {count}" for what, count in header["options"].items()),
        raster=64 * data["oversample"],
        parameters=sum(value.numel() for value in painter.parameters()),
        name=name or weights,
        table=fidelity.table(),
    )
    with replacing(weights.with_name("card.md")) as temporary:
        temporary.write_text(card)
    with replacing(weights.with_name("figures.json")) as temporary:
        temporary.write_text(json.dumps(fidelity.figures(), indent=2) + "\n")
    contact_sheet(painter, weights.with_name("strokes.png"), brush=brush, oversample=data["oversample"])
    return fidelity.table()
