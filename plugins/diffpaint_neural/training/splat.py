"""Train ``neural-splat`` on strokes of the engine: squared error, Adam, a cosine learning rate."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from diffpaint import catch_interrupt, pick_device, replacing
from diffpaint_mypaint import Manifest, check_complete, read_manifest

from ..splat import SplatNetwork
from ..weights import save_weights
from .data import batches

CHECKPOINT, WEIGHTS = "checkpoint.pt", "weights.safetensors"
WARMUP = 100  # steps


@dataclass(frozen=True)
class SplatTraining:
    """Settings of a run.

    Attributes:
        steps: Of the optimiser.
        batch: Strokes a step.
        lr: Adam's learning rate after the warm-up; it falls to zero along a cosine.
        seed: Of the initial weights and of the order of strokes.
    """

    steps: int = 20_000
    batch: int = 64
    lr: float = 4e-3
    seed: int = 0

    def __post_init__(self):
        for name in ("steps", "batch", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


def train_splat(
    data: Path,
    run: Path,
    settings: SplatTraining,
    *,
    resume: bool = False,
    device: str | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
) -> Path:
    """Train a splat painter.

    Ctrl-C ends the run after the step under way, with a checkpoint, by KeyboardInterrupt. A resumed run ends with the
    same weights as one that was not interrupted.

    Args:
        data: Folder of a data set that ``diffpaint strokes`` wrote.
        run: Folder for ``config.json``, ``losses.csv``, ``checkpoint.pt`` and ``weights.safetensors``.
        settings: Of the run.
        resume: Go on from the folder's checkpoint.
        device: Where to train; None takes a GPU if there is one.
        checkpoint_every: Steps.
        progress: Show a progress bar with the error in dB.

    Returns:
        The path of the weights.

    Raises:
        ValueError: No data set, a run that is there already, nothing to resume, or one of other settings; before the
            first step.
    """
    manifest = read_manifest(data)
    check_complete(data, manifest)
    where = pick_device(device)
    config = {"painter": "splat", "data": asdict(manifest), "settings": asdict(settings)}
    config = json.loads(json.dumps(config))
    next(batches(data, manifest, settings.batch, settings.seed))  # raises before anything is written
    torch.manual_seed(settings.seed)
    network = SplatNetwork(manifest.radius).to(where)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, settings.steps))
    losses = _restore(run, config, network, optimizer, schedule) if resume else _start(run, config)
    stream = batches(data, manifest, settings.batch, settings.seed, first=len(losses))
    with (
        catch_interrupt() as interrupt,
        tqdm(total=settings.steps, initial=len(losses), disable=not progress, unit="step") as bar,
    ):
        for step in range(len(losses), settings.steps):
            actions, alpha = (part.to(where) for part in next(stream))
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(network(actions), alpha)
            if not loss.isfinite():
                raise RuntimeError(
                    f"the loss is {loss.item()} at step {step}; {run} keeps the last checkpoint; lower lr"
                )
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            bar.update()
            if step % 20 == 0:
                recent = losses[-200:]
                bar.set_postfix(psnr=f"{-10 * math.log10(sum(recent) / len(recent)):.2f} dB", refresh=False)
            if interrupt.is_set():
                break
            if len(losses) % checkpoint_every == 0:
                _checkpoint(run, config, network, optimizer, schedule, losses)
    _checkpoint(run, config, network, optimizer, schedule, losses)
    if interrupt.is_set():
        raise KeyboardInterrupt
    save_weights(run / WEIGHTS, network, _header(manifest, settings, network))
    return run / WEIGHTS


def _header(manifest: Manifest, settings: SplatTraining, network: SplatNetwork) -> dict[str, Any]:
    return {
        "painter": "splat",
        "brush": manifest.brush,
        "radius": list(manifest.radius),
        "reach": round(measure_reach(network), 2),
        "options": network.options,
        "data": asdict(manifest),
        "training": asdict(settings),
    }


def measure_reach(network: SplatNetwork) -> float:
    """How far from its curve a stroke lays paint (alpha above 2 %), in radii; the most over sizes and pressures.

    Measured on straight strokes across the middle, at sizes that leave room on the cell.
    """
    device = network.t.device
    pressures, sizes = torch.linspace(0.1, 1, 10, device=device), torch.linspace(0.2, 0.5, 4, device=device)
    pressure, size = (grid.flatten() for grid in torch.meshgrid(pressures, sizes, indexing="ij"))
    half = torch.full_like(size, 0.5)
    ends = [half - 0.25, half, half, half, half + 0.25, half]
    with torch.no_grad():
        alpha = network(torch.stack([pressure, pressure, size, half, half, half, *ends], 1), (256, 256))
    low, high = network.radius
    offset = (torch.arange(256, device=device) + 0.5) / 4 - 32  # px on 64, from the curve
    farthest = ((alpha.amax(2) > 0.02) * offset.abs()).amax(1)
    return (farthest / (low * (high / low) ** size)).max().item()


def _pace(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _start(run: Path, config: dict[str, Any]) -> list[float]:
    if (run / CHECKPOINT).exists():
        raise ValueError(f"{run} holds a run already; --resume goes on with it, or name another folder")
    run.mkdir(parents=True, exist_ok=True)
    with replacing(run / "config.json") as temporary:
        temporary.write_text(json.dumps(config, indent=2) + "\n")
    return []


def _checkpoint(
    run: Path,
    config: dict[str, Any],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    losses: list[float],
) -> None:
    state = {
        "config": config,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": {"last_epoch": schedule.last_epoch},
        "losses": torch.tensor(losses),
    }
    with replacing(run / CHECKPOINT) as temporary:
        torch.save(state, temporary)
    with replacing(run / "losses.csv") as temporary:
        temporary.write_text("step,loss\n" + "".join(f"{step},{loss:.6g}\n" for step, loss in enumerate(losses)))


def _restore(
    run: Path,
    config: dict[str, Any],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> list[float]:
    path = run / CHECKPOINT
    if not path.is_file():
        raise ValueError(f"nothing to resume: there is no {path}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        known = state["config"]
    except Exception as error:  # torch, zipfile and pickle each raise their own for a damaged file
        raise ValueError(f"{path} is damaged; delete {run} to start anew") from error
    for part in ("data", "settings"):
        differ = [f"{k} was {known[part].get(k)}, now {v}" for k, v in config[part].items() if known[part].get(k) != v]
        if differ:
            raise ValueError(f"{path} is of other {part}: {'; '.join(differ)}")
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.last_epoch = state["schedule"]["last_epoch"]
    return state["losses"].tolist()
