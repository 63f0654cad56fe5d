"""Notebooks: what a painting shows itself as, and the canvas as it grows."""

from __future__ import annotations

import html
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..registry import PluginError
from .images import to_pil

PAGE = "painting.html"  # what a writer of pages is asked for, if there is one
WIDE, CONTROLS = 640, 150  # px, the width of a page, and the height of what is below its canvas
PAUSE = 0.5  # s between two pictures of a canvas that grows
Callback = Callable[[int, Tensor, float], bool | None]


class Shown:
    """What notebooks call to show a painting: a batch is a row of pictures; one painting also a page, if it can be."""

    def _repr_png_(self: Any) -> bytes:
        """The picture, or pictures side by side."""
        return _png(self.pixels())

    def _repr_html_(self: Any) -> str | None:
        """A page that paints itself, in a frame without access to the notebook; None where no writer has one for it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / PAGE
            try:
                self.save(path)
            except (ValueError, PluginError):
                return None
            page = path.read_text(encoding="utf-8")
        height, width = self.canvas.shape[2:]
        shape = f"max-width: {WIDE}px; aspect-ratio: {WIDE} / {round(WIDE * height / width) + CONTROLS}"
        return (
            f'<iframe srcdoc="{html.escape(page)}" sandbox="allow-scripts allow-downloads" title="A painting" '
            f'style="width: 100%; {shape}; border: 0"></iframe>'
        )


def watched(callback: Callback | None, live: bool, steps: int) -> Callback | None:
    """A callback of :func:`diffpaint.paint` that also shows the canvas in a notebook, if ``live``.

    At most every half second, and after the last step; in place of the picture before.

    Args:
        callback: Called as well.
        live: Whether to.
        steps: Of the optimiser.

    Raises:
        ValueError: It should, and this is no notebook.
    """
    if not live:
        return callback
    display = _display()
    place, shown = None, 0.0

    def show(step: int, canvas: Tensor, loss: float) -> bool | None:
        nonlocal place, shown
        if step == steps - 1 or time.monotonic() - shown >= PAUSE:
            picture, shown = {"image/png": _png(canvas)}, time.monotonic()
            if place is None:
                place = display(picture, raw=True, display_id=True)
            else:
                place.update(picture, raw=True)
        return callback(step, canvas, loss) if callback is not None else None

    return show


def _display() -> Callable[..., Any]:
    """IPython's ``display``, in a notebook."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        shell = display = None
    else:
        shell = get_ipython()
    if display is None or not hasattr(shell, "kernel"):  # IPython on a terminal has none
        raise ValueError("live=True shows the canvas in a notebook, and this is none; leave it out")
    return display


def _png(canvas: Tensor) -> bytes:
    """(B, C, H, W) as one picture, side by side."""
    file = io.BytesIO()
    to_pil(torch.cat(list(canvas), -1)).save(file, "png")
    return file.getvalue()
