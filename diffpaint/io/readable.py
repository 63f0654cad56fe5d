"""JSON that people can read and compare: the shortest numbers, and a row of a table a line."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor


def plain(values: Tensor) -> list:
    """Nested lists with the shortest decimals that give the same float32 back."""
    if values.ndim > 1:
        return [plain(row) for row in values]
    return [float(str(value)) for value in values.detach().to(torch.float32).cpu().numpy()]


def dump(document: dict[str, Any]) -> str:
    """JSON with one row of a table a line, so that documents can be read and compared."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], list):
            text = "[\n" + ",\n".join("  " + json.dumps(row, allow_nan=False) for row in value) + "\n ]"
        else:
            text = json.dumps(value, allow_nan=False)
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
