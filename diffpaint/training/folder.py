"""The folder of a run of training: its settings, the figures of every step, and a checkpoint to go on from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

import torch

from ..io.checkpoint import TrainingState, restore_checkpoint, restore_optimizer, save_checkpoint
from ..io.files import replacing
from .recipe import Recipe
from .settings import TrainingSettings

CHECKPOINT, CONFIG = "checkpoint.pt", "config.json"


class Log:
    """The figures of every step."""

    def __init__(self, rows: list[dict[str, float]]):
        self.rows = rows

    def recent(self) -> dict[str, str]:
        """Means over the last 200 steps, for the progress bar; the squared error as dB."""
        last = self.rows[-200:]
        means = {name: sum(row[name] for row in last) / len(last) for name in last[-1]}
        return {"psnr": f"{-10 * math.log10(max(means['mse'], 1e-12)):.2f} dB"} | {
            name: f"{value:.3g}" for name, value in means.items() if name != "mse"
        }

    def write(self, path: Path) -> None:
        """Write the CSV."""
        lines = ["step," + ",".join(self.rows[0] if self.rows else ["mse"])]
        lines += [f"{step}," + ",".join(f"{value:.6g}" for value in row.values()) for step, row in enumerate(self.rows)]
        with replacing(path) as temporary:
            temporary.write_text("\n".join(lines) + "\n")


def read_config(path: Path) -> dict[str, Any]:
    """What the folder of a run says of it; an empty one where there is none."""
    try:
        config = json.loads((path / CONFIG).read_text())
        return config if "settings" in config else {}
    except (OSError, ValueError, TypeError):
        return {}


def is_free(path: Path) -> bool:
    """Whether a folder is new, has no files of its own, or a run that did not come to its first checkpoint."""
    there = path.iterdir() if path.is_dir() else ()
    return all(file.name.startswith(".") or not file.is_file() for file in there) or bool(read_config(path))


class RunFolder:
    """Where a run keeps what it is and how far it got; everything in it is written whole or not at all.

    Args:
        path: Of the folder.
        about: What else than its settings a resumed run must share: JSON values by name.
        settings: Of the run.
    """

    def __init__(self, path: Path, about: dict[str, Any], settings: TrainingSettings):
        self.path = path
        named = asdict(settings)
        for part in fields(settings):
            if part.metadata.get("before", MISSING) == named[part.name]:
                del named[part.name]
        self.config: dict[str, Any] = json.loads(json.dumps({**about, "settings": named}))
        names = {part.metadata.get("was"): part.name for part in fields(settings) if part.metadata.get("was")}
        self.renamed = {f"settings.{was}": f"settings.{name}" for was, name in names.items()}

    def begin(self, command: Mapping[str, Any] | None = None) -> None:
        """Make the folder and write ``config.json``, with the command that the run can be gone on with."""
        self.path.mkdir(parents=True, exist_ok=True)
        config = self.config if command is None else {**self.config, "command": command}
        with replacing(self.path / CONFIG) as temporary:
            temporary.write_text(json.dumps(config, indent=2) + "\n")

    def keep(self, recipe: Recipe, log: Log) -> None:
        """Write ``checkpoint.pt`` and ``losses.csv``."""
        save_checkpoint(
            self.path / CHECKPOINT,
            self.config,
            networks=recipe.state_dict(),
            optimizers={name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
            figures=list(log.rows[0]) if log.rows else [],
            log=torch.tensor([list(row.values()) for row in log.rows], dtype=torch.float64),
        )
        log.write(self.path / "losses.csv")

    def restore(self, recipe: Recipe) -> list[dict[str, float]]:
        """Load the checkpoint into a recipe, and return the figures of the steps that are done.

        Raises:
            ValueError: It is damaged, or of another run.
        """
        path = self.path / CHECKPOINT
        state = restore_checkpoint(path, self.config, TrainingState, self.renamed)
        try:
            recipe.load_state_dict(state["networks"])
            for name, optimizer in recipe.optimizers.items():
                restore_optimizer(optimizer, state["optimizers"][name])
            return [dict(zip(state["figures"], row, strict=True)) for row in state["log"].tolist()]
        except Exception as error:  # networks and optimisers each raise their own
            raise ValueError(
                f"{path} holds other networks than this version of diffpaint trains; start anew in another folder"
            ) from error
