"""The card of an agent's weights: what it learned from, for how long, and how well it paints."""

from __future__ import annotations

import json
from pathlib import Path

from diffpaint.io.files import replacing

from ..demonstrations import read_demonstrations
from ..pictures import Pictures
from ..terms import terms_of
from ..weights import load_agent
from .figures import measure
from .sheet import painted_sheet

SHOWN = 48  # pictures on a contact sheet

_CARD = """\
# An agent for {data[source]}

A recurrent network that looks at a picture and paints it in {strokes} strokes (the paper's sections 3 and 4).

| | |
|---|---|
| learned from | {data[pictures]:,} pictures of {data[source]}, {size} x {size} px |
| terms | {terms} |
| paints with | {painter}, {brush} |
| rules | {rules} |
| demonstrations | {shown_by} |
| started from | {begun} |
| training | {settings} |
| device | {device} |
| network | {parameters:,} parameters |

Measured at {size} px on pictures that it never learned from, with the real engine (docs/agent.md says more of the data
and the figures), by
`diffpaint agent evaluate {weights} --data {data[source]}{more}`:

```
{table}
```
"""


def write_card(
    weights: Path,
    pictures: tuple[Pictures, Pictures],
    *,
    count: int | None = None,
    demonstrations: str | None = None,
) -> str:
    """Measure weights, and write ``card.md``, ``figures.json`` and ``sheet.png`` beside them.

    Args:
        weights: A ``.safetensors`` file that ``diffpaint agent train`` wrote.
        pictures: That it learned from, and test pictures.
        count: Test pictures, evenly spaced among all; None takes all.
        demonstrations: Name of those by whose order strokes are judged.

    Returns:
        The table of figures.
    """
    trained = load_agent(str(weights))
    header = trained.header
    taught = None if demonstrations is None else read_demonstrations(demonstrations, trained.agent.options["strokes"])
    figures, chosen, actions = measure(trained, pictures, count=count, demonstrations=taught)
    rules = [repr(constraint) for constraint in trained.constraints]
    card = _CARD.format(
        **header,
        terms=terms_of(header["data"]["source"]),
        **{key: header["options"][key] for key in ("strokes", "size")},
        shown_by=header["lesson"] or "none",
        begun=header.get("start") or "chance",
        rules=", ".join(rules) or "none",
        settings=", ".join(
            f"{key} {value if isinstance(value, bool) else format(value, ',')}"
            for key, value in header["training"].items()
        ),
        parameters=sum(value.numel() for value in trained.agent.parameters()),
        weights=weights,
        more=(f" --count {count}" if count else "") + (f" --demonstrations {demonstrations}" if demonstrations else ""),
        table=figures.table(),
    )
    with replacing(weights.with_name("card.md")) as temporary:
        temporary.write_text(card)
    with replacing(weights.with_name("figures.json")) as temporary:
        temporary.write_text(json.dumps(figures.json(), indent=2) + "\n")
    pictures_shown, painter = pictures[1][chosen[:SHOWN]], trained.painter(trained.size)
    painted_sheet(weights.with_name("sheet.png"), pictures_shown, actions[:SHOWN], painter)
    return figures.table()
