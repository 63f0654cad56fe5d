"""Several prompts with weights, in one text."""

from __future__ import annotations

import math
from collections.abc import Mapping


def weighted(prompt: str | Mapping[str, float]) -> dict[str, float]:
    """Prompts and their weights.

    >>> weighted("a red fox in snow")
    {'a red fox in snow': 1.0}
    >>> weighted("a red fox in snow | watercolour:0.5 | text, letters:-0.3")
    {'a red fox in snow': 1.0, 'watercolour': 0.5, 'text, letters': -0.3}

    Args:
        prompt: ``TEXT``, or several ``TEXT:WEIGHT`` between bars; a weight that is left out is 1, and one below 0 is of
            what should not be seen. Or texts and weights themselves.

    Raises:
        ValueError: No prompt, an empty one, the same one twice, or a weight that is 0 or not finite.
    """
    if isinstance(prompt, str):
        pairs = [_pair(part) for part in prompt.split("|")]
    else:
        pairs = [(text.strip(), float(weight)) for text, weight in prompt.items()]
    if not pairs or not all(text for text, _ in pairs):
        raise ValueError(f"a prompt is a text such as 'a red fox in snow', got {prompt!r}")
    for text, weight in pairs:
        if not weight or not math.isfinite(weight):
            raise ValueError(f"the weight of a prompt is finite and not 0, got {weight} for {text!r}")
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"a prompt stands twice in {prompt!r}; give it once, with another weight")
    return dict(pairs)


def _pair(part: str) -> tuple[str, float]:
    text, colon, weight = part.rpartition(":")
    try:
        return (text.strip(), float(weight)) if colon else (part.strip(), 1.0)
    except ValueError:  # a colon of the text
        return part.strip(), 1.0
