"""Where to compute."""

from __future__ import annotations

import torch


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """The device of that name; without one, CUDA if it is there, and else the CPU.

    Apple's MPS has to be asked for: many versions of torch lack operations there that painting needs.

    Raises:
        ValueError: The device does not exist here; the message names those that do.
    """
    available = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    available += ["cpu", "mps"] if torch.backends.mps.is_available() else ["cpu"]
    try:
        device = torch.device(available[0] if name is None else name)
    except RuntimeError:
        device = None
    if device is None or not {f"{device.type}:{device.index or 0}", str(device).removesuffix(":0")} & set(available):
        raise ValueError(f"no device {str(name)!r}; available here: {', '.join(available)}")
    return device
