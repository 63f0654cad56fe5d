"""Demonstrations: sequences of strokes by hand that teach an agent in which order to paint (the paper's section 4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, normalize

from diffpaint.renderer import STROKE_ACTION

FORMAT, VERSION = "diffpaint-demonstrations", 1
FORMATS = (FORMAT, "diffpaint-lesson")  # which it was called before 0.2
FOLDER = Path(__file__).parent / "sequences"
POINTS = STROKE_ACTION[6:]
BLUR = 3  # px, within which ink counts as in the same place
FAINT = 0.05  # mean pressure below which a stroke only leads to the next
DIRECTIONS = ("counter-clockwise", "downwards")  # that a sequence may claim; agents are measured by it


@dataclass(frozen=True)
class Demonstrations:
    """Sequences of strokes, one or more for each label.

    Attributes:
        names: Of the sequences.
        labels: int64 (V,), which each of them is for.
        actions: (V, T, 12) in [0, 1], a STROKE_ACTION each, black; strokes that only lead to the next have no pressure.
        directions: One of DIRECTIONS for each sequence, or None.
    """

    names: tuple[str, ...]
    labels: Tensor
    actions: Tensor
    directions: tuple[str | None, ...]

    def sha256(self) -> str:
        """Of all that is taught, by which a resumed run knows its demonstrations."""
        return hashlib.sha256(self.labels.numpy().tobytes() + self.actions.numpy().tobytes()).hexdigest()

    def check(self, labels: Tensor) -> None:
        """Check that there is a sequence for every label.

        Raises:
            ValueError: Some have none.
        """
        if unknown := sorted(set(labels.tolist()) - set(self.labels.tolist())):
            raise ValueError(f"the demonstrations have no sequence for label {', '.join(map(str, unknown))}")

    def fitted(self, pictures: Tensor, chosen: Tensor, shown: Tensor) -> Tensor:
        """The sequences that pictures are taught by, moved, scaled and slanted as the ink of each picture is.

        Args:
            pictures: (B, 3, S, S) in [0, 1], black on white.
            chosen: (B,), the sequence of each, from :meth:`chosen`.
            shown: (V, 3, S, S) in [0, 1], what a painter makes of ``actions``.

        Returns:
            (B, T, 12) in [0, 1].
        """
        (centre, axes), (middle, spread) = (_spread(1 - x[:, :1]) for x in (pictures, shown[chosen]))
        actions = self.actions.to(pictures.device)[chosen]
        others, points = actions.split(6, 2)
        points = 2 * points.unflatten(2, (-1, 2)).flatten(1, 2).mT - 1
        points = axes @ torch.linalg.solve_triangular(spread, points - middle, upper=True) + centre
        points = ((points.mT + 1) / 2).clamp(0, 1)
        return torch.cat([others, points.flatten(1).unflatten(1, (actions.shape[1], -1))], 2)

    def chosen(self, pictures: Tensor, labels: Tensor, shown: Tensor) -> Tensor:
        """Which sequence each picture is taught by: of those for its label the one that looks most like it.

        Place, width, height and slant do not count: two 7s are alike where both have a bar.

        Args:
            pictures: (B, 3, S, S) in [0, 1], black on white.
            labels: (B,), each with a sequence.
            shown: (V, 3, S, S) in [0, 1], what a painter makes of ``actions``.

        Returns:
            (B,), indices of sequences.

        """
        ink, taught = (
            normalize(avg_pool2d(_upright(1 - x[:, :1]), BLUR, 1).flatten(1), dim=1) for x in (pictures, shown)
        )
        likeness = ink @ taught.T
        return likeness.masked_fill(labels[:, None] != self.labels.to(labels.device), -torch.inf).argmax(1)


def _spread(ink: Tensor) -> tuple[Tensor, Tensor]:
    """Where ink (B, 1, S, S) is: its centre (B, 2, 1), and (B, 2, 2) which takes deviations of 1 to those of the ink.

    Both are in units of half a side, x first. The ink's slant is in the second one, an upper triangle.
    """
    side = (2 * torch.arange(ink.shape[-1], device=ink.device) + 1) / ink.shape[-1] - 1
    weight = ink[:, 0] / ink.sum((1, 2, 3)).clamp_min(1e-6)[:, None, None]
    x, y = (weight * side).sum((1, 2)), (weight * side[:, None]).sum((1, 2))
    across, down = side - x[:, None, None], side[:, None] - y[:, None, None]
    tall = (weight * down.square()).sum((1, 2)).clamp_min(1e-4)
    shear = (weight * across * down).sum((1, 2)) / tall
    wide = ((weight * across.square()).sum((1, 2)) - shear.square() * tall).clamp_min(1e-4).sqrt()
    tall = tall.sqrt()
    axes = torch.stack([wide, shear * tall, torch.zeros_like(tall), tall], 1).unflatten(1, (2, 2))
    return torch.stack([x, y], 1)[..., None], axes


def _upright(ink: Tensor) -> Tensor:
    """Ink (B, 1, S, S) moved, sheared and scaled so that its centre and its second moments are all the same."""
    centre, axes = _spread(ink)
    grid = affine_grid(torch.cat([2 * axes, centre], 2), list(ink.shape), align_corners=False)
    return grid_sample(ink, grid, align_corners=False)


def read_demonstrations(name: str, strokes: int) -> Demonstrations:
    """Read demonstrations, as docs/formats.md describes it.

    Args:
        name: ``digits``, or the path of a ``.json`` document.
        strokes: That the agent paints; every sequence must have as many.

    Raises:
        ValueError: No such demonstrations, damaged ones, or sequences of another length.
    """
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in FOLDER.glob("*.json")))
        raise ValueError(f"no demonstrations {name!r}; there is {known}, and any .json document of some")
    try:
        document = json.loads(path.read_text())
        if document["format"] not in FORMATS or document["version"] != VERSION:
            raise ValueError(f"format {document['format']} {document['version']}, wanted {FORMAT} {VERSION}")
        names, labels, actions, directions = [], [], [], []
        for sequence in document["sequences"]:
            if sequence["name"] in names:
                raise ValueError(f"two sequences are called {sequence['name']!r}")
            names.append(str(sequence["name"]))
            labels.append(_whole(sequence["label"], "label"))
            actions.append(list(_actions(document, sequence)))
            directions.append(sequence.get("direction"))
            if directions[-1] not in (None, *DIRECTIONS):
                raise ValueError(f"direction is {' or '.join(DIRECTIONS)}, got {directions[-1]!r}")
            if not any(sum(stroke[:2]) > 2 * FAINT for stroke in actions[-1]):
                raise ValueError(f"{sequence['name']!r} leaves no ink: all of its strokes are lifted, or hardly press")
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{path} are no demonstrations: {what}") from error
    if not actions:
        raise ValueError(f"{path} are no demonstrations: it has no sequences")
    for name, sequence in zip(names, actions, strict=True):
        if len(sequence) != strokes:
            raise ValueError(f"{path}: {name!r} has {len(sequence)} strokes, and the agent paints {strokes}")
    table = torch.tensor(actions)
    if not ((table >= 0) & (table <= 1)).all():
        raise ValueError(f"{path} are no demonstrations: positions are from 0 to its unit, pressure and size in [0, 1]")
    return Demonstrations(tuple(names), torch.tensor(labels), table, tuple(directions))


def _actions(document: dict, sequence: dict) -> Iterable[list[float]]:
    if document["columns"] != list(POINTS):
        raise ValueError(f"its columns are {document['columns']}; wanted {list(POINTS)}")
    unit, lifted = _number(document["unit"], "unit"), [_whole(number, "lifted") for number in sequence["lifted"]]
    if unit <= 0:
        raise ValueError(f"unit must be above 0, got {unit:g}")
    if not set(lifted) <= set(range(len(sequence["strokes"]))):
        raise ValueError(f"{sequence['name']!r} lifts strokes {lifted}, some of which it does not have")
    for number, stroke in enumerate(sequence["strokes"]):
        if not isinstance(stroke, list) or len(stroke) != len(POINTS):
            raise ValueError(f"{sequence['name']!r}, stroke {number} is {stroke!r}; wanted {len(POINTS)} numbers")
        pressure = 0.0 if number in lifted else _number(document["pressure"], "pressure")
        points = [_number(value, "position") / unit for value in stroke]
        yield [pressure, pressure, _number(document["size"], "size"), 0.0, 0.0, 0.0, *points]


def _number(value: object, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, got {value!r}")
    return float(value)


def _whole(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**31:
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    return value
