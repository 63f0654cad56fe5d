"""Paintings: what an optimisation returns; and writers, which save them as files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .expression import make
from .io.document import decode_actions, decode_renderer, encode_actions, read_document
from .io.ground import TRANSPARENT, decode_ground, encode_ground
from .io.notebook import Shown
from .io.untrusted import names_of_a_file
from .registry import names
from .renderer import Renderer


@dataclass
class Painting(Shown):
    """What :func:`diffpaint.paint` returns. A notebook shows it.

    Attributes:
        canvas: (B, 3, H, W) in [0, 1], sRGB.
        actions: (B, T, A) in [0, 1].
        renderer: What made the canvas from the actions.
        seed: Of the optimisation.
        background: (B, 3, H, W) in [0, 1], what was painted on.
        losses: One number a step.
        interrupted: Whether the optimisation was stopped before its last step.
        transparent: Whether it is saved without its background, where a format can.
    """

    canvas: Tensor
    actions: Tensor
    renderer: Renderer
    seed: int
    background: Tensor
    losses: list[float] = field(default_factory=list)
    interrupted: bool = False
    transparent: bool = False

    def __len__(self) -> int:
        return len(self.canvas)

    def __getitem__(self, index: int) -> Painting:
        """One painting of a batch."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"painting {index} of a batch of {len(self)}")
        item = slice(index % len(self), index % len(self) + 1)
        return replace(self, canvas=self.canvas[item], actions=self.actions[item], background=self.background[item])

    def rendered_by(self, renderer: Renderer) -> Painting:
        """The same actions through another renderer, such as the same grid at a larger scale, on a resized background.

        Raises:
            ValueError: The renderer does not take these actions.
        """
        ground = self.background
        if tuple(ground.shape[2:]) != tuple(renderer.size):
            ground = interpolate(ground, renderer.size, mode="bilinear", antialias=True).clamp(0, 1)
        return replace(self, canvas=self._render(renderer, ground), renderer=renderer, background=ground)

    def frames(self) -> Iterator[Tensor]:
        """The canvas as it grows stroke by stroke, (B, 3, H, W) each; the last is ``canvas``."""
        device = self.renderer.device
        for frame in self.renderer.frames(self.actions.to(device), self.background.to(device)):
            yield frame.cpu()

    def pixels(self) -> Tensor:
        """The picture to save, (B, 3, H, W): ``canvas``; or with alpha, (B, 4, H, W), where it is transparent."""
        if not self.transparent:
            return self.canvas
        black, white = (self._render(self.renderer, torch.full_like(self.background, level)) for level in (0.0, 1.0))
        alpha = (1 - (white - black).mean(1, keepdim=True)).clamp(0, 1)  # what shows the ground is not covered
        return torch.cat([(black / alpha.clamp(min=1e-6)).clamp(0, 1), alpha], 1)

    def save(self, path: str | Path, **options: Any) -> None:
        """Save by the writer for the ending: a picture, a film, a ``.json`` document, or what plugins write.

        Args:
            path: Of the file, written whole or not at all.
            options: Of the writer, such as ``frames`` of a film.

        Raises:
            ValueError: There is more than one painting, an ending that no writer has, or options that it has not.
            OSError: The file cannot be written.
        """
        writer = find_writer(path, **options)
        writer.check(Path(path))
        writer.check_renderer(self.renderer)
        writer.write(self.single(), Path(path))

    def single(self) -> Painting:
        """This painting; ValueError if it is a batch of several."""
        if len(self) != 1:
            raise ValueError(f"this is a batch of {len(self)} paintings; take one first, as in painting[0]")
        return self

    def document(self) -> dict[str, Any]:
        """The saved form, as docs/formats.md describes it: plain JSON values."""
        ground = TRANSPARENT if self.single().transparent else encode_ground(self.background)
        history = {"seed": self.seed, "losses": self.losses, "interrupted": self.interrupted}
        return encode_actions(self.actions[0], self.renderer) | {"background": ground, **history}

    @classmethod
    def load(cls, path: str | Path, renderer: Renderer | None = None) -> Painting:
        """Load a saved document and render it again.

        Args:
            path: A ``.json`` file that :meth:`save` wrote.
            renderer: Needed if the document does not name the one that it was made with.

        Raises:
            ValueError: The document is damaged, of another version, or does not say how to make its renderer.
            PluginError: Its renderer is not installed; it says where it came from.
        """
        document = read_document(path)
        with names_of_a_file(renderer is None):  # until it has painted: a plugin may load what it names as late as that
            renderer = decode_renderer(document, path) if renderer is None else renderer
            actions, ground = decode_actions(document, renderer, path), decode_ground(document["background"])
            ground = ground.expand(1, 3, *renderer.size) if ground.shape[2:] == (1, 1) else ground
            history = document["seed"], ground, document["losses"], document["interrupted"]
            saved = cls(ground, actions, renderer, *history, transparent=document["background"] == TRANSPARENT)
            return saved.rendered_by(renderer)

    def _render(self, renderer: Renderer, ground: Tensor) -> Tensor:
        with torch.no_grad():
            return renderer(self.actions.to(renderer.device), ground.to(renderer.device)).cpu()


class Writer(ABC):
    """Saves a painting as a file; the group ``diffpaint.writers`` names writers by the ending of the file."""

    def check(self, path: Path) -> None:  # noqa: B027, most have nothing to check
        """Check, before long work starts, that a file of this name can be written.

        Raises:
            ValueError: Something that it needs is missing, or the name does not do.
        """

    def check_renderer(self, renderer: Renderer) -> None:  # noqa: B027
        """Check, before long work starts, that paintings of a renderer can be written; ValueError if not."""

    @abstractmethod
    def write(self, painting: Painting, path: Path) -> None:
        """Write one painting, whole or not at all (:func:`diffpaint.io.files.replacing`).

        Raises:
            OSError: The file cannot be written.
        """


def find_writer(path: str | Path, **options: Any) -> Writer:
    """The writer for the ending of a file; ValueError for an ending or options that are not known."""
    ending, known = Path(path).suffix.lower(), names("writers")
    if ending[1:] not in known:
        raise ValueError(f"{path}: no format {ending!r} to write; there are {', '.join(f'.{one}' for one in known)}")
    return make("writers", ending[1:], **options)
