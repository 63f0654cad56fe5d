"""``paint``: optimise the actions of a renderer against an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from .constraints import Constraint, check_constraints, constrain
from .device import pick_device
from .io.bounds import check_whole
from .io.checkpoint import PaintingState, damage_named, restore_checkpoint, restore_optimizer, save_checkpoint
from .io.console import stderr
from .io.files import check_writable
from .io.ground import TRANSPARENT, Background, encode_ground, lay_ground
from .io.interrupt import catch_interrupt
from .io.notebook import watched
from .logits import Logits, Optimizer, Rates, check_actions
from .objective import Objective
from .painting import Painting
from .randomness import seeded
from .renderer import Moment, Renderer, at
from .strategy import Strategy

Callback = Callable[[int, Tensor, float], bool | None]


class NotFiniteError(RuntimeError):
    """The canvas, the loss or its gradient turned NaN or infinite at a ``step``; ``painting`` is the last good one."""

    def __init__(self, what: str, step: int, painting: Painting):
        hint = "A smaller learning rate, or another objective, may help"
        super().__init__(f"{what} is not finite at step {step}; the painting is kept as it was before. {hint}")
        self.step, self.painting = step, painting


def paint(
    renderer: Renderer,
    objective: Objective,
    *,
    strokes: int | None = None,
    batch: int = 1,
    steps: int = 200,
    lr: Rates = None,
    schedule: Callable[[float], float] | None = None,
    optimizer: Optimizer = torch.optim.Adam,
    seed: int = 0,
    device: str | torch.device | None = None,
    actions: Tensor | None = None,
    background: Background = (1.0, 1.0, 1.0),
    constraints: Sequence[Constraint] = (),
    strategy: Strategy | None = None,
    callback: Callback | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 25,
    resume: bool = False,
    run: Mapping[str, str] | None = None,
    progress: bool = True,
    live: bool = False,
) -> Painting:
    """Paint: an optimiser moves the logits of actions. Ctrl-C ends it early, with what there is.

    The same seed on the same machine gives the same painting, and one that was interrupted and resumed the same as one
    that was not; on a GPU nearly, since some of its sums have no order.

    Args:
        renderer: Moved to the device, as is the objective.
        objective: Minimised.
        strokes: It begins with, a canvas; for a grid, a cell. Passed to ``renderer.initial``. None takes as many as the
            strategy wants, else 16.
        batch: How many paintings at once.
        steps: Of the optimiser.
        lr: Learning rate, or one by the name of an action; None, and actions without a name, take the renderer's own.
        schedule: From the progress, 0 to 1, to the share of ``lr`` at a step; None takes the strategy's, if it has one.
        optimizer: A class of ``torch.optim``, or what takes groups of parameters and gives an optimiser.
        seed: Of everything random, the objective's augmentation too.
        device: Where to compute; None takes a GPU if there is one.
        actions: (B, T, A) in [0, 1] to start from, instead of ``renderer.initial``, ``strokes`` and ``batch``.
        background: sRGB in [0, 1], a picture (3, H, W) or (B, 3, H, W), or ``transparent``: saved with alpha.
        constraints: Applied to the actions in this order; those of the painting obey them exactly. Where one is softer
            in early steps, only a run resumed with the same ``steps`` ends as one that was not interrupted.
        strategy: May add, move and drop strokes after every step.
        callback: Called after every step with its number, the canvas before it, and the loss; True ends it.
        checkpoint: Keeps the state, every ``checkpoint_every`` steps and at both ends. A full disk is told on stderr.
        checkpoint_every: Steps between two checkpoints.
        resume: Go on from ``checkpoint``, which must exist and be of the same settings, but for ``steps``.
        run: What else a resumed run must share, such as a name of the objective, which itself cannot be compared.
        progress: Show a progress bar with the loss.
        live: Show the canvas as it grows, in a notebook; at most twice a second.

    Raises:
        ValueError: Whatever of this is wrong; before the first step.
        NotFiniteError: Something turned NaN; carries the last good painting, which is in the checkpoint too.
    """
    strokes = (strategy and strategy.first) or 16 if strokes is None else strokes
    schedule = schedule or (strategy and strategy.schedule)
    _check_numbers(seed, strokes=strokes, batch=batch, steps=steps, checkpoint_every=checkpoint_every)
    if resume and checkpoint is None:
        raise ValueError("resume needs a checkpoint to go on from")
    file = None if checkpoint is None else check_writable(checkpoint)
    callback = watched(callback, live, steps)
    with torch.enable_grad():
        work = _Work(renderer, objective, list(constraints), int(steps), int(seed), schedule, strategy)
        if actions is None:
            actions = renderer.initial(batch, strokes, torch.Generator().manual_seed(work.seed))
        work.begin(actions, background, lr, optimizer, pick_device(device))
        settings = work.settings({} if run is None else run)
        if resume and file is not None:
            work.restore(file, settings)
        return _optimise(work, file, settings, int(checkpoint_every), callback, progress)


@dataclass
class _Work:
    """A painting at work: what :func:`paint` was given, and how far it got."""

    renderer: Renderer
    objective: Objective
    constraints: list[Constraint]
    steps: int
    seed: int
    schedule: Callable[[float], float] | None
    strategy: Strategy | None
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        for part, kind in ((self.renderer, Renderer), (self.objective, Objective)):
            if not isinstance(part, kind):
                raise ValueError(f"wanted an instance of diffpaint.{kind.__name__}, got {part!r}")
        check_constraints(self.constraints, self.renderer)

    def begin(self, actions: Tensor, background: Background, lr: Rates, make: Optimizer, device: torch.device) -> None:
        """Check what it begins with, and move everything to the device; arguments as of :func:`paint`."""
        check_actions(actions, self.renderer)
        self.transparent = isinstance(background, str)
        ground = lay_ground(background, len(actions), self.renderer.size)
        self.renderer, self.objective = self.renderer.to(device), self.objective.to(device)
        self.logits = Logits(self.renderer.shared_from(actions, actions).to(device), self.renderer, lr, make)
        self.ground = ground.to(self.logits.value)
        options = {name: value for name, value in self.logits.optimizer.defaults.items() if name != "lr"}
        usual = make is torch.optim.Adam
        self.optimizer = None if usual else f"{type(self.logits.optimizer).__name__} {options}"

    def settings(self, run: Mapping[str, str]) -> dict[str, Any]:
        """What a run that goes on with this must share; what is as it is by default is not named."""
        ground = [TRANSPARENT if self.transparent else encode_ground(one[None]) for one in self.ground]
        extra = {"optimizer": self.optimizer, "schedule": self.schedule, "strategy": self.strategy}
        return {
            "renderer": f"{type(self.renderer).__name__} {self.renderer.spec or ''}",
            "actions": list(self.logits.value.shape),
            "size": list(self.renderer.size),
            "lr": self.logits.lr,
            "seed": self.seed,
            "background": ground[0] if all(one == ground[0] for one in ground) else ground,
            "constraints": [_named(constraint) for constraint in self.constraints],
            **{name: _named(value) for name, value in extra.items() if value},
            **run,
        }

    def restore(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Go on from a checkpoint; see :func:`restore_checkpoint` for what it raises."""
        state = restore_checkpoint(path, settings, PaintingState)
        with damage_named(path):
            self.logits.value, self.losses = state["logits"], list(state["losses"])
            restore_optimizer(self.logits.optimizer, state["optimizer"])

    def keep(self, path: Path | None, settings: Mapping[str, Any]) -> None:
        """Write a checkpoint, if there is to be one; a full disk is no reason to lose the painting too."""
        state = {"logits": self.logits.value.detach(), "optimizer": self.logits.optimizer.state_dict()}
        try:
            if path is not None:
                save_checkpoint(path, settings, **state, losses=self.losses)
        except OSError as error:
            tqdm.write(f"no checkpoint of step {len(self.losses)}: {error}; painting goes on", file=stderr())

    def moment(self, step: int) -> Moment:
        """A step, with the actions that are rendered: those that obey the constraints."""
        free = self.logits.value.sigmoid()
        moment = Moment(step, self.steps, free, self.renderer, self.ground)
        return replace(moment, actions=constrain(free, self.constraints, self.renderer, moment))

    def painting(self, interrupted: bool = False) -> Painting:
        """As it is now."""
        with torch.no_grad():
            actions = self.moment(self.steps).actions
            canvas = self.renderer(actions, self.ground)
        canvas, actions, ground = (part.cpu() for part in (canvas, actions, self.ground))
        history = self.seed, ground, list(self.losses), interrupted
        return Painting(canvas, actions, self.renderer, *history, transparent=self.transparent)

    def step(self) -> Tensor:
        """One step of the optimiser; the canvas before it, or ArithmeticError for what is not finite."""
        number, first = len(self.losses), []
        if self.schedule is not None:
            self.logits.slow_down(self.schedule(number / self.steps))

        def closure() -> float:
            """Loss and gradients; some optimisers ask for them several times a step, under the same randomness."""
            self.logits.optimizer.zero_grad()
            with seeded(self.seed, number):
                moment = self.moment(number)
                canvas, loss = self._judged(moment)
            with at(moment, self.renderer, self.objective):  # strokes may be rendered again for their gradients
                loss.backward()
            for name, values in (("canvas", [canvas]), ("loss", [loss]), ("gradient", self.logits.gradients)):
                if not all(value.isfinite().all() for value in values):
                    raise ArithmeticError(f"the {name}")
            first.append((moment, canvas, loss.item()))
            return loss.item()

        self.logits.optimizer.step(closure)
        moment, canvas, loss = first[0]
        if self.renderer.shared:
            self.logits.value = self.renderer.shared_from(self.logits.value, self.logits.value)
        if self.strategy is not None:
            done = replace(moment, actions=moment.actions.detach())
            if (change := self.strategy(done, canvas.detach(), canvas.grad)) is not None:
                self.logits.change(change, done.actions)
        self.losses.append(loss)
        return canvas.detach()

    def _judged(self, moment: Moment) -> tuple[Tensor, Tensor]:
        """The canvas and its score."""
        with at(moment, self.renderer, self.objective):
            canvas = self.renderer(moment.actions, self.ground)
            if self.strategy is not None:
                canvas.retain_grad()
            loss, name = self.objective(canvas), type(self.objective).__name__
        if canvas.shape != self.ground.shape:
            raise ValueError(f"{type(self.renderer).__name__} painted {(*canvas.shape,)} on {(*self.ground.shape,)}")
        if not isinstance(loss, Tensor) or loss.shape != ():
            given = tuple(loss.shape) if isinstance(loss, Tensor) else repr(loss)
            raise ValueError(f"{name} gave {given}; wanted a scalar tensor, such as the mean over the batch")
        if not loss.requires_grad:
            raise ValueError(f"{name} gave a score that does not depend on the canvas: there is nothing to follow")
        return canvas, loss


def _optimise(
    work: _Work, file: Path | None, settings: Mapping[str, Any], every: int, callback: Callback | None, progress: bool
) -> Painting:
    """Step after step, to the end or to where it is ended."""

    def undone(what: str) -> NotFiniteError:
        work.logits.value = good
        work.keep(file, settings)
        return NotFiniteError(what, len(work.losses), work.painting())

    good = work.logits.value.detach().clone()  # the last whose canvas, loss and gradient were finite
    with (
        catch_interrupt() as interrupt,
        tqdm(total=work.steps, initial=len(work.losses), disable=not progress, unit="step", file=stderr()) as bar,
    ):
        while len(work.losses) < work.steps:
            if len(work.losses) % every == 0:
                work.keep(file, settings)
            before = work.logits.value.detach().clone()
            try:
                canvas = work.step()
            except ArithmeticError as error:
                raise undone(str(error)) from None
            good = before
            bar.set_postfix(loss=f"{work.losses[-1]:.4g}", refresh=False)
            bar.update()
            try:
                if callback is not None and callback(len(work.losses) - 1, canvas, work.losses[-1]):
                    break
            except KeyboardInterrupt:
                if interrupt.is_set():  # the second: it is meant
                    raise
                interrupt.set()
            if interrupt.is_set():
                break
    work.keep(file, settings)  # before the canvas is rendered once more, which a second Ctrl-C may end
    finished = work.painting(interrupt.is_set() and len(work.losses) < work.steps)
    if not finished.canvas.isfinite().all():  # what the last step led to, which no step has looked at
        raise undone("the canvas")
    return finished


def _check_numbers(seed: int, **counts: int) -> None:
    for name, value in counts.items():
        check_whole(name, value, 0 if name == "steps" else 1)
    check_whole("seed", seed, 0, 2**64 - 1)


def _named(part: Any) -> str:
    """Its name, or its repr, which says the options of a dataclass; of others that would be an address."""
    plain = type(part).__repr__ is object.__repr__
    return getattr(part, "__qualname__", type(part).__qualname__ if plain else repr(part))
