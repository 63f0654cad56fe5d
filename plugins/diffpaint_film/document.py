"""The document of a film: JSON with the strokes of all frames, as docs/films.md describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import torch
from msgspec import Meta, Struct
from torch import Tensor

from diffpaint import Renderer
from diffpaint.io.bounds import MOST_SIDE
from diffpaint.io.document import Named, decode_renderer
from diffpaint.io.files import replacing
from diffpaint.io.readable import plain
from diffpaint.io.schema import Text, Unit, check_schema, decode_json

FORMAT, VERSION = "diffpaint-film", 1


class FilmDocument(Struct):
    """A painted film.

    Attributes:
        strokes: Every stroke that is in any frame, once: rows of actions.
        frames: The strokes of each frame in drawing order, as numbers of those rows.
        times: Of each frame, s.
    """

    width: Annotated[int, Meta(ge=1, le=MOST_SIDE)]
    height: Annotated[int, Meta(ge=1, le=MOST_SIDE)]
    background: Annotated[list[Unit], Meta(min_length=3, max_length=3)]
    renderer: Named
    action_names: list[Text]
    strokes: list[list[Unit]]
    frames: list[list[Annotated[int, Meta(ge=0)]]]
    times: list[Annotated[float, Meta(ge=0)]]
    seed: Annotated[int, Meta(ge=0)]

    def actions(self, number: int) -> Tensor:
        """The strokes of a frame, (1, T, A)."""
        return torch.tensor([[self.strokes[index] for index in self.frames[number]]])

    def ground(self, renderer: Renderer) -> Tensor:
        """What frames are painted on, (1, 3, H, W)."""
        return torch.tensor(self.background)[None, :, None, None].expand(1, 3, *renderer.size)


def write_film(
    path: Path,
    frames: Iterable[tuple[Tensor, Fraction]],
    renderer: Renderer,
    background: list[float],
    seed: int,
) -> None:
    """Write the strokes (T, A) and the time of every frame, whole or not at all."""
    rows: dict[tuple[float, ...], int] = {}
    numbers, times = [], []
    for actions, time in frames:
        numbers.append([rows.setdefault(tuple(row), len(rows)) for row in plain(actions)])
        times.append(round(float(time), 6))
    document = {
        "format": FORMAT,
        "version": VERSION,
        "width": renderer.size[1],
        "height": renderer.size[0],
        "background": background,
        "renderer": renderer.spec and renderer.spec | renderer.origin,
        "action_names": list(renderer.action_names),
        "strokes": list(rows),
        "frames": numbers,
        "times": times,
        "seed": seed,
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document))


def read_film(path: str | Path) -> tuple[FilmDocument, Renderer]:
    """Read a film's strokes, and make the renderer that draws them.

    Raises:
        ValueError: No such file, no film, another version, or a field that is missing or out of range.
        PluginError: Its renderer is not installed.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read film {path}: {error.strerror}") from error
    found: Any = decode_json(content, f"{path} is no film")
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        raise ValueError(f'{path} is no film: it lacks "format": "{FORMAT}", "version": {VERSION}')
    what = f"{path} is a damaged film"
    document = check_schema(found, FilmDocument, what)
    if len(document.times) != len(document.frames):
        raise ValueError(f"{what}: it has {len(document.frames)} frames and {len(document.times)} times")
    if any(len(row) != len(document.action_names) for row in document.strokes):
        raise ValueError(f"{what}: strokes should hold {len(document.action_names)} numbers each")
    most = len(document.strokes)
    if bad := [number for number, frame in enumerate(document.frames) if not frame or max(frame) >= most]:
        raise ValueError(f"{what}: frame {bad[0]} names strokes that are not there, or none")
    renderer = decode_renderer(found, path)
    if list(renderer.action_names) != document.action_names:
        raise ValueError(f"{what}: its action_names are not those of its renderer")
    return document, renderer
