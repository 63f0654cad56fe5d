"""What an agent is measured by, on pictures that it never learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from diffpaint import StrokeRenderer

from ..demonstrations import Demonstrations
from ..pictures import Pictures
from ..weights import TrainedAgent
from .judge import SMALLEST, train_judge
from .order import RUNS, like_demonstrations
from .replays import replay_all

AT_ONCE = 100 * 28**2  # pixels of all pictures painted at once


@dataclass(frozen=True)
class Figures:
    """Of an agent, on test pictures.

    Attributes:
        pictures: How many.
        mse: Mean squared error of the painter's canvas, values in [0, 1].
        mse_replayed: Of the engine's replay.
        read: Share of real pictures, painted ones and replayed ones that a classifier reads right; None where pictures
            have no labels, or are too small to be read.
        read_after: Share of pictures that the classifier reads right after 1, 2, ... strokes; None likewise.
        visible: Share of each stroke's ink that is not hidden by later strokes, by number of the stroke.
        ink: Share of all ink that each stroke lays, by number of the stroke.
        directions: Share of pictures drawn in the direction that demonstrations say, by sequence of those that say one.
        order: Mean correlation of the order of strokes with the demonstrations', by sequence.
        sequences: How many pictures look most like each, by sequence.
        same: Share of canvases that look most like the sequence that their picture does, where a label has several.
    """

    pictures: int
    mse: float
    mse_replayed: float
    read: dict[str, float] | None
    read_after: list[float] | None
    visible: list[float]
    ink: list[float]
    directions: dict[str, float] | None = None
    order: dict[str, float] | None = None
    sequences: dict[str, int] | None = None
    same: float | None = None

    def table(self) -> str:
        """The figures as lines of text."""
        lines = [
            f"test pictures                         {self.pictures}",
            f"squared error of the canvas           {self.mse:.4f}",
            f"squared error of the engine's replay  {self.mse_replayed:.4f}",
        ]
        if self.read is not None:
            lines += [f"read right, {kind:<26}{100 * share:.1f} %" for kind, share in self.read.items()]
        if self.read_after is not None:
            lines += [f"read right after 1, 2, ... strokes, % {_percent(self.read_after)}"]
        lines += [f"visible ink by stroke, %              {_percent(self.visible)}"]
        lines += [f"share of all ink by stroke, %         {_percent(self.ink)}"]
        if self.same is not None:
            lines += [f"like the same sequence as the picture {100 * self.same:.1f} %, of digits that have several"]
        if self.directions:
            lines += ["drawn in the direction of the demonstrations, by sequence:"]
            lines += [f"  {100 * share:.1f} %  {name}" for name, share in self.directions.items()]
        if self.order is not None and self.sequences is not None:
            lines += ["order like the demonstrations' (correlation), by sequence:"]
            lines += [f"  {value:.2f}  {name} ({self.sequences[name]} pictures)" for name, value in self.order.items()]
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """JSON values by name."""
        return asdict(self)


def measure(
    trained: TrainedAgent,
    pictures: tuple[Pictures, Pictures],
    *,
    shown_to: Pictures | None = None,
    count: int | None = None,
    demonstrations: Demonstrations | None = None,
    progress: bool = True,
) -> tuple[Figures, Tensor, Tensor]:
    """Measure an agent.

    Args:
        trained: The agent; its painter must imitate a brush of the engine.
        pictures: Those that agents learn from, by which a classifier is trained where they have labels, and those to
            test with. Canvases and replays are of their size.
        shown_to: What the agent looks at: the test pictures at its own size; None where ``pictures`` are of that size.
        count: How many of those, evenly spaced among all; None takes all.
        demonstrations: By whose order strokes are judged; needs labels.
        progress: Show a progress bar.

    Returns:
        The figures, which pictures they are of, (N,), and the actions (N, T, A).

    Raises:
        ValueError: Fewer pictures than ``count``, or no labels for the demonstrations.
    """
    learned, tests = pictures
    shown_to = tests if shown_to is None else shown_to
    count = len(tests) if count is None else count
    if not 1 <= count <= len(tests):
        raise ValueError(f"{tests.source} has {len(tests)} test pictures; cannot measure on {count}")
    chosen = torch.arange(count) * len(tests) // count
    labels = None if tests.labels is None else tests.labels[chosen]
    if demonstrations is not None:
        if labels is None:
            raise ValueError(f"{tests.source} has no labels, by which demonstrations know what it taught")
        demonstrations.check(labels)
    readable = labels is not None and learned.labels is not None and tests.size >= SMALLEST
    judge = train_judge(learned, progress=progress) if readable else None
    painter = trained.painter(tests.size)
    sums: dict[str, float] = {"painted": 0.0, "replayed": 0.0}
    right = {"real": 0, "painted": 0, "replayed": 0}
    drawn, visible, laid, after = [], 0.0, 0.0, 0.0
    bar = tqdm(total=count, disable=not progress, unit="picture")
    at_once = _at_once(tests.size)
    for start in range(0, count, at_once):
        some = slice(start, min(start + at_once, count))
        real = tests[chosen[some]]
        actions = trained.act(shown_to[chosen[some]], painter)
        ink, left = visible_ink(actions, painter)
        visible, laid = visible + left, laid + ink
        shown = {"real": real, "painted": painter(actions), "replayed": replay_all(actions, painter)}
        for kind in sums:
            sums[kind] += float((shown[kind] - real).square().mean((1, 2, 3)).sum())
        if judge is not None and labels is not None:
            for kind, canvas in shown.items():
                right[kind] += int((judge.reads(canvas) == labels[some]).sum())
            reads = [(judge.reads(frame) == labels[some]).sum() for frame in painter.frames(actions)]
            after = after + torch.stack(reads)
        drawn.append(actions)
        bar.update(len(actions))
    bar.close()
    whole = torch.cat(drawn)
    order = (
        {}
        if demonstrations is None or labels is None
        else _order(whole, tests[chosen], labels, demonstrations, painter)
    )
    visible, laid = torch.as_tensor(visible), torch.as_tensor(laid)
    figures = Figures(
        pictures=count,
        mse=sums["painted"] / count,
        mse_replayed=sums["replayed"] / count,
        read=None if judge is None else {kind: value / count for kind, value in right.items()},
        read_after=None if judge is None else (torch.as_tensor(after) / count).tolist(),
        visible=(visible / laid.clamp_min(1e-9)).tolist(),
        ink=(laid / laid.sum().clamp_min(1e-9)).tolist(),
        **order,
    )
    return figures, chosen, whole


def _at_once(size: int) -> int:
    return max(1, AT_ONCE // size**2)


def visible_ink(actions: Tensor, painter: StrokeRenderer) -> tuple[Tensor, Tensor]:
    """Ink of strokes, and what later ones leave visible of it.

    Args:
        actions: (B, T, A) in [0, 1].
        painter: Whose actions they are.

    Returns:
        Alpha of each stroke, summed over paintings and pixels, (T,), and that share of it through which no later stroke
        is seen, (T,).
    """
    alpha = painter.stack(actions)[1][:, :, 0]
    through = torch.ones_like(alpha)  # of all later strokes
    through[:, :-1] = (1 - alpha[:, 1:]).flip(1).cumprod(1).flip(1)
    return alpha.sum((0, 2, 3)), (alpha * through).sum((0, 2, 3))


def _order(
    actions: Tensor, pictures: Tensor, labels: Tensor, demonstrations: Demonstrations, painter: StrokeRenderer
) -> dict[str, Any]:
    shown = painter(demonstrations.actions)
    chosen = demonstrations.chosen(pictures, labels, shown)
    like = like_demonstrations(actions, demonstrations, chosen)
    taught = [
        (name, chosen == sequence) for sequence, name in enumerate(demonstrations.names) if (chosen == sequence).any()
    ]
    directions = zip(demonstrations.names, demonstrations.directions, strict=True)
    measured = {name: RUNS[direction] for name, direction in directions if direction is not None}
    found: dict[str, Any] = {
        "directions": {
            name: float(measured[name](actions[these]).float().mean()) for name, these in taught if name in measured
        },
        "order": {name: float(like[these].mean()) for name, these in taught},
        "sequences": {name: int(these.sum()) for name, these in taught},
    }
    known, counts = demonstrations.labels.unique(return_counts=True)
    several = torch.isin(labels, known[counts > 1])
    if several.any():
        canvases = torch.cat([painter(part) for part in actions[several].split(_at_once(painter.size[0]))])
        same = demonstrations.chosen(canvases, labels[several], shown) == chosen[several]
        found["same"] = float(same.float().mean())
    return found


def _percent(shares: list[float]) -> str:
    return " ".join(f"{100 * share:.0f}" for share in shares)
