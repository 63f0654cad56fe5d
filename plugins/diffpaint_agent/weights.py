"""Agents that were trained: weights whose header says what they paint with."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from msgspec import Meta, Struct
from torch import Tensor

from diffpaint import Constraint, StrokeRenderer, load_renderer
from diffpaint.io.bounds import check_whole
from diffpaint.io.brief import brief
from diffpaint.io.schema import Text
from diffpaint.io.untrusted import names_of_a_file
from diffpaint.io.weights import load_network, read_weights
from diffpaint.registry import load, names

from .agent import Agent, act

FOLDER = Path(__file__).parent / "weights"
AT_ONCE = 64  # pictures, of which all strokes are in memory
Count = Annotated[int, Meta(ge=1, le=10_000)]


class Data(Struct):
    """What an agent learned from."""

    source: Text


class AgentOptions(Struct):
    """Of the network."""

    size: Annotated[int, Meta(ge=2, le=4_096)]
    strokes: Count
    actions: Count
    channels: Count
    hidden: Count
    smallest: Count
    points: list[tuple[int, int]] = []
    look_every: Annotated[int, Meta(ge=0, le=10_000)] = 0
    queries: bool = False
    revise: Annotated[int, Meta(ge=0, le=10_000)] = 0
    detail: Annotated[float, Meta(ge=0)] = 0.0
    salience: Annotated[float, Meta(ge=0)] = 0.0


class Header(Struct):
    """Of an agent's weights; it may hold more, such as how they were trained."""

    data: Data
    painter: Text
    brush: Text
    constraints: list[dict[str, Any]]
    options: AgentOptions
    lesson: Text | None = None
    usual: Annotated[float, Meta(ge=0)] | None = None
    likeness: float | None = None


@dataclass(frozen=True)
class TrainedAgent:
    """An agent, what it paints with, and by which rules.

    Attributes:
        agent: The network, frozen.
        header: Of its weights.
        constraints: That its actions obey.
        revise: How often its strokes are corrected, once all are there.
    """

    agent: Agent
    header: dict[str, Any]
    constraints: list[Constraint]
    revise: int = 0

    @property
    def size(self) -> int:
        """Side of the pictures that it looks at, px."""
        return self.agent.options["size"]

    def painter(self, size: int) -> StrokeRenderer:
        """What it paints with, on a square canvas of ``size`` px."""
        with names_of_a_file():
            renderer = load_renderer(self.header["painter"], brush=self.header["brush"], size=(size, size))
        if not isinstance(renderer, StrokeRenderer):
            raise ValueError(f"an agent paints with strokes, and {self.header['painter']} has none")
        if len(renderer.action_names) != self.agent.options["actions"]:
            raise ValueError(
                f"this agent's actions are {self.agent.options['actions']} numbers; "
                f"those of {self.header['painter']} are {len(renderer.action_names)}"
            )
        return renderer

    def act(self, pictures: Tensor, painter: StrokeRenderer) -> Tensor:
        """Actions (B, T, A) for pictures (B, 3, S, S) in [0, 1], by a painter of any size, under the constraints."""
        if (self.agent.options["look_every"] or self.revise) and painter.size != (self.size, self.size):
            painter = self._own_painter
        with torch.no_grad():
            parts = pictures.split(AT_ONCE)
            return torch.cat([act(self.agent, part, painter, self.constraints, self.revise) for part in parts])

    def strange(self, picture: Tensor, actions: Tensor) -> str | None:
        """Why a picture is hardly of the kind that the agent learned from; None if it may well be.

        Of test pictures of that kind, 99 % are painted nearer than ``usual`` in the header, a squared error. Where all
        lie alike, 99 % are also liked better by :class:`.kind.Kind` than ``likeness`` in the header.

        Args:
            picture: (1, 3, S, S) in [0, 1].
            actions: (1, T, A), what the agent paints for it.
        """
        usual, likeness = self.header.get("usual"), self.header.get("likeness")
        known = f"hardly one of the pictures that this agent knows ({self.header['data']['source']})"
        if self.agent.kind is not None and likeness is not None:
            alike = float(self.agent.kind(picture))
            if alike < likeness:
                return (
                    f"{known}, or not placed as they are: its detail lies elsewhere (a likeness of {alike:.2f}, and of "
                    f"those 99 % come above {likeness:.2f})"
                )
        if usual is not None:
            error = float((self._own_painter(actions) - picture).square().mean())
            if error > usual:
                return f"{known}: the squared error is {error:.3f}, and of those 99 % come below {usual:.3f}"
        return None

    @functools.cached_property
    def _own_painter(self) -> StrokeRenderer:
        """Of the canvas that it looks at."""
        return self.painter(self.size)


def shipped_agents() -> list[str]:
    """Names of the agents whose weights ship."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def load_agent(name: str, revise: int | None = None) -> TrainedAgent:
    """Load an agent.

    Args:
        name: Of one that ships, such as ``mnist``, or the path of weights that ``diffpaint agent train`` wrote.
        revise: How often its strokes are corrected, once all are there; None is as it was trained to.

    Raises:
        ValueError: No such agent (those that ship are named), a damaged file, or a number below 0.
    """
    if revise is not None:
        check_whole("revise", revise, least=0)
    path = Path(name) if name.endswith(".safetensors") else FOLDER / f"{name}.safetensors"
    if not path.is_file() and not name.endswith(".safetensors"):
        known = ", ".join(shipped_agents()) or "none"
        raise ValueError(
            f"no agent {name!r}; there is {known}, and 'diffpaint agent train' writes a .safetensors of your own"
        )
    state, header = read_weights(path, Header, "an agent")
    agent = load_network(lambda: Agent(**header["options"]), state, name, "an agent")
    try:
        constraints = constraints_of(header["constraints"])
    except Exception as error:  # whatever a plugin raises at options that nobody gave it
        raise ValueError(
            f"{name} is damaged: its constraints cannot be made ({brief(error)}); train it again"
        ) from error
    times = agent.options["revise"] if revise is None else revise
    return TrainedAgent(agent.eval().requires_grad_(False), header, constraints, times)


def described(constraints: Sequence[Constraint]) -> list[dict[str, Any]]:
    """Constraints as JSON values, for headers: of dataclasses that are registered by the names of their classes."""
    return [{"rule": type(constraint).__name__, **asdict(constraint)} for constraint in constraints]  # pyright: ignore[reportArgumentType]


def constraints_of(described: Sequence[dict[str, Any]]) -> list[Constraint]:
    """The constraints that :func:`described` wrote.

    Raises:
        TypeError: One that is not registered, or without what it needs.
    """
    made = []
    for fields in described:
        options = {name: value for name, value in fields.items() if name != "rule"}
        if (name := fields["rule"].lower()) not in names("constraints"):
            raise TypeError(f"no constraint {name!r}")
        with names_of_a_file():
            made.append(load("constraints", name)(**options))
    return made
