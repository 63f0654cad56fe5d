"""The agent: a recurrent network that looks at a picture and says how to paint it (the paper's section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, linear

from diffpaint import Constraint, StrokeRenderer, over
from diffpaint.constraints import constrain

from .error import PictureError
from .kind import Kind
from .revise import moved, revised

SMALLEST = 7  # px, side of the last map at most: a coarser one loses where the ink is
WINDOW = 3  # places across that a glimpse takes in around a point, in strides of the encoder's first map
GLIMPSE = 128  # width of the network that corrects a stroke
MOVED_EVERY, SETTLED = 20, 1 / 4  # corrections after which strokes are moved, and of all corrections the last, without
MOVED = 1 / 5  # of all strokes


class Agent(nn.Module):
    """Actions for pictures, all strokes in one pass.

    A convolutional encoder looks at the whole picture. An LSTM then proposes one action after another, from what the
    encoder saw and from the action before. Each stroke is corrected by a glimpse: what the encoder's first map shows
    around the points where it would lie (Mnih et al. 2014). The agent looks once and has to know what it painted, or
    again after every so many strokes, at the picture and at what its canvas still lacks; the paper's looks before each.

    Args:
        size: Side of the square pictures that it looks at, px.
        strokes: T, how many it paints.
        actions: A, numbers of an action.
        channels: Of the encoder's first layer.
        hidden: Width of the LSTM.
        smallest: Side of the encoder's last map, px, at most.
        points: Columns (x, y) of an action that are places on the picture, at which it glimpses; none, and it does not.
        look_every: Strokes after which it looks again, at its canvas too; 0 is never, 1 the paper's.
        queries: Whether every stroke has a learned query of its own (as those of Carion et al. 2020): what it is where
            nothing is seen, and what it adds to the gates. Strokes then differ from the first step on, and an agent
            learns in far fewer.
        revise: How often it corrects its strokes, once all are there, by the slope of its error.
        detail: Of its error, see :class:`.error.PictureError`.
        salience: Likewise.

    Attributes:
        error: How far a canvas is from a picture, to this agent.
        kind: How like a picture is to those that it learned from; None where these do not lie alike (no ``salience``).

    Raises:
        ValueError: A number below 1 (``look_every`` and ``revise``: below 0), pictures of less than 2 px, or points
            that an action does not have.
    """

    window: Tensor

    def __init__(
        self,
        size: int,
        strokes: int,
        actions: int,
        channels: int = 32,
        hidden: int = 256,
        smallest: int = SMALLEST,
        points: Sequence[Sequence[int]] = (),
        look_every: int = 0,
        queries: bool = False,
        revise: int = 0,
        detail: float = 0.0,
        salience: float = 0.0,
    ):
        super().__init__()
        numbers = {
            **{"size": size, "strokes": strokes, "actions": actions},
            **{"channels": channels, "hidden": hidden, "smallest": smallest},
            **{"look_every": look_every, "revise": revise},
        }
        for name, value in numbers.items():
            least = {"size": 2, "look_every": 0, "revise": 0}.get(name, 1)
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        if not all(0 <= column < actions for point in points for column in point):
            raise ValueError(f"points are columns of an action, which has {actions}, got {points}")
        self.options: dict[str, Any] = {
            **numbers,
            **{"points": [list(point) for point in points], "queries": queries, "detail": detail, "salience": salience},
        }
        self.error = PictureError(size, detail, salience)
        self.kind = Kind(size) if salience else None
        layers, side, width = [], size, 6 if look_every else 3
        while not layers or side > smallest:
            wider = 2 * channels if layers else channels
            layers += [nn.Conv2d(width, wider, 4, 2, 1), nn.ReLU()]
            side, width = side // 2, wider
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side**2, hidden), nn.ReLU())
        self.recurrent = nn.LSTMCell(hidden + actions, hidden)
        self.action = nn.Linear(hidden, actions)
        if queries:
            self.unseen = nn.Parameter(torch.empty(strokes, actions).uniform_(0.1, 0.9).logit())
            self.query = nn.Parameter(0.3 * torch.randn(strokes, 4 * hidden))
        if points:
            correction = nn.Linear(GLIMPSE, actions)
            nn.init.zeros_(correction.weight)  # glimpses begin to count when there is something to be seen
            nn.init.zeros_(correction.bias)
            width = len(points) * WINDOW**2 * channels
            self.correct = nn.Sequential(nn.Linear(width, GLIMPSE), nn.ReLU(), correction)
            apart = (torch.arange(WINDOW) - WINDOW // 2) * (2 / (size // 2))
            window = torch.stack(torch.meshgrid(apart, apart, indexing="xy"), -1)  # of positions from -1 to 1
            self.register_buffer("window", window, persistent=False)

    def forward(self, pictures: Tensor, show: Callable[[Tensor, Tensor], Tensor] | None = None) -> Tensor:
        """Paint.

        Args:
            pictures: (B, 3, size, size) in [0, 1], sRGB.
            show: From the actions so far, (B, t, A), and the canvas that was looked at last, (B, 3, size, size), the
                canvas that they make. Wanted where ``look_every`` is not 0; no gradient goes through it.

        Returns:
            (B, T, A) in [0, 1], in drawing order.

        Raises:
            ValueError: Pictures of another shape, or nothing that shows the canvas.
        """
        size, strokes, width = self.options["size"], self.options["strokes"], self.options["actions"]
        if pictures.ndim != 4 or pictures.shape[1:] != (3, size, size):
            raise ValueError(f"this agent looks at pictures (batch, 3, {size}, {size}), got {tuple(pictures.shape)}")
        every = self.options["look_every"] or strokes
        if show is None and every < strokes:
            raise ValueError(f"this agent looks at its canvas after every {every} strokes: give it what shows that")
        cell = self.recurrent
        of_rest = torch.cat([cell.weight_hh, cell.weight_ih[:, -width:]], 1)
        hidden = memory = pictures.new_zeros(len(pictures), cell.hidden_size)
        action = pictures.new_full((len(pictures), width), 0.5)
        canvas = torch.ones_like(pictures)
        painted = []
        fine, gates_of_seen = self._look(pictures, canvas)
        for number in range(strokes):
            if number and number % every == 0 and show is not None:
                with torch.no_grad():
                    canvas = show(torch.stack(painted, 1), canvas)
                fine, gates_of_seen = self._look(pictures, canvas)
            gates = gates_of_seen + linear(torch.cat([hidden, action], 1), of_rest)
            if self.options["queries"]:
                gates = gates + self.query[number]
            enter, forget, new, out = gates.chunk(4, 1)  # in the order of nn.LSTMCell
            memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
            hidden = out.sigmoid() * memory.tanh()
            proposed = self.action(hidden)
            if self.options["queries"]:
                proposed = proposed + self.unseen[number]
            if self.options["points"]:
                proposed = proposed + self.correct(self._glimpse(fine, proposed.sigmoid()))
            action = proposed.sigmoid()
            painted.append(action)
        return torch.stack(painted, 1)

    def _look(self, pictures: Tensor, canvas: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's first map, and what the whole picture adds to the gates of every stroke that follows."""
        seen = 1 - pictures
        if self.options["look_every"]:
            seen = torch.cat([seen, canvas - pictures], 1)
        fine = self.encoder[:2](seen)
        cell = self.recurrent  # that product is most of the work: it is done once, not for every stroke
        of_seen = cell.weight_ih[:, : cell.hidden_size]
        return fine, linear(self.encoder[2:](fine), of_seen, cell.bias_ih + cell.bias_hh)

    def _glimpse(self, fine: Tensor, action: Tensor) -> Tensor:
        """What a map (B, C, h, w) shows around the points of an action (B, A), (B, points * WINDOW**2 * C)."""
        places = 2 * action[:, self.options["points"]] - 1  # (B, points, 2)
        around = (places[:, :, None, None] + self.window).flatten(1, 2)  # (B, points * WINDOW, WINDOW, 2)
        return grid_sample(fine, around, align_corners=False).flatten(1)


def act(
    agent: Agent, pictures: Tensor, painter: StrokeRenderer, constraints: Sequence[Constraint], revise: int = 0
) -> Tensor:
    """What an agent paints under constraints.

    Args:
        agent: The network.
        pictures: (B, 3, S, S) in [0, 1] of its size S.
        painter: Whose actions they are; of S px where the agent looks at its canvas, or revises.
        constraints: That they obey.
        revise: How often all strokes are corrected once they are there; no gradient then goes into the agent.

    Returns:
        (B, T, A) in [0, 1].
    """

    def show(actions: Tensor, canvas: Tensor) -> Tensor:
        count, every = actions.shape[1], agent.options["look_every"]
        some = constrain(actions, constraints, painter)[:, count - every :]
        return over(*painter.stack(some, torch.arange(count - every, count)), canvas)

    actions = agent(pictures, show)
    if revise:
        actions = _correct(agent, actions, pictures, painter, constraints, revise)
    return constrain(actions, constraints, painter)


def _correct(
    agent: Agent,
    actions: Tensor,
    pictures: Tensor,
    painter: StrokeRenderer,
    constraints: Sequence[Constraint],
    times: int,
) -> Tensor:
    """Strokes corrected so many times; some are moved on the way, where the agent knows what counts."""

    def error(actions: Tensor) -> Tensor:
        return agent.error(painter(constrain(actions, constraints, painter)), pictures)

    count = round(MOVED * actions.shape[1])
    if agent.kind is None or not count:
        return revised(actions, error, times)
    moves = round(times * (1 - SETTLED)) // MOVED_EVERY
    for _ in range(moves):
        actions = revised(actions, error, MOVED_EVERY)
        actions = moved(constrain(actions, constraints, painter), count, pictures, painter, agent.error.seen)
    return revised(actions, error, times - moves * MOVED_EVERY)
