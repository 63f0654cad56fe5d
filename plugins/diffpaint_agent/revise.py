"""A painting is corrected once all strokes are planned: by the slope of its error, through the painter.

An agent that was trained says nearly what is right, for any picture, and a few steps of an optimiser, for this one,
what is left (as inference is amortised and then refined: Hjelm et al. 2016, Kim et al. 2018).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

RATE, BETAS = 0.1, (0.8, 0.95)  # of Adam, in logits; it falls to zero
EDGE = 1e-3  # from 0 and 1, beyond which a logit hardly moves


def revised(actions: Tensor, error: Callable[[Tensor], Tensor], times: int) -> Tensor:
    """Actions whose painting is nearer.

    Args:
        actions: (B, T, A) in [0, 1].
        error: Of such actions, (B,), to make small.
        times: Steps.

    Returns:
        (B, T, A) in [0, 1], of each painting what its last step came to.
    """
    with torch.enable_grad():
        logits = actions.detach().logit(EDGE).requires_grad_(True)
        optimizer = torch.optim.Adam([logits], RATE, BETAS)
        for time in range(times):
            optimizer.param_groups[0]["lr"] = RATE * (1 - time / times) ** 0.5
            optimizer.zero_grad()
            error(logits.sigmoid()).sum().backward()
            optimizer.step()
    return logits.detach().sigmoid()
