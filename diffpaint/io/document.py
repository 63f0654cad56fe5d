"""The document of a painting: JSON with every stroke, as docs/formats.md describes it."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from msgspec import Meta, Struct
from torch import Tensor

from ..expression import load_renderer
from ..registry import PluginError
from ..renderer import Renderer
from .bounds import MOST_PIXELS, MOST_SIDE
from .brief import brief
from .ground import decode_ground
from .readable import plain
from .schema import Number, Text, Unit, check_schema, decode_json
from .untrusted import names_of_a_file

FORMAT, VERSION = "diffpaint-painting", 1
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"  # what every PNG begins with; its width and height follow


class Named(Struct):
    """A renderer by name, and where it came from."""

    name: Annotated[str, Meta(max_length=200, pattern=r"^[A-Za-z_][\w.:-]*$")]
    options: dict[str, Any]
    defaults: dict[str, Any] = {}
    distribution: Text = ""
    version: Text = ""


class Document(Struct):
    """A painting, as docs/formats.md describes it."""

    width: Annotated[int, Meta(ge=1, le=MOST_SIDE)]
    height: Annotated[int, Meta(ge=1, le=MOST_SIDE)]
    background: list[Unit] | dict[str, str] | Literal["transparent"]
    brush: Text | None
    cell: Annotated[float, Meta(ge=1e-3, le=1e6)]
    stroke_columns: list[Text]
    strokes: list[list[Number]]
    renderer: Named | None
    action_names: list[Text]
    actions: list[list[Unit]]
    seed: Annotated[int, Meta(ge=0)]
    losses: list[float]
    interrupted: bool
    shared: dict[str, Unit] = {}
    brush_file: dict[str, str | bool] | None = None


def read_document(path: str | Path) -> dict[str, Any]:
    """Read and check a saved painting.

    Returns:
        The document, as docs/formats.md describes it.

    Raises:
        ValueError: No such file, no painting, another version, or a field that is missing or out of range; the message
            says which.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read painting {path}: {error.strerror}") from error
    document = decode_json(content, f"{path} is no painting")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'{path} is no painting: it lacks "format": "{FORMAT}"')
    if document.get("version") != VERSION:
        version = brief(repr(document.get("version")), 40)
        raise ValueError(f"{path} has version {version}; this program reads version {VERSION}")
    what = f"{path} is a damaged painting"
    checked = check_schema(document, Document, what)
    if checked.width * checked.height > MOST_PIXELS:
        raise ValueError(f"{what}: width and height make more than {MOST_PIXELS // 10**6} megapixels")
    _check_ground(checked, what)
    _check_rows(what, "actions", checked.actions, len(checked.action_names))
    _check_rows(what, "strokes", checked.strokes, len(checked.stroke_columns))
    return document


def _check_ground(document: Document, what: str) -> None:
    """A colour has three channels, and a picture is a PNG of the size of the canvas, known before it is decoded."""
    ground = document.background
    if isinstance(ground, list):
        _check_rows(what, "background", [ground], 3)
    elif isinstance(ground, dict):
        try:
            content = base64.b64decode(ground["png"], validate=True)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{what}: its background is no PNG in base64 ({brief(repr(error))})") from error
        if content[: len(PNG)] != PNG or len(content) < len(PNG) + 8:
            raise ValueError(f"{what}: its background is no PNG")
        size = struct.unpack_from(">II", content, len(PNG))
        if size != (document.width, document.height):
            raise ValueError(f"{what}: its background is {size[0]} x {size[1]} px, and its canvas is not")
        decode_ground(ground, f"the background of {what}")


def _check_rows(what: str, table: str, rows: list[list[float]], columns: int) -> None:
    for number, row in enumerate(rows):
        if len(row) != columns:
            raise ValueError(f"{what}: {table}, row {number} should hold {columns} numbers, and holds {len(row)}")


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
        **({"brush_file": renderer.brush_file} if renderer.brush_file is not None else {}),
        **({"shared": {name: plain(actions[:1, known.index(name)])[0] for name in shared}} if shared else {}),
    }


def decode_renderer(document: dict[str, Any], path: str | Path) -> Renderer:
    """The renderer that a document names; every name in it, at any depth, is one that is registered.

    Raises:
        ValueError: It names none, one that does not take its options, or one of another size than the painting.
        PluginError: It is not installed; the message says where it came from.
    """
    named = dict(document["renderer"] or {})
    if not named:
        raise ValueError(f"{path} does not say how its renderer was made; pass one with renderer=")
    try:
        with names_of_a_file():
            renderer = load_renderer(named["name"], **named.get("defaults", {}) | named["options"])
    except PluginError as error:
        origin = f"{named.get('distribution') or 'a plugin'} {named.get('version', '')}"
        raise PluginError(f"{error}; {path} was painted with {brief(origin, 60)}") from error
    except Exception as error:  # whatever a plugin raises at options that nobody gave it
        raise ValueError(
            f"the renderer of {path} cannot be made ({type(error).__name__}: {brief(error, 160)})"
        ) from error
    if tuple(renderer.size) != (document["height"], document["width"]):
        size = f"{brief(renderer.size, 40)}, the painting ({document['height']}, {document['width']})"
        raise ValueError(f"{path} is a damaged painting: its renderer's size is {size}")
    renderer.spec = {"name": named.pop("name"), "options": named.pop("options")}
    renderer.origin = named
    return renderer


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
