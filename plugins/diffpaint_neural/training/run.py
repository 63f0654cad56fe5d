"""A run of training: a folder with settings, losses, checkpoints and contact sheets, on one device or several.

Everything random at a step depends on the seed and the step's number alone, as does the batch it learns from. A run
that was interrupted and resumed therefore ends with the weights of one that was not, and no generator has to be saved.
"""

from __future__ import annotations

import io
import json
import math
from abc import ABC, abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from diffpaint import catch_interrupt, pick_device, replacing
from diffpaint_mypaint import Manifest, check_complete, read_manifest

from ..weights import save_weights
from .data import batches
from .reach import measure_reach
from .settings import Settings
from .sheet import painted_sheet

CHECKPOINT, WEIGHTS = "checkpoint.pt", "weights.safetensors"
WARMUP = 100  # steps
STROKES_AT_ONCE = 64  # when painting


class Recipe(nn.Module, ABC):
    """How one kind of painter is trained: the networks that it takes, as submodules, and a step.

    Attributes:
        painter: Its name in headers: ``splat``, ``vae``, ...
        about: What the painter is, for the card of its weights.
        departures: From the paper's recipe, with the reasons, for the card.
        network: The one that paints, and whose weights are the result.
        optimizers: Of all its networks, by name; their state goes into checkpoints.
        accelerator: Of the run that it is part of.
    """

    painter: ClassVar[str]
    about: ClassVar[str]
    departures: ClassVar[tuple[str, ...]] = ()
    settings: Any  # of its own kind
    network: Any
    optimizers: dict[str, torch.optim.Optimizer]
    accelerator: Accelerator

    @abstractmethod
    def step(self, number: int, actions: Tensor, alpha: Tensor) -> dict[str, Tensor]:
        """Learn from one batch.

        Args:
            number: Of the step, from 0.
            actions: (N, 12) in [0, 1], this process's share of each of its batches, one after another.
            alpha: (N, 64, 64) in [0, 1], the engine's.

        Returns:
            Figures of the step, scalars by name, the same names in all steps; ``mse`` is of strokes against the
            engine's.
        """

    def batches(self, number: int) -> int:
        """How many batches a step learns from, one unless a recipe says otherwise."""
        return 1

    def paint(self, actions: Tensor) -> Tensor:
        """Alpha (N, 64, 64) of strokes, with noise that is the same every time."""
        inputs = [actions]
        if noise := getattr(self.network, "noise", 0):
            drawn = torch.randn(len(actions), noise, generator=torch.Generator().manual_seed(0))
            inputs.append(drawn.to(actions.device))
        training = self.network.training
        self.network.eval()
        with torch.no_grad():
            parts = zip(*(part.split(STROKES_AT_ONCE) for part in inputs), strict=True)
            alpha = torch.cat([self.network(some[0], (64, 64), *some[1:]) for some in parts])
        self.network.train(training)
        return alpha

    def show(self, actions: Tensor, alpha: Tensor) -> Tensor:
        """Strokes (N, 64, 64) for a contact sheet, beside the engine's ``alpha``: the painter's, if it paints yet."""
        return self.paint(actions)

    def update(self, name: str, loss: Tensor, lr: float) -> None:
        """One step of an optimiser, gradients averaged over all processes.

        Networks are not wrapped for that, so that gradients of gradients work as everywhere.
        """
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = self.accelerator.reduce(gradient, "mean")  # pyright: ignore[reportAttributeAccessIssue]
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()


def pace(step: int, steps: int) -> float:
    """The share of the largest learning rate at a step: up over the first WARMUP, then down to 0 along a cosine."""
    return min(1.0, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / steps))


def train(
    data: Path,
    run: Path,
    make: type[Recipe],
    settings: Settings,
    *,
    resume: bool = False,
    device: str | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
) -> Path:
    """Train a painter.

    Ctrl-C ends the run after the step under way, with a checkpoint, by KeyboardInterrupt. A resumed run ends with the
    same weights as one that was not interrupted. Started by ``accelerate launch``, all its processes share each batch.

    Args:
        data: Folder of a data set that ``diffpaint strokes`` wrote.
        run: Folder for ``config.json``, ``losses.csv``, ``checkpoint.pt``, ``sheets/`` and ``weights.safetensors``.
        make: The recipe; called with the manifest of the data and the settings.
        settings: Of the run.
        resume: Go on from the folder's checkpoint.
        device: Where to train; None takes what accelerate finds: a GPU if there is one.
        checkpoint_every: Steps between two checkpoints, and two contact sheets.
        progress: Show a progress bar with the latest figures.

    Returns:
        The path of the weights.

    Raises:
        ValueError: No data set, a run that is there already, nothing to resume, or one of other settings; before the
            first step.
        FloatingPointError: A figure turned NaN or infinite.
    """
    manifest = read_manifest(data)
    check_complete(data, manifest)
    accelerator = _accelerator(device)
    processes, rank = accelerator.num_processes, accelerator.process_index
    if settings.batch % processes:
        raise ValueError(f"batch {settings.batch} cannot be shared evenly by {processes} processes")
    config = {"painter": make.painter, "data": asdict(manifest), "settings": asdict(settings)}
    config = json.loads(json.dumps(config))
    next(batches(data, manifest, settings.batch, settings.seed))  # raises before anything is written
    torch.manual_seed(settings.seed)
    recipe = make(manifest, settings)
    recipe.accelerator = accelerator
    recipe.to(accelerator.device)
    log = Log(run / "losses.csv")
    if resume:
        log.rows = _restore(run, config, recipe)
    else:
        _check_new(run)
    accelerator.wait_for_everyone()  # before the first process writes what the others look for
    if accelerator.is_main_process and not resume:
        run.mkdir(parents=True, exist_ok=True)
        with replacing(run / "config.json") as temporary:
            temporary.write_text(json.dumps(config, indent=2) + "\n")

    def keep() -> None:
        if accelerator.is_main_process:
            _checkpoint(run, config, recipe, log)

    seen = sum(recipe.batches(number) for number in range(len(log.rows)))
    stream = batches(data, manifest, settings.batch, settings.seed, first=seen)
    stop = 0.0
    quiet = not (progress and accelerator.is_main_process)
    with (
        catch_interrupt() as interrupt,
        tqdm(total=settings.steps, initial=len(log.rows), disable=quiet, unit="step") as bar,
    ):
        for number in range(len(log.rows), settings.steps):
            drawn = [next(stream) for _ in range(recipe.batches(number))]
            actions, alpha = (
                torch.cat([part[rank::processes] for part in parts]).to(accelerator.device)
                for parts in zip(*drawn, strict=True)
            )
            mixed = np.random.SeedSequence([settings.seed, number, rank]).generate_state(1)
            torch.manual_seed(int(mixed[0]))
            with accelerator.autocast():
                figures = recipe.step(number, actions, alpha)
            # one of the processes may hear of Ctrl-C before the others: they share it, and end after the same step
            pressed = torch.tensor(float(interrupt.is_set()), device=accelerator.device)
            shared = torch.stack([*(value.detach().float() for value in figures.values()), pressed])
            *values, stop = accelerator.reduce(shared, "mean").tolist()  # pyright: ignore[reportAttributeAccessIssue]
            row = dict(zip(figures, values, strict=True))
            if not all(math.isfinite(value) for value in row.values()):
                raise FloatingPointError(
                    f"{', '.join(f'{name} is {value:g}' for name, value in row.items())} at step {number}; "
                    f"{run} keeps the last checkpoint; lower the learning rate"
                )
            log.rows.append(row)
            bar.update()
            if number % 20 == 0:
                bar.set_postfix(log.recent(), refresh=False)
            if stop:
                break
            if len(log.rows) % checkpoint_every == 0:
                keep()
                if accelerator.is_main_process:
                    path = run / "sheets" / f"{len(log.rows):07d}.png"
                    painted_sheet(recipe.show, data, manifest, path, accelerator.device)
    keep()
    accelerator.wait_for_everyone()
    if stop:
        raise KeyboardInterrupt
    if accelerator.is_main_process:
        recipe.network.eval()
        save_weights(run / WEIGHTS, recipe.network, _header(recipe, manifest, settings))
    accelerator.wait_for_everyone()
    return run / WEIGHTS


class Log:
    """The figures of every step, and where they are written."""

    def __init__(self, path: Path):
        self.path = path
        self.rows: list[dict[str, float]] = []

    def recent(self) -> dict[str, str]:
        """Means over the last 200 steps, for the progress bar; the squared error as dB."""
        last = self.rows[-200:]
        means = {name: sum(row[name] for row in last) / len(last) for name in last[-1]}
        return {"psnr": f"{-10 * math.log10(means['mse']):.2f} dB"} | {
            name: f"{value:.3g}" for name, value in means.items() if name != "mse"
        }

    def write(self) -> None:
        """Write the CSV."""
        lines = ["step," + ",".join(self.rows[0] if self.rows else ["mse"])]
        lines += [f"{step}," + ",".join(f"{value:.6g}" for value in row.values()) for step, row in enumerate(self.rows)]
        with replacing(self.path) as temporary:
            temporary.write_text("\n".join(lines) + "\n")


def _accelerator(device: str | None) -> Accelerator:
    """Of one process on ``device``, or of as many as ``accelerate launch`` started; bfloat16 where there is a GPU."""
    where = None if device is None else pick_device(device)
    on_gpu = torch.cuda.is_available() and (where is None or where.type == "cuda")
    accelerator = Accelerator(cpu=where is not None and where.type == "cpu", mixed_precision="bf16" if on_gpu else "no")
    if where is not None and accelerator.device.type != where.type:
        raise ValueError(f"accelerate trains on {accelerator.device} here, not on {device}")
    return accelerator


def _header(recipe: Recipe, manifest: Manifest, settings: Settings) -> dict[str, Any]:
    return {
        "painter": recipe.painter,
        "brush": manifest.brush,
        "radius": list(manifest.radius),
        "reach": round(measure_reach(recipe.paint, manifest.radius, recipe.accelerator.device), 2),
        "options": recipe.network.options,
        "data": asdict(manifest),
        "training": asdict(settings),
        "device": device_name(recipe.accelerator),
    }


def device_name(accelerator: Accelerator) -> str:
    """What a run was trained on, for its card."""
    where, count = accelerator.device, accelerator.num_processes
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    threads = f", {torch.get_num_threads()} thread(s)" if where.type == "cpu" else ""
    return f"{count} x {name}{threads}"


def _check_new(run: Path) -> None:
    if (run / CHECKPOINT).exists():
        raise ValueError(f"{run} holds a run already; --resume goes on with it, or name another folder")


def _checkpoint(run: Path, config: dict[str, Any], recipe: Recipe, log: Log) -> None:
    state = {
        "config": config,
        "networks": recipe.state_dict(),
        "optimizers": {name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
        "figures": list(log.rows[0]) if log.rows else [],
        "log": torch.tensor([list(row.values()) for row in log.rows], dtype=torch.float64),
    }
    whole = io.BytesIO()  # torch.save on a full disk raises errors that do not say so
    torch.save(state, whole)
    with replacing(run / CHECKPOINT) as temporary:
        temporary.write_bytes(whole.getvalue())
    log.write()


def _restore(run: Path, config: dict[str, Any], recipe: Recipe) -> list[dict[str, float]]:
    path = run / CHECKPOINT
    if not path.is_file():
        raise ValueError(f"nothing to resume: there is no {path}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        known = state["config"]
    except Exception as error:  # torch, zipfile and pickle each raise their own for a damaged file
        raise ValueError(f"{path} is damaged; delete {run} to start anew") from error
    if known["painter"] != config["painter"]:
        raise ValueError(f"{path} is of a neural-{known['painter']}, not of a neural-{config['painter']}")
    for part in ("data", "settings"):
        differ = [f"{k} was {known[part].get(k)}, now {v}" for k, v in config[part].items() if known[part].get(k) != v]
        if differ:
            raise ValueError(f"{path} is of other {part}: {'; '.join(differ)}")
    recipe.load_state_dict(state["networks"])
    for name, optimizer in recipe.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    return [dict(zip(state["figures"], row, strict=True)) for row in state["log"].tolist()]
