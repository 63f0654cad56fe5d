"""The document of a painting: JSON with every stroke, as docs/formats.md describes it."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..expression import load_renderer
from ..registry import PluginError
from ..renderer import Renderer
from .ground import TRANSPARENT, decode_ground
from .readable import plain

FORMAT, VERSION = "diffpaint-painting", 1


def read_document(path: str | Path) -> dict[str, Any]:
    """Read and check a saved painting.

    Returns:
        The document, as docs/formats.md describes it.

    Raises:
        ValueError: No such file, no painting, another version, or a number that is missing, not finite or out of
            range; the message says which.
    """
    path = Path(path)
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"cannot read painting {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no painting: not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'{path} is no painting: it lacks "format": "{FORMAT}"')
    if document.get("version") != VERSION:
        raise ValueError(f"{path} has version {document.get('version')!r}; this program reads version {VERSION}")
    fields = {
        **{"width": int, "height": int, "background": (list, str, dict), "brush": (str, type(None))},
        **{"cell": (int, float), "stroke_columns": list, "strokes": list, "renderer": (dict, type(None))},
        **{"action_names": list, "actions": list, "seed": int, "losses": list, "interrupted": bool},
    }
    for key, kind in fields.items():
        if key not in document or not isinstance(document[key], kind):
            raise ValueError(
                f"{path} is a damaged painting: {key!r} is {'missing' if key not in document else 'wrong'}"
            )
    if document["width"] < 1 or document["height"] < 1 or not 0 < document["cell"] < math.inf:
        raise ValueError(f"{path} is a damaged painting: width, height and cell must be above 0")
    shared = document.get("shared", {})
    if not isinstance(shared, dict):
        raise ValueError(f"{path} is a damaged painting: 'shared' is wrong")
    _check_table(path, "shared", [list(shared.values())], len(shared), unit=True)
    _check_ground(path, document["background"])
    _check_table(path, "actions", document["actions"], len(document["action_names"]), unit=True)
    _check_table(path, "strokes", document["strokes"], len(document["stroke_columns"]), unit=False)
    return document


def _check_ground(path: Path, ground: Any) -> None:
    if isinstance(ground, list):
        _check_table(path, "background", [ground], 3, unit=True)
    elif isinstance(ground, dict):
        decode_ground(ground, f"the background of {path}")
    elif ground != TRANSPARENT:
        raise ValueError(f"{path} is a damaged painting: background is a colour, a picture or {TRANSPARENT!r}")


def _check_table(path: Path, what: str, rows: list, columns: int, unit: bool) -> None:
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != columns:
            raise ValueError(f"{path}: {what}, row {number} should hold {columns} numbers")
        for value in row:
            if (
                not isinstance(value, (int, float))
                or not abs(value) <= sys.float_info.max
                or (unit and not 0 <= value <= 1)
            ):
                raise ValueError(
                    f"{path}: {what}, row {number} holds {value!r}; wanted a finite number" + " in [0, 1]" * unit
                )


def encode_actions(actions: Tensor, renderer: Renderer) -> dict[str, Any]:
    """Actions (T, A) as a document holds them: as they are, as strokes in px of the canvas, and whose they are."""
    known, shared = renderer.action_names, renderer.shared
    own = [index for index, name in enumerate(known) if name not in shared]
    columns, strokes = renderer.strokes(actions.to(renderer.device))
    return {
        "format": FORMAT,
        "version": VERSION,
        "width": renderer.size[1],
        "height": renderer.size[0],
        "background": None,
        "brush": renderer.brush,
        "cell": renderer.cell,
        "stroke_columns": list(columns),
        "strokes": plain(strokes),
        "renderer": renderer.spec and renderer.spec | renderer.origin,
        "action_names": [known[index] for index in own],
        "actions": plain(actions[:, own]),
        **({"shared": {name: plain(actions[:1, known.index(name)])[0] for name in shared}} if shared else {}),
    }


def decode_renderer(document: dict[str, Any], path: str | Path) -> Renderer:
    """The renderer that a document names.

    Raises:
        ValueError: It names none, or one that does not take its options.
        PluginError: It is not installed; the message says where it came from.
    """
    named = dict(document["renderer"] or {})
    if not named:
        raise ValueError(f"{path} does not say how its renderer was made; pass one with renderer=")
    try:
        renderer = load_renderer(named["name"], **named.get("defaults", {}) | named["options"])
        renderer.spec = {"name": named.pop("name"), "options": named.pop("options")}
        renderer.origin = named
        return renderer
    except PluginError as error:
        origin = f"{named.get('distribution', 'a plugin')} {named.get('version', '')}".strip()
        raise PluginError(f"{error}; {path} was painted with {origin}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is a damaged painting: its renderer cannot be made ({error!r})") from error


def decode_actions(document: dict[str, Any], renderer: Renderer, path: str | Path) -> Tensor:
    """(1, T, A) of what :func:`encode_actions` gave, in the order of a renderer's names.

    Raises:
        ValueError: The document lacks an action that the renderer takes.
    """
    rows, shared = document["actions"], document.get("shared", {})
    if not rows:
        raise ValueError(f"{path} holds no strokes: its actions are empty")
    values = dict(zip(document["action_names"], zip(*rows, strict=True), strict=True))
    values |= {name: (value,) * len(rows) for name, value in shared.items()}
    if missing := [name for name in renderer.action_names if name not in values]:
        raise ValueError(f"{path} lacks {missing[0]!r} among its actions, which {type(renderer).__name__} takes")
    return torch.tensor([values[name] for name in renderer.action_names], dtype=torch.float32).T[None]
