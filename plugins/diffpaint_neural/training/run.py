"""A run that trains a painter on strokes of a data set: what all kinds of painters share."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import click
import torch
from torch import Tensor
from tqdm import tqdm

from diffpaint.io.weights import save_weights
from diffpaint.training import Course, Recipe
from diffpaint_mypaint import Brush, Manifest, check_complete, plan, read_manifest, remarks, slowness, write

from .data import batches
from .reach import measure_reach
from .settings import OVERSAMPLE
from .sheet import painted_sheet

WEIGHTS = "weights.safetensors"
STROKES_AT_ONCE = 64  # when painting


class PainterRecipe(Recipe):
    """How one kind of painter is trained: the networks that it takes, as submodules, and a step.

    Attributes:
        painter: Its name in headers: ``splat``, ``vae``, ...
        about: What the painter is, for the card of its weights.
        departures: From the paper's recipe, with the reasons, for the card.
        eight_bits: Whether the weights are stored in 8 bits a number; convolutions lose nothing by it, places would.
        network: The one that paints, and whose weights are the result.
        data: Folder and manifest of the strokes; :meth:`prepare` sets it.
    """

    painter: ClassVar[str]
    about: ClassVar[str]
    departures: ClassVar[tuple[str, ...]] = ()
    eight_bits: ClassVar[bool] = False
    network: Any
    data: tuple[Path, Manifest]

    @abstractmethod
    def __init__(self, manifest: Manifest, settings: Any):
        super().__init__()

    @abstractmethod
    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Learn from actions (N, 12) in [0, 1] and the engine's alpha (N, 64, 64) in [0, 1]; see the base class.

        ``mse`` is of strokes against the engine's.
        """

    def paint(self, actions: Tensor) -> Tensor:
        """Alpha (N, 64, 64) of strokes, with noise that is the same every time."""
        inputs = [actions]
        if noise := getattr(self.network, "noise", 0):
            drawn = torch.randn(len(actions), noise, generator=torch.Generator().manual_seed(0))
            inputs.append(drawn.to(actions.device))
        was_training = self.network.training
        self.network.eval()
        with torch.no_grad():
            parts = zip(*(part.split(STROKES_AT_ONCE) for part in inputs), strict=True)
            alpha = torch.cat([self.network(some[0], (64, 64), *some[1:]) for some in parts])
        self.network.train(was_training)
        return alpha

    def show(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """Strokes (N, 64, 64) for a contact sheet, beside the engine's ``alpha``: the painter's, if it paints yet."""
        return self.paint(actions)

    def sheet(self, path: Path) -> None:
        """Strokes of the data set, the engine's and the painter's."""
        painted_sheet(self.show, *self.data, path, self.accelerator.device)

    @classmethod
    def options(cls) -> Sequence[click.Parameter]:
        """The data, and a brush to draw it with."""
        folder = click.Path(path_type=Path)
        return (
            click.Option(["--brush"], help="Draw strokes of this brush first, by name or .myb, if --data lacks them."),
            click.Option(["--data"], required=True, type=folder, help="Folder of strokes, of 'diffpaint strokes'."),
            click.Option(["--count"], default=32_768, show_default=True, help="Strokes to draw into a new --data."),
            click.Option(["--without-smudge"], is_flag=True, help="Draw --brush with smudging off: its mask alone."),
        )

    @classmethod
    def prepare(
        cls,
        settings: Any,
        *,
        data: Path,
        brush: str | None = None,
        count: int = 32_768,
        without_smudge: bool = False,
    ) -> Course:
        """Draw the strokes that are missing, and say how to learn from them.

        Args:
            settings: Of the run.
            data: Folder of a data set that ``diffpaint strokes`` wrote.
            brush: Draw strokes of it first, by name or .myb file, if the folder lacks them.
            count: Strokes to draw into a new folder.
            without_smudge: Draw a brush that smudges with smudging off.

        Raises:
            ValueError: No data set and no brush, a data set of another brush, or one that is not complete.
            EngineMissing: libmypaint is not there, which the figures at the end need too.
        """
        if brush is not None:
            _draw(brush, data, count, without_smudge)
        manifest = read_manifest(data)
        check_complete(data, manifest)
        Brush(manifest.read_brush())  # the figures at the end need the engine: find out now

        def make() -> PainterRecipe:
            recipe = cls(manifest, settings)
            recipe.data = data, manifest
            return recipe

        def report(run: Path) -> str:
            from .card import write_card

            return write_card(run / WEIGHTS)

        return Course(
            make=make,
            stream=lambda first: batches(data, manifest, settings.batch, settings.seed, first),
            about={"painter": cls.painter, "data": manifest.about()},
            finish=lambda recipe, run: recipe.save(run / WEIGHTS),
            report=report,
        )

    def save(self, path: Path) -> None:
        """Write the weights."""
        from diffpaint.training.loop import device_name

        manifest = self.data[1]
        self.network.eval()
        header = {
            "painter": self.painter,
            "brush": manifest.brush,
            "brush_file": manifest.read_brush().packed(),
            "radius": list(manifest.radius),
            "reach": round(measure_reach(self.paint, manifest.radius, self.accelerator.device), 2),
            "options": self.network.options,
            "data": manifest.about(),
            "training": asdict(self.settings),
            "device": device_name(self.accelerator),
        }
        save_weights(path, self.network, header, eight_bits=self.eight_bits)


def _draw(brush: str, data: Path, count: int, without_smudge: bool) -> None:
    """Draw the strokes that a data set lacks; one that is there must be of this brush and keeps its settings."""
    settings: dict[str, Any] = {"oversample": OVERSAMPLE}
    if (data / "manifest.json").exists():
        known = read_manifest(data)
        count = known.count
        settings = {"seed": known.seed, "radius": known.radius, "oversample": known.oversample}
    manifest = plan(data, brush, count, without_smudge=without_smudge, **settings)
    engine, processes = Brush(manifest.read_brush()), os.cpu_count() or 1
    slow = slowness(engine, manifest.count, manifest.radius, manifest.oversample, processes)
    for remark in (*remarks(engine), *slow):
        click.echo(f"note: {remark}", err=True)
    with tqdm(total=manifest.count, unit="stroke", unit_scale=True) as bar:
        for drawn in write(data, manifest, processes=processes):
            bar.update(drawn)
