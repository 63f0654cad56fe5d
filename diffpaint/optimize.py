"""``paint``: optimise the actions of a renderer against an objective."""

from __future__ import annotations

import io
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .constraints import Constraint, check_constraints, constrain
from .device import pick_device
from .files import check_writable, replacing
from .interrupt import catch_interrupt
from .objective import Objective
from .painting import Painting
from .renderer import Renderer

CHECKPOINT_VERSION = 1


class NotFiniteError(RuntimeError):
    """The canvas, the loss or its gradient turned NaN or infinite.

    Attributes:
        step: At which step, counted from 0.
        painting: The last good state.
    """

    def __init__(self, what: str, step: int, painting: Painting):
        super().__init__(
            f"{what} is not finite at step {step}; the painting is kept as it was before. "
            "A smaller learning rate, or another objective, may help"
        )
        self.step = step
        self.painting = painting


def paint(
    renderer: Renderer,
    objective: Objective,
    *,
    strokes: int = 16,
    batch: int = 1,
    steps: int = 200,
    lr: float | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    actions: Tensor | None = None,
    background: Sequence[float] = (1.0, 1.0, 1.0),
    constraints: Sequence[Constraint] = (),
    callback: Callable[[int, Tensor, float], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 25,
    resume: bool = False,
    run: Mapping[str, str] | None = None,
    progress: bool = True,
) -> Painting:
    """Paint: Adam on the logits of the actions.

    Ctrl-C ends the optimisation early; the painting so far is returned, marked ``interrupted``. The same seed on the
    same machine gives the same painting, and one that was interrupted and resumed the same as one that was not; on a
    GPU nearly, since some of its sums have no order.

    Args:
        renderer: Moved to the device, as is the objective.
        objective: Minimised.
        strokes: Strokes a canvas; for a grid, a cell. Passed to ``renderer.initial``.
        batch: How many paintings at once.
        steps: Of the optimiser.
        lr: Adam's learning rate; None takes the renderer's own.
        seed: Of everything random, the objective's augmentation too.
        device: Where to compute; None takes a GPU if there is one.
        actions: (B, T, A) in [0, 1] to start from, instead of ``renderer.initial``; then ``strokes`` and ``batch`` are
            not used. Constraints are applied to them.
        background: sRGB in [0, 1], what is painted on.
        constraints: Applied to the actions in this order; those of the painting obey them exactly. Where one is softer
            in early steps, only a run resumed with the same ``steps`` ends as one that was not interrupted.
        callback: Called after every step with its number, the canvas (B, 3, H, W) before the step, and the loss.
        checkpoint: A file to write the state to, every ``checkpoint_every`` steps, on interrupt and at the end. Where
            that fails, on a full disk, a line on stderr says so and painting goes on.
        checkpoint_every: Steps between two checkpoints.
        resume: Go on from ``checkpoint``, which must exist and be of the same settings (but for ``steps``).
        run: What else a resumed run must share, such as the objective's name and a hash of the photo; an objective
            itself cannot be compared.
        progress: Show a progress bar with the loss.

    Raises:
        ValueError: A number or tensor out of range, constraints that the renderer's actions cannot obey, a device or
            checkpoint that is not there, or a checkpoint of other settings; before the first step.
        NotFiniteError: Something turned NaN; carries the last good painting, which is in the checkpoint too.
    """
    for name, value, least in (("strokes", strokes, 1), ("batch", batch, 1), ("steps", steps, 0)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    lr = renderer.lr if lr is None else lr
    if not 0 < lr < math.inf:
        raise ValueError(f"lr, the learning rate, must be above 0 and finite, got {lr}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be a whole number from 0 to 2**64 - 1, got {seed}")
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1 step, got {checkpoint_every}")
    if len(background) != 3 or not all(0 <= channel <= 1 for channel in background):
        raise ValueError(f"background is three sRGB values in [0, 1], got {tuple(background)}")
    if resume and checkpoint is None:
        raise ValueError("resume needs a checkpoint to go on from")
    if checkpoint is not None:
        check_writable(checkpoint)
    # plain numbers, whatever kind came in: checkpoints and documents hold nothing else
    seed, lr, background = int(seed), float(lr), [float(channel) for channel in background]
    where = pick_device(device)
    if actions is None:
        actions = renderer.initial(batch, strokes, torch.Generator().manual_seed(seed))
    renderer.check(actions)
    _check_actions(actions)
    check_constraints(constraints, renderer)
    renderer, objective = renderer.to(where), objective.to(where)

    # clamped so that actions of exactly 0 and 1 have finite logits, which a few steps can move
    logits = actions.detach().to(where, torch.float32).logit(eps=1e-3).requires_grad_()
    ground = torch.tensor(background, dtype=torch.float32, device=where)[None, :, None, None]
    ground = ground.expand(len(logits), 3, *renderer.size)
    optimizer = torch.optim.Adam([logits], lr=lr)
    losses: list[float] = []
    settings = {
        "renderer": f"{type(renderer).__name__} {renderer.spec or ''}",
        "actions": list(logits.shape),
        "size": list(renderer.size),
        "lr": lr,
        "seed": seed,
        "background": background,
        "constraints": [repr(constraint) for constraint in constraints],
        **({} if run is None else run),
    }
    if resume and checkpoint is not None:
        losses = _restore(Path(checkpoint), settings, logits, optimizer)

    def painting(interrupted: bool = False) -> Painting:
        with torch.no_grad():
            final = constrain(logits.sigmoid(), constraints, renderer)
            canvas = renderer(final, ground)
        return Painting(canvas.cpu(), final.cpu(), renderer, seed, ground.cpu(), list(losses), interrupted)

    def keep() -> None:
        if checkpoint is None:
            return
        try:
            _save(Path(checkpoint), settings, logits, optimizer, losses)
        except OSError as error:  # a full disk is no reason to lose the painting too
            tqdm.write(f"no checkpoint of step {len(losses)}: {error}; painting goes on", file=sys.stderr)

    good = logits.detach().clone()  # the last logits whose canvas, loss and gradient were finite
    with (
        _random_state_kept(),
        catch_interrupt() as interrupt,
        tqdm(total=steps, initial=len(losses), disable=not progress, unit="step") as bar,
    ):
        for step in range(len(losses), steps):
            _seed_all(seed, step)
            optimizer.zero_grad()
            canvas = renderer(constrain(logits.sigmoid(), constraints, renderer, step / steps), ground)
            loss = objective(canvas)
            loss.backward()
            broken = _not_finite({"the canvas": canvas, "the loss": loss, "the gradient": logits.grad})
            if broken:
                with torch.no_grad():
                    logits.copy_(good)
                keep()
                raise NotFiniteError(broken, step, painting())
            good.copy_(logits.detach())
            optimizer.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.4g}", refresh=False)
            bar.update()
            if callback is not None:
                callback(step, canvas.detach(), losses[-1])
            if interrupt.is_set():
                break
            if len(losses) % checkpoint_every == 0:
                keep()
    keep()  # before the canvas is rendered once more, which a second Ctrl-C may end
    finished = painting(interrupt.is_set() and len(losses) < steps)
    if not finished.canvas.isfinite().all():  # what the last step led to, which no step has looked at
        with torch.no_grad():
            logits.copy_(good)
        keep()
        raise NotFiniteError("the canvas", len(losses), painting())
    return finished


def _check_actions(actions: Tensor) -> None:
    if actions.numel() == 0:
        raise ValueError(f"actions of shape {tuple(actions.shape)} hold no stroke")
    if not torch.isfinite(actions).all():
        raise ValueError("actions hold NaN or infinity; every action must be a number in [0, 1]")
    if actions.min() < 0 or actions.max() > 1:
        raise ValueError(f"actions must be in [0, 1], got {actions.min():g} to {actions.max():g}")


def _not_finite(values: dict[str, Tensor | None]) -> str:
    return next((name for name, value in values.items() if value is not None and not value.isfinite().all()), "")


def _seed_all(seed: int, step: int) -> None:
    """Seed every generator that an objective may draw from, anew at every step.

    The randomness of a step then depends on nothing but the seed and its number, so that a resumed run needs no
    generator's state to draw what an uninterrupted one drew.
    """
    mixed = int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
    torch.manual_seed(mixed)
    np.random.seed(mixed)
    random.seed(mixed)


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Give the caller's global generators back as they were."""
    others = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(range(torch.cuda.device_count())):  # torch.manual_seed seeds them all
        try:
            yield
        finally:
            random.setstate(others[0])
            np.random.set_state(others[1])


def _save(
    path: Path, settings: dict[str, Any], logits: Tensor, optimizer: torch.optim.Optimizer, losses: list[float]
) -> None:
    state = {
        "version": CHECKPOINT_VERSION,
        "settings": settings,
        "logits": logits.detach(),
        "optimizer": optimizer.state_dict(),
        "losses": losses,
    }
    whole = io.BytesIO()  # torch.save on a full disk raises errors that do not say so
    torch.save(state, whole)
    with replacing(path) as temporary:
        temporary.write_bytes(whole.getvalue())


def _restore(path: Path, settings: dict[str, Any], logits: Tensor, optimizer: torch.optim.Optimizer) -> list[float]:
    if not path.is_file():
        raise ValueError(f"nothing to resume: there is no checkpoint {path}")
    damaged = f"{path} is no checkpoint of a painting, or is damaged; delete it to start anew"
    try:
        state = torch.load(path, map_location=logits.device, weights_only=True)
        version = state["version"]
    except Exception as error:  # torch, zipfile and pickle each raise their own for a damaged file
        raise ValueError(damaged) from error
    if version != CHECKPOINT_VERSION:
        raise ValueError(f"checkpoint {path} has version {version}; this program reads version {CHECKPOINT_VERSION}")
    if not {"settings", "logits", "optimizer", "losses"} <= state.keys():
        raise ValueError(damaged)
    known = state["settings"]
    differ = [f"{key} was {known.get(key)}, now {value}" for key, value in settings.items() if known.get(key) != value]
    if differ:
        raise ValueError(f"checkpoint {path} is of other settings: {'; '.join(differ)}")
    with torch.no_grad():
        logits.copy_(state["logits"])
    optimizer.load_state_dict(state["optimizer"])
    return list(state["losses"])
