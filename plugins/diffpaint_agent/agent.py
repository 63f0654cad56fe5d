"""The agent: a recurrent network that looks at a picture and says how to paint it (the paper's section 3)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

SMALLEST = 7  # px, side of the last map at most: a coarser one loses where the ink is


class Agent(nn.Module):
    """Actions for pictures, all strokes in one pass.

    A convolutional encoder looks at the picture once. An LSTM then emits one action after another, from what the
    encoder saw and from the action before. It never looks at its canvas: it has to know what it painted.

    Args:
        size: Side of the square pictures that it looks at, px.
        strokes: T, how many it paints.
        actions: A, numbers of an action.
        channels: Of the encoder's first layer.
        hidden: Width of the LSTM.
        smallest: Side of the encoder's last map, px, at most.

    Raises:
        ValueError: A number below 1.
    """

    def __init__(
        self,
        size: int,
        strokes: int,
        actions: int,
        channels: int = 32,
        hidden: int = 256,
        smallest: int = SMALLEST,
    ):
        super().__init__()
        self.options: dict[str, Any] = {
            **{"size": size, "strokes": strokes, "actions": actions},
            **{"channels": channels, "hidden": hidden, "smallest": smallest},
        }
        for name, value in self.options.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        layers, side, width = [], size, 3
        while side > smallest:
            wider = 2 * channels if layers else channels
            layers += [nn.Conv2d(width, wider, 4, 2, 1), nn.ReLU()]
            side, width = side // 2, wider
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * side**2, hidden), nn.ReLU())
        self.recurrent = nn.LSTMCell(hidden + actions, hidden)
        self.action = nn.Linear(hidden, actions)

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
        seen = self.encoder(1 - pictures)
        # What was seen goes into the gates of every stroke alike: that product, most of the work, is done once.
        cell, hidden_size = self.recurrent, self.recurrent.hidden_size
        of_seen, of_action = cell.weight_ih.split([hidden_size, width], 1)
        gates_of_seen = linear(seen, of_seen, cell.bias_ih + cell.bias_hh)
        of_rest = torch.cat([cell.weight_hh, of_action], 1)
        hidden = memory = seen.new_zeros(len(seen), hidden_size)
        action = seen.new_full((len(seen), width), 0.5)
        painted = []
        for _ in range(strokes):
            gates = gates_of_seen + linear(torch.cat([hidden, action], 1), of_rest)
            enter, forget, new, out = gates.chunk(4, 1)  # in the order of nn.LSTMCell
            memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
            hidden = out.sigmoid() * memory.tanh()
            action = torch.sigmoid(self.action(hidden))
            painted.append(action)
        return torch.stack(painted, 1)
