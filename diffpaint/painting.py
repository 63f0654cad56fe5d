"""Paintings: what an optimisation returns, and the document that it is saved as."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .files import replacing
from .images import write_animation, write_image
from .registry import load_renderer
from .renderer import Renderer

FORMAT, VERSION = "diffpaint-painting", 1


@dataclass
class Painting:
    """What :func:`diffpaint.paint` returns.

    Attributes:
        canvas: (B, 3, H, W) in [0, 1], sRGB.
        actions: (B, T, A) in [0, 1].
        renderer: What made the canvas from the actions.
        seed: Of the optimisation.
        losses: One number a step.
        background: (B, 3, H, W) in [0, 1], what was painted on.
        interrupted: Whether the optimisation was stopped before its last step.
    """

    canvas: Tensor
    actions: Tensor
    renderer: Renderer
    seed: int
    background: Tensor
    losses: list[float] = field(default_factory=list)
    interrupted: bool = False

    def __len__(self) -> int:
        return len(self.canvas)

    def __getitem__(self, index: int) -> Painting:
        """One painting of a batch."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"painting {index} of a batch of {len(self)}")
        item = slice(index % len(self), index % len(self) + 1)
        return Painting(
            self.canvas[item],
            self.actions[item],
            self.renderer,
            self.seed,
            self.background[item],
            self.losses,
            self.interrupted,
        )

    def rendered_by(self, renderer: Renderer) -> Painting:
        """The same actions through another renderer, such as the same grid at a larger scale.

        Raises:
            ValueError: The renderer does not take these actions, or this was painted on a picture.
        """
        background = self._ground()[:, :, None, None].expand(-1, -1, *renderer.size)
        with torch.no_grad():
            canvas = renderer(self.actions.to(renderer.device), background.to(renderer.device)).cpu()
        return Painting(canvas, self.actions, renderer, self.seed, background, self.losses, self.interrupted)

    def frames(self) -> Iterator[Tensor]:
        """The canvas as it grows stroke by stroke, (B, 3, H, W) each; the last is ``canvas``."""
        device = self.renderer.device
        for frame in self.renderer.frames(self.actions.to(device), self.background.to(device)):
            yield frame.cpu()

    def save(self, path: str | Path) -> None:
        """Save as a picture, or as a document if the name ends in ``.json``. Written whole or not at all.

        Raises:
            ValueError: There is more than one painting, or an ending that is not known.
            OSError: The file cannot be written.
        """
        self._single()
        if Path(path).suffix.lower() == ".json":
            with replacing(path) as temporary:
                temporary.write_text(_dump(self.document()))
        else:
            write_image(path, self.canvas)

    def save_timelapse(self, path: str | Path, frames: int = 60, seconds: float = 8.0) -> None:
        """Save the painting growing, stroke by stroke, as ``.gif`` or ``.mp4``.

        Args:
            path: Written whole or not at all.
            frames: How many pictures, spread evenly over the strokes; fewer if there are fewer strokes.
            seconds: Length of the film.

        Raises:
            ValueError: There is more than one painting, fewer than one frame, or an ending that is not known.
        """
        self._single()
        if frames < 1:
            raise ValueError(f"a time-lapse needs at least 1 frame, got {frames}")
        strokes = self.actions.shape[1]
        wanted = {math.ceil((i + 1) * strokes / frames) - 1 for i in range(frames)}

        def chosen() -> Iterator[Tensor]:
            index, frame = -1, self.background
            for index, frame in enumerate(self.frames()):
                if index in wanted:
                    yield frame
            if index not in wanted:  # a renderer whose frames are not its strokes
                yield frame

        write_animation(path, chosen(), seconds)

    def document(self) -> dict[str, Any]:
        """The saved form, as docs/formats.md describes it: plain JSON values."""
        self._single()
        columns, strokes = self.renderer.strokes(self.actions[0].to(self.renderer.device))
        height, width = self.renderer.size
        return {
            "format": FORMAT,
            "version": VERSION,
            "width": width,
            "height": height,
            "background": _plain(self._ground()[0]),
            "brush": self.renderer.brush,
            "cell": self.renderer.cell,
            "stroke_columns": list(columns),
            "strokes": _plain(strokes),
            "renderer": self.renderer.spec,
            "action_names": list(self.renderer.action_names),
            "actions": _plain(self.actions[0]),
            "seed": self.seed,
            "losses": self.losses,
            "interrupted": self.interrupted,
        }

    @classmethod
    def load(cls, path: str | Path, renderer: Renderer | None = None) -> Painting:
        """Load a saved document and render it again.

        Args:
            path: A ``.json`` file that :meth:`save` wrote.
            renderer: Needed if the document does not name the one that it was made with.

        Raises:
            ValueError: The document is damaged, of another version, or does not say how to make its renderer.
            PluginError: Its renderer is not installed.
        """
        document = read_document(path)
        if renderer is None:
            if document["renderer"] is None:
                raise ValueError(f"{path} does not say how its renderer was made; pass one with renderer=")
            try:
                renderer = load_renderer(document["renderer"]["name"], **document["renderer"]["options"])
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path} is a damaged painting: its renderer cannot be made ({error!r})") from error
        actions = torch.tensor(document["actions"], dtype=torch.float32)[None]
        ground = torch.tensor(document["background"], dtype=torch.float32)
        background = ground[None, :, None, None].expand(1, 3, *renderer.size)
        with torch.no_grad():
            canvas = renderer(actions, background)
        return cls(canvas, actions, renderer, document["seed"], background, document["losses"], document["interrupted"])

    def _ground(self) -> Tensor:
        """The background colour, (B, 3)."""
        if not torch.equal(self.background.amax((2, 3)), self.background.amin((2, 3))):
            raise ValueError("this was painted on a picture; only a painting on one colour can be saved or scaled")
        return self.background[:, :, 0, 0]

    def _single(self) -> None:
        if len(self) != 1:
            raise ValueError(f"this is a batch of {len(self)} paintings; take one first, as in painting[0]")


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
        **{"width": int, "height": int, "background": list, "brush": (str, type(None)), "cell": (int, float)},
        **{"stroke_columns": list, "strokes": list, "renderer": (dict, type(None)), "action_names": list},
        **{"actions": list, "seed": int, "losses": list, "interrupted": bool},
    }
    for key, kind in fields.items():
        if key not in document or not isinstance(document[key], kind):
            raise ValueError(
                f"{path} is a damaged painting: {key!r} is {'missing' if key not in document else 'wrong'}"
            )
    if document["width"] < 1 or document["height"] < 1 or not 0 < document["cell"] < math.inf:
        raise ValueError(f"{path} is a damaged painting: width, height and cell must be above 0")
    _check_table(path, "background", [document["background"]], 3, unit=True)
    _check_table(path, "actions", document["actions"], len(document["action_names"]), unit=True)
    _check_table(path, "strokes", document["strokes"], len(document["stroke_columns"]), unit=False)
    return document


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


def _plain(values: Tensor) -> list:
    """Nested lists with the shortest decimals that give the same float32 back."""
    if values.ndim > 1:
        return [_plain(row) for row in values]
    return [float(str(value)) for value in values.detach().float().cpu().numpy()]


def _dump(document: dict[str, Any]) -> str:
    """JSON with one row of a table a line, so that documents can be read and compared."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], list):
            text = "[\n" + ",\n".join("  " + json.dumps(row, allow_nan=False) for row in value) + "\n ]"
        else:
            text = json.dumps(value, allow_nan=False)
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
