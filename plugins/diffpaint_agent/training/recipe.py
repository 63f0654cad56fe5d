"""How an agent is trained: adversarially through a painter, no reinforcement learning (the paper's section 3).

The squared error alone first finds what the strokes should do, at a fraction of the cost. Then a Wasserstein critic,
shown the picture beside the canvas or beside itself, says what the squared error does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffpaint import Constraint, Renderer, constrain
from diffpaint.training import Recipe, pace

from ..agent import Agent
from ..lesson import Lesson
from ..pictures import Pictures
from .critic import Critic
from .order import astray
from .settings import AgentSettings
from .sheet import painted_sheet

PENALTY = 10.0  # weight of the gradient penalty (Gulrajani et al. 2017)
BETAS = {"agent": (0.9, 0.99), "critic": (0.5, 0.9)}  # Adam's; an agent whose second is 0.999 has bursts of large steps
ADVERSARIAL = 0.1  # learning rate of the agent under the critic, as a share of the largest
CRITIC = 5.0  # learning rate of the critic over the agent's
ALONE = 300  # steps of the critic before the agent follows it: one that knows nothing would undo what is learned
# Norm of the agent's gradient at which it is clipped, twice the usual, as a share of the picture's weight in its loss,
# or of a lesson's that is alone. A few larger ones are enough to make it forget in which order to paint.
LARGEST = 0.1
SHOWN = 32  # pictures of a contact sheet


class AgentRecipe(Recipe):
    """An agent, and a critic of its canvases.

    Args:
        settings: Of the run.
        painter: A square renderer of ``settings.size`` px that paints what the agent says; frozen.
        constraints: That the agent's actions obey.
        tests: Pictures for contact sheets, none of them learned from.
        lesson: By which ``settings.forcing`` teaches in which order to paint.
    """

    taught: Tensor

    def __init__(
        self,
        settings: AgentSettings,
        painter: Renderer,
        constraints: Sequence[Constraint],
        tests: Pictures,
        lesson: Lesson | None = None,
    ):
        super().__init__()
        self.settings, self.constraints = settings, list(constraints)
        self.tests: Any = tests  # not a tensor, whatever nn.Module says
        self.painter = painter
        self.agent = Agent(
            settings.size,
            settings.strokes,
            len(painter.action_names),
            settings.channels,
            settings.hidden,
            points=list(zip(*painter.positions(), strict=True)),
        )
        self.critic = Critic(settings.size, settings.channels)
        self.lesson = lesson
        with torch.no_grad():
            taught = None if lesson is None else painter(lesson.actions)
        self.register_buffer("taught", taught, persistent=False)
        self.optimizers = {
            "agent": torch.optim.Adam(self.agent.parameters(), betas=BETAS["agent"]),
            "critic": torch.optim.Adam(self.critic.parameters(), betas=BETAS["critic"]),
        }

    def batches(self, number: int) -> int:
        """Batches that a step learns from: one for the agent, one for each step of the critic."""
        return 1 + (self.settings.critic_steps if number >= self.settings.first_judged else 0)

    def act(self, pictures: Tensor) -> Tensor:
        """What the agent paints, (B, T, A), under the constraints."""
        return constrain(self.agent(pictures), self.constraints, self.painter)

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Learn from pictures (B, 3, S, S) and labels (B,); see the base class."""
        pictures, labels = batch
        with torch.autocast(pictures.device.type, enabled=False):  # 8 bits of a position would not do
            return self._step(number, pictures, labels)

    def _step(self, number: int, pictures: Tensor, labels: Tensor) -> dict[str, Tensor]:
        settings, first = self.settings, self.settings.first_judged
        if number < first:
            rate = settings.lr * pace(number, first)
        else:
            rate = ADVERSARIAL * settings.lr * pace(number - first, settings.steps - first)
        distance = penalty = torch.zeros((), device=pictures.device)
        *judged, target = pictures.chunk(self.batches(number))
        for shown in judged:
            with torch.no_grad():
                canvas = self.painter(self.act(shown))
            distance = self.critic(shown, shown).mean() - self.critic(canvas, shown).mean()
            penalty = self.critic.penalty(canvas, shown)
            self.update("critic", PENALTY * penalty - distance, CRITIC * rate)
        actions = self.act(target)
        off = torch.zeros((), device=target.device)
        alone = number < settings.first_free
        by_picture = 0.0 if alone else settings.mse
        by_lesson = settings.forcing * settings.lesson_share(number)
        if self.lesson is not None:
            follow = self.lesson.chosen(target, labels[-len(target) :], self.taught)
            lesson = self.lesson.fitted(target, follow, self.taught)
            # In the lesson's order, strokes may have any length and lie anywhere near: that is for the picture to say.
            off = nn.functional.mse_loss(actions, lesson) if alone else astray(actions, lesson, settings.forcing_slack)
        with torch.set_grad_enabled(not alone):
            canvas = self.painter(actions)
            error = nn.functional.mse_loss(canvas, target)
        loss = by_picture * error + by_lesson * off
        if not alone and judged and number >= first + min(ALONE, (settings.steps - first) // 5):
            loss = loss - self.critic(canvas, target).mean()
        weight = by_lesson if alone else max(by_picture, float(bool(judged)))
        self.update("agent", loss, rate, LARGEST * weight)
        return {"mse": error, "distance": distance, "penalty": penalty, "lesson": off}

    def sheet(self, path: Path) -> None:
        """Pictures that were never learned from, the painter's canvas, and the engine's replay."""
        pictures = self.tests[slice(SHOWN)].to(self.accelerator.device)
        with torch.no_grad():
            actions = self.act(pictures)
        painted_sheet(path, pictures, actions, self.painter)
