"""How an agent is trained: adversarially through a painter, no reinforcement learning (the paper's section 3).

The squared error alone first finds what the strokes should do, at a fraction of the cost. Then a Wasserstein critic,
shown the picture beside the canvas or beside itself, says what the squared error does not.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffpaint import Constraint, StrokeRenderer
from diffpaint.training import Recipe, wgan

from ..agent import Agent, act
from ..demonstrations import Demonstrations
from ..pictures import Pictures
from .critic import Critic
from .order import astray
from .settings import AgentSettings
from .sheet import painted_sheet

BETAS = (0.9, 0.99)  # Adam's, of the agent; one whose second is 0.999 has bursts of large steps
# Norm of the agent's gradient at which it is clipped, twice the usual, as a share of the picture's weight in its loss,
# or of the demonstrations' where they are alone. A few larger ones make it forget in which order to paint.
LARGEST = 0.1
SHOWN = 32  # pictures of a contact sheet
MEASURED, CORRECTED = 1_000, 200  # test pictures after training, and where each is corrected, which takes a second


class Learner(Recipe):
    """An agent, and a critic of its canvases; :class:`.recipe.AgentRecipe` says where pictures come from.

    Args:
        settings: Of the run.
        painter: A square renderer of ``settings.size`` px that paints what the agent says; frozen.
        constraints: That the agent's actions obey.
        tests: Pictures for contact sheets, none of them learned from.
        demonstrations: By which ``settings.imitation`` teaches in which order to paint.
    """

    taught: Tensor

    def __init__(
        self,
        settings: AgentSettings,
        painter: StrokeRenderer,
        constraints: Sequence[Constraint],
        tests: Pictures,
        demonstrations: Demonstrations | None = None,
    ):
        super().__init__()
        self.settings, self.constraints = settings, list(constraints)
        self.stages = wgan.Stages(settings.first_judged, settings.steps, settings.lr)
        self.tests: Any = tests  # not a tensor, whatever nn.Module says
        self.painter = painter
        self.agent = new_agent(settings, painter)
        self.critic = Critic(settings.size, settings.channels)
        self.demonstrations = demonstrations
        with torch.no_grad():
            taught = None if demonstrations is None else painter(demonstrations.actions)
        self.register_buffer("taught", taught, persistent=False)
        self.optimizers = {
            "agent": torch.optim.Adam(self.agent.parameters(), betas=BETAS),
            "critic": torch.optim.Adam(self.critic.parameters(), betas=wgan.BETAS),
        }

    def batches(self, number: int) -> int:
        """Batches that a step learns from: one for the agent, one for each step of the critic."""
        return 1 + self.settings.critic_steps if self.stages.judged(number) else 1

    def act(self, pictures: Tensor, revise: int = 0) -> Tensor:
        """What the agent paints, (B, T, A), under the constraints."""
        return act(self.agent, pictures, self.painter, self.constraints, revise)

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Learn from pictures (B, 3, S, S) and labels (B,); see the base class."""
        pictures, labels = batch
        with torch.autocast(pictures.device.type, enabled=False):  # 8 bits of a position would not do
            return self._step(number, pictures, labels)

    def _step(self, number: int, pictures: Tensor, labels: Tensor) -> dict[str, Tensor]:
        settings, rate = self.settings, self.stages.rate(number)
        distance = penalty = torch.zeros((), device=pictures.device)
        *judged, target = pictures.chunk(self.batches(number))
        for shown in judged:
            with torch.no_grad():
                canvas = self.painter(self.act(shown))
            judge = functools.partial(self.critic, picture=shown)
            lost, distance, penalty = wgan.critic_loss(judge, shown, canvas)
            self.update("critic", lost, wgan.CRITIC * rate)
        actions = self.act(target)
        off = torch.zeros((), device=target.device)
        alone = number < settings.first_free
        by_picture = 0.0 if alone else settings.mse
        by_imitation = settings.imitation * settings.imitation_share(number)
        if self.demonstrations is not None:
            follow = self.demonstrations.chosen(target, labels[-len(target) :], self.taught)
            shown = self.demonstrations.fitted(target, follow, self.taught)
            # In the order shown, strokes may have any length and lie anywhere near: that is for the picture to say.
            off = nn.functional.mse_loss(actions, shown) if alone else astray(actions, shown, settings.imitation_slack)
        with torch.set_grad_enabled(not alone):
            canvas = self.painter(actions)
            error = self.agent.error(canvas, target).mean()
            squared = nn.functional.mse_loss(canvas, target)
        loss = by_picture * error + by_imitation * off
        if not alone and self.stages.followed(number):
            loss = loss - self.critic(canvas, target).mean()
        weight = by_imitation if alone else max(by_picture, float(bool(judged)))
        self.update("agent", loss, rate, LARGEST * weight)
        return {
            "mse": squared,
            "distance": distance,
            "penalty": penalty,
            "lesson": off,
        }

    @torch.no_grad()
    def usual(self) -> dict[str, float]:
        """What 99 % of test pictures keep to: the largest squared error, ``usual``, and the least ``likeness``."""
        errors, alike = [], []
        for start in range(0, min(MEASURED, len(self.tests)), SHOWN):
            pictures = self.tests[slice(start, start + SHOWN)].to(self.accelerator.device)
            if start < measured(self.settings, len(self.tests)):
                canvas = self.painter(self.act(pictures, self.settings.revise))
                errors.append((canvas - pictures).square().mean((1, 2, 3)))
            if self.agent.kind is not None:
                alike.append(self.agent.kind(pictures))
        found = {"usual": float(torch.cat(errors).quantile(0.99))}
        return found | ({"likeness": float(torch.cat(alike).quantile(0.01))} if alike else {})

    def sheet(self, path: Path) -> None:
        """Pictures that were never learned from, the painter's canvas, and the engine's replay."""
        pictures = self.tests[slice(SHOWN)].to(self.accelerator.device)
        with torch.no_grad():
            actions = self.act(pictures, self.settings.revise)
        painted_sheet(path, pictures, actions, self.painter)


def measured(settings: AgentSettings, tests: int) -> int:
    """How many of so many test pictures an agent is measured on after its training."""
    return min(CORRECTED if settings.revise else MEASURED, tests)


def new_agent(settings: AgentSettings, painter: StrokeRenderer) -> Agent:
    """An agent that has learned nothing, of the settings of a run, for the painter's actions."""
    return Agent(
        settings.size,
        settings.strokes,
        len(painter.action_names),
        settings.channels,
        settings.hidden,
        points=list(zip(*painter.positions(), strict=True)),
        look_every=settings.look_every,
        queries=settings.queries,
        revise=settings.revise,
        detail=settings.detail,
        salience=settings.salience,
    )
