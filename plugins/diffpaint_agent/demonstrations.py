"""Demonstrations: sequences of strokes by hand that teach an agent in which order to paint (the paper's section 4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
from msgspec import Meta, Struct
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, normalize

from diffpaint.io.brief import brief
from diffpaint.io.schema import Number, Text, Unit, check_schema, decode_json
from diffpaint.renderer import STROKE_ACTION

FORMAT, VERSION = "diffpaint-demonstrations", 1
FORMATS = (FORMAT, "diffpaint-lesson")  # which it was called before 0.2
FOLDER = Path(__file__).parent / "sequences"
POINTS = STROKE_ACTION[6:]
BLUR = 3  # px, within which ink counts as in the same place
FAINT = 0.05  # mean pressure below which a stroke only leads to the next
DIRECTIONS = ("counter-clockwise", "downwards")  # that a sequence may claim; agents are measured by it
Whole = Annotated[int, Meta(ge=-(2**31), lt=2**31)]


class Sequence(Struct):
    """Strokes of one document for one label."""

    label: Whole
    name: Text
    lifted: list[Whole]
    strokes: list[tuple[Number, Number, Number, Number, Number, Number]]
    direction: Literal["counter-clockwise", "downwards"] | None = None


class Document(Struct):
    """Demonstrations, as docs/formats.md describes them."""

    unit: Annotated[float, Meta(gt=0, le=1e9)]
    pressure: Unit
    size: Unit
    columns: list[Text]
    sequences: Annotated[list[Sequence], Meta(min_length=1)]


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
    what = f"{path} are no demonstrations"
    document = decode_json(path.read_bytes(), what)
    if not isinstance(document, dict) or document.get("format") not in FORMATS or document.get("version") != VERSION:
        raise ValueError(f"{what}: wanted {FORMAT} {VERSION}, as its format and version")
    document = check_schema(document, Document, what)
    if document.columns != list(POINTS):
        raise ValueError(f"{what}: its columns are {brief(document.columns)}; wanted {list(POINTS)}")
    sequences = document.sequences
    for number, sequence in enumerate(sequences):
        name = brief(repr(sequence.name), 60)
        if sequence.name in (other.name for other in sequences[:number]):
            raise ValueError(f"{what}: two sequences are called {name}")
        if len(sequence.strokes) != strokes:
            raise ValueError(f"{path}: {name} has {len(sequence.strokes)} strokes, and the agent paints {strokes}")
        if not set(sequence.lifted) <= set(range(strokes)):
            raise ValueError(f"{what}: {name} lifts strokes that it does not have")
        if document.pressure <= FAINT or len(set(sequence.lifted)) == strokes:
            raise ValueError(f"{what}: {name} leaves no ink: all of its strokes are lifted, or hardly press")
        if not all(0 <= value <= document.unit for stroke in sequence.strokes for value in stroke):
            raise ValueError(f"{what}: positions of {name} are from 0 to its unit, {document.unit:g}")
    return Demonstrations(
        tuple(sequence.name for sequence in sequences),
        torch.tensor([sequence.label for sequence in sequences]),
        torch.tensor([_actions(document, sequence) for sequence in sequences]),
        tuple(sequence.direction for sequence in sequences),
    )


def _actions(document: Document, sequence: Sequence) -> list[list[float]]:
    """A STROKE_ACTION for each stroke."""
    actions = []
    for number, stroke in enumerate(sequence.strokes):
        pressure = 0.0 if number in sequence.lifted else document.pressure
        points = [value / document.unit for value in stroke]
        actions.append([pressure, pressure, document.size, 0.0, 0.0, 0.0, *points])
    return actions
