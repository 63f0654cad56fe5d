"""Discrete actions, as SPIRAL's program has them, and what becomes of an agent that learns through them (section 3.1).

The program takes ten levels of pressure and of size, and a flag that lifts the brush. A painter learns from strokes of
that program alone, and an agent then moves its actions freely in between:

1. Lift from 0 to 1 through the painter: what it shows between the two is nothing that it ever saw (Figure 8).
2. An agent that has pressure and size believes in values between the levels, which the program rounds (Figure 9).
3. An agent that has the flag too hides strokes half lifted, which the program then leaves out, or lifts them all.
4. The same agents, rounded in the forward pass with the gradient passed straight through, and a lifted stroke taken as
   alpha times (1 - lift) instead of a painter's guess.

python examples/discrete_actions.py MNIST_FOLDER -o discrete/
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffpaint import Constraint, StrokeRenderer, load_renderer
from diffpaint.constraints import constrain
from diffpaint.io.files import replacing
from diffpaint.io.images import write_image
from diffpaint.renderer import STROKE_ACTION
from diffpaint.training import Course, Recipe, TrainingSettings, warmup_cosine
from diffpaint.training.loop import check_run, train
from diffpaint_agent import Pictures, open_pictures
from diffpaint_agent.training.judge import Judge, train_judge
from diffpaint_agent.training.learner import Learner
from diffpaint_agent.training.replays import replay_all
from diffpaint_agent.training.settings import AgentSettings
from diffpaint_constraints import Fix, Levels, Palette
from diffpaint_mypaint import alpha_masks, random_actions
from shell import parser, run

BRUSH, LEVELS, SIZE = "classic/dry_brush", 10, 28
RASTER = 32  # px, of the painter
ROUNDED = ("start_pressure", "end_pressure", "size")
LIFT = len(STROKE_ACTION)  # column of the flag
TESTS = 2_000  # pictures
PROGRAM = [*(Levels(name, LEVELS) for name in ROUNDED), Levels("lift", 2)]
BLACK = [Palette([(0, 0, 0)])]


class Program:
    """SPIRAL's action space, drawn by the engine: random strokes, each with its alpha at RASTER px."""

    def __init__(self, count: int, folder: Path):
        path = folder / "strokes.npz"
        if not path.exists():
            rng = np.random.default_rng(0)
            actions = random_actions(count, rng)
            columns = [STROKE_ACTION.index(name) for name in ROUNDED]
            actions[:, columns] = np.rint(actions[:, columns] * (LEVELS - 1)) / (LEVELS - 1)
            masks = alpha_masks(actions, BRUSH, oversample=2)
            small = masks.reshape(count, RASTER, 2, RASTER, 2).mean((2, 4)).round().astype(np.uint8)
            lift = (rng.random((count, 1)) < 0.5).astype(np.float32)
            small[lift[:, 0] > 0] = 0
            with replacing(path) as temporary:
                np.savez(temporary, actions=np.concatenate([actions, lift], 1), alpha=small)
        with np.load(path) as held:
            if len(held["actions"]) != count:
                raise SystemExit(
                    f"{path} holds {len(held['actions'])} strokes, not {count}; delete it, or name another folder"
                )
            self.actions, self.alpha = torch.from_numpy(held["actions"]), torch.from_numpy(held["alpha"])

    def batches(self, batch: int, first: int) -> Iterator[tuple[Tensor, ...]]:
        """Batches without end."""
        for number in range(first, 2**31):
            chosen = torch.from_numpy(np.random.default_rng([1, number]).integers(0, len(self.actions), batch))
            yield self.actions[chosen], self.alpha[chosen].float() / 255


class Network(nn.Module):
    """Alpha (N, 32, 32) of discrete strokes (N, 13), by the paper's generator, at half its width."""

    def __init__(self):
        super().__init__()
        self.seen = [index for index in range(LIFT + 1) if index not in (3, 4, 5)]  # colour does not matter
        self.enter = nn.Sequential(nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 1024))
        self.paint = nn.Sequential(
            *(nn.Unflatten(1, (64, 4, 4)), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1)),
            *(nn.ReLU(), nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1)),
        )

    def forward(self, actions: Tensor) -> Tensor:
        """See the class."""
        return torch.sigmoid(self.paint(self.enter(2 * actions[:, self.seen] - 1)))[:, 0]


class PainterRecipe(Recipe):
    """The network, by squared error."""

    def __init__(self, settings: TrainingSettings, program: Program):
        super().__init__()
        self.settings, self.network, self.program = settings, Network(), [program]
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters())}

    def step(self, number: int, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """See the base class."""
        actions, alpha = batch
        loss = nn.functional.mse_loss(self.network(actions), alpha)
        self.update("network", loss, self.settings.lr * warmup_cosine(number, self.settings.steps))
        return {"mse": loss}

    def sheet(self, path: Path) -> None:
        """Strokes of the engine above those of the network."""
        (program,) = self.program
        with torch.no_grad():
            painted = self.network(program.actions[:24])
        rows = [torch.cat(list(1 - part), 1) for part in (program.alpha[:24].float() / 255, painted)]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, torch.cat(rows, 0).expand(3, -1, -1))


class DiscretePainter(StrokeRenderer):
    """What the network paints, at any values in between.

    Args:
        network: Trained on the program's strokes.
        exact_lift: A lifted stroke is alpha times (1 - lift) of one that is not, instead of what the network says.
    """

    action_names = (*STROKE_ACTION, "lift")
    brush = BRUSH
    radius = (1.0, 8.0)

    def __init__(self, network: Network, exact_lift: bool):
        super().__init__()
        self.network, self.exact_lift, self.size = network.eval().requires_grad_(False), exact_lift, (SIZE, SIZE)

    def stroke(self, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Black, or whatever colour is asked for, and alpha."""
        down = torch.cat([actions[:, :LIFT], torch.zeros_like(actions[:, LIFT:])], 1)
        alpha = self.network(down if self.exact_lift else actions)[:, None]
        alpha = nn.functional.interpolate(alpha, self.size, mode="bilinear", antialias=True)
        if self.exact_lift:
            alpha = alpha * (1 - actions[:, LIFT, None, None, None])
        return actions[:, 3:6, None, None], alpha


def flicker(network: Network, path: Path) -> dict[str, float]:
    """Figure 8: ink while lift goes from 0 to 1. A flag that fades has variation 1: all of the ink goes, once."""
    actions = torch.from_numpy(random_actions(256, np.random.default_rng(7)))
    columns = [STROKE_ACTION.index(name) for name in ROUNDED]
    actions[:, columns] = (actions[:, columns] * (LEVELS - 1)).round() / (LEVELS - 1)
    lifts = torch.linspace(0, 1, 41)
    with torch.no_grad():
        alpha = torch.stack([network(torch.cat([actions, lift.expand(len(actions), 1)], 1)) for lift in lifts], 1)
    ink = alpha.sum((2, 3))
    keep = ink[:, 0] > 5  # of strokes that show at all
    change = ink[keep].diff(dim=1)
    rows = [torch.cat(list(1 - stroke[::4]), 1) for stroke in alpha[keep][:8]]
    page = torch.cat(rows, 0).repeat_interleave(2, 0).repeat_interleave(2, 1)
    write_image(path, page.expand(3, -1, -1))
    return {
        "variation of ink over its change": float((change.abs().sum(1) / change.sum(1).abs().clamp_min(1e-6)).mean()),
        "strokes that grow while lifted, %": 100 * float((change.amax(1) > 0.02 * ink[keep, 0]).float().mean()),
        "ink left at lift 0.5, %": 100 * float((ink[keep, 20] / ink[keep, 0]).mean()),
    }


def program_of(actions: Tensor) -> Tensor:
    """What the program draws for actions (B, T, 13): rounded, (B, T, 12), without pressure where it is lifted."""
    painter = DiscretePainter(Network(), exact_lift=True)
    rounded = constrain(actions, PROGRAM, painter)
    drawn = rounded[..., :LIFT].clone()
    drawn[..., :2] *= 1 - rounded[..., LIFT:]
    return drawn


def study(agent: Learner, tests: Pictures, judge: Judge, path: Path) -> dict[str, float]:
    """What an agent believes that it painted, against what the program draws, on test pictures."""
    real, painter = tests[slice(TESTS)], agent.painter
    assert tests.labels is not None
    assert isinstance(painter, StrokeRenderer)
    labels = tests.labels[:TESTS]
    with torch.no_grad():
        actions = torch.cat([agent.act(part) for part in real.split(100)])
        believed = torch.cat([painter(part) for part in actions.split(100)])
        alpha = torch.cat([painter.stack(part)[1] for part in actions.split(100)])
    drawn = program_of(actions)
    replayed = replay_all(drawn, load_renderer("neural-splat", size=(SIZE, SIZE)))
    columns = [STROKE_ACTION.index(name) for name in ROUNDED]
    level = actions[..., columns] * (LEVELS - 1)
    lifted = actions[..., LIFT] >= 0.5
    ink = alpha.sum((2, 3, 4))
    groups = torch.cat([real[:40], believed[:40], replayed[:40]], 3)
    write_image(path, torch.cat([torch.cat(list(row), 2) for row in groups.split(8)], 1))
    return {
        "squared error of the neural canvas": float((believed - real).square().mean()),
        "squared error of the replay": float((replayed - real).square().mean()),
        "neural canvas from replay": float((believed - replayed).square().mean()),
        "read right in the replay, %": 100 * float((judge.reads(replayed) == labels).float().mean()),
        "distance to the nearest level": float((level - level.round()).abs().mean()),
        "strokes that the program leaves out, %": 100 * float(lifted.float().mean()),
        "neural ink in strokes that it leaves out, %": 100 * float((ink * lifted).sum() / ink.sum().clamp_min(1e-9)),
    }


def main(arguments: argparse.Namespace) -> None:
    output: Path = arguments.output
    settings = TrainingSettings(steps=arguments.painter_steps)
    learning = AgentSettings(steps=arguments.steps, batch=32, critic_from=1, strokes=8, size=SIZE)
    if not arguments.resume:
        check_run(output / "painter")
    pictures = open_pictures(arguments.data, SIZE)
    for part in pictures:
        if part.labels is None:
            raise SystemExit(f"{part.source} has no labels, by which a classifier could learn to read")
    output.mkdir(parents=True, exist_ok=True)
    program = Program(arguments.count, output)

    def run(name: str, *how: Any) -> Any:
        there = arguments.resume and (output / name / "checkpoint.pt").exists()
        make, stream, settings, about = how
        return train(Course(make, stream, about), output / name, settings, resume=there, device="cpu")

    network = run(
        "painter",
        functools.partial(PainterRecipe, settings, program),
        functools.partial(program.batches, settings.batch),
        settings,
        {"strokes": arguments.count},
    ).network
    figures: dict[str, dict[str, float]] = {"lift from 0 to 1": flicker(network, output / "figure8.png")}

    judge = train_judge(pictures[0])
    agents: dict[str, tuple[bool, Sequence[Constraint]]] = {
        "relaxed, no flag": (False, [*BLACK, Fix("lift", 0)]),
        "straight through, no flag": (False, [*BLACK, *PROGRAM, Fix("lift", 0)]),
        "relaxed, with the flag": (False, BLACK),
        "straight through, learned flag": (False, [*BLACK, *PROGRAM]),
        "straight through, exact flag": (True, [*BLACK, *PROGRAM]),
    }
    for name, (exact, constraints) in agents.items():
        painter, short = DiscretePainter(network, exact), name.replace(",", "").replace(" ", "-")
        agent = run(
            short,
            functools.partial(Learner, learning, painter, constraints, pictures[1]),
            functools.partial(pictures[0].batches, learning.batch, 0),
            learning,
            {"agent": name},
        )
        figures[name] = study(agent, pictures[1], judge, output / f"{short}.png")
    for name, rows in figures.items():
        print(f"\n{name}")
        for what, value in rows.items():
            print(f"  {what:<46}{value:8.4f}" if value < 1 else f"  {what:<46}{value:8.2f}")
    with replacing(output / "figures.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    arguments = parser(__doc__, "a folder")
    arguments.add_argument("data", help="mnist, or a folder of its files")
    arguments.add_argument("--count", type=int, default=100_000, help="strokes for the painter")
    arguments.add_argument("--painter-steps", type=int, default=12_000, help="of the painter")
    arguments.add_argument("--steps", type=int, default=2_500, help="of each agent")
    arguments.add_argument("--resume", action="store_true", help="go on where it was interrupted")
    run(main, arguments)
