"""The agent: a recurrent network that looks at a picture and says how to paint it (the paper's section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, linear

SMALLEST = 7  # px, side of the last map at most: a coarser one loses where the ink is
WINDOW = 3  # places across that a glimpse takes in around a point, in strides of the encoder's first map
GLIMPSE = 128  # width of the network that corrects a stroke


class Agent(nn.Module):
    """Actions for pictures, all strokes in one pass.

    A convolutional encoder looks at the whole picture once. An LSTM then proposes one action after another, from what
    the encoder saw and from the action before. Each stroke is corrected by a glimpse: what the encoder's first map
    shows around the points where it would lie (Mnih et al. 2014). The agent never looks at its canvas: it has to know
    what it painted.

    Args:
        size: Side of the square pictures that it looks at, px.
        strokes: T, how many it paints.
        actions: A, numbers of an action.
        channels: Of the encoder's first layer.
        hidden: Width of the LSTM.
        smallest: Side of the encoder's last map, px, at most.
        points: Columns (x, y) of an action that are places on the picture, at which it glimpses; none, and it does not.

    Raises:
        ValueError: A number below 1, pictures of less than 2 px, or points that an action does not have.
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
    ):
        super().__init__()
        numbers = {
            **{"size": size, "strokes": strokes, "actions": actions},
            **{"channels": channels, "hidden": hidden, "smallest": smallest},
        }
        for name, value in numbers.items():
            least = 2 if name == "size" else 1
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        if not all(0 <= column < actions for point in points for column in point):
            raise ValueError(f"points are columns of an action, which has {actions}, got {points}")
        self.options: dict[str, Any] = numbers | {"points": [list(point) for point in points]}
        layers, side, width = [], size, 3
        while not layers or side > smallest:
            wider = 2 * channels if layers else channels
            layers += [nn.Conv2d(width, wider, 4, 2, 1), nn.ReLU()]
            side, width = side // 2, wider
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side**2, hidden), nn.ReLU())
        self.recurrent = nn.LSTMCell(hidden + actions, hidden)
        self.action = nn.Linear(hidden, actions)
        if points:
            correction = nn.Linear(GLIMPSE, actions)
            nn.init.zeros_(correction.weight)  # glimpses begin to count when there is something to be seen
            nn.init.zeros_(correction.bias)
            width = len(points) * WINDOW**2 * channels
            self.correct = nn.Sequential(nn.Linear(width, GLIMPSE), nn.ReLU(), correction)
            apart = (torch.arange(WINDOW) - WINDOW // 2) * (2 / (size // 2))
            window = torch.stack(torch.meshgrid(apart, apart, indexing="xy"), -1)  # of positions from -1 to 1
            self.register_buffer("window", window, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Paint.

        Args:
            pictures: (B, 3, size, size) in [0, 1], sRGB.

        Returns:
            (B, T, A) in [0, 1], in drawing order.

        Raises:
            ValueError: Pictures of another shape.
        """
        size, strokes, width = self.options["size"], self.options["strokes"], self.options["actions"]
        if pictures.ndim != 4 or pictures.shape[1:] != (3, size, size):
            raise ValueError(f"this agent looks at pictures (batch, 3, {size}, {size}), got {tuple(pictures.shape)}")
        fine = self.encoder[:2](1 - pictures)
        encoded = self.encoder[2:](fine)
        # What was seen goes into the gates of every stroke alike: that product, most of the work, is done once.
        cell, hidden_size = self.recurrent, self.recurrent.hidden_size
        of_encoded, of_action = cell.weight_ih.split([hidden_size, width], 1)
        gates_of_encoded = linear(encoded, of_encoded, cell.bias_ih + cell.bias_hh)
        of_rest = torch.cat([cell.weight_hh, of_action], 1)
        hidden = memory = encoded.new_zeros(len(encoded), hidden_size)
        action = encoded.new_full((len(encoded), width), 0.5)
        painted = []
        for _ in range(strokes):
            gates = gates_of_encoded + linear(torch.cat([hidden, action], 1), of_rest)
            enter, forget, new, out = gates.chunk(4, 1)  # in the order of nn.LSTMCell
            memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
            hidden = out.sigmoid() * memory.tanh()
            proposed = self.action(hidden)
            if self.options["points"]:
                proposed = proposed + self.correct(self._glimpse(fine, proposed.sigmoid()))
            action = proposed.sigmoid()
            painted.append(action)
        return torch.stack(painted, 1)

    def _glimpse(self, fine: Tensor, action: Tensor) -> Tensor:
        """What a map (B, C, h, w) shows around the points of an action (B, A), (B, points * WINDOW**2 * C)."""
        places = 2 * action[:, self.options["points"]] - 1  # (B, points, 2)
        around = (places[:, :, None, None] + self.window).flatten(1, 2)  # (B, points * WINDOW, WINDOW, 2)
        return grid_sample(fine, around, align_corners=False).flatten(1)
