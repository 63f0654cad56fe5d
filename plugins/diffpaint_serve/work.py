"""What the page does: a photo is painted, and shown as it grows; a painting is written in any format."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffpaint import Painting, load_objective, load_renderer, load_strategy, paint
from diffpaint.io.bounds import check_whole
from diffpaint.io.brief import brief
from diffpaint.io.images import read_image, to_pil
from diffpaint.painting import find_writer

CANVAS = 340  # px, about the longest side of the canvas that is optimised
MOST = {"strokes": 3000, "steps": 500, "size": 2048}
LEAST = {"strokes": 10, "steps": 10, "size": 128}
SHOWN_EVERY = 5  # steps
MATCHED = "content(begin=0.2) + 3000*pixel"  # as diffpaint paint
PICTURE, DOCUMENT = "painting.png", "painting.json"


@dataclass(frozen=True)
class Wish:
    """What is asked of a painting.

    Attributes:
        photo: Its file.
        brush: That ``neural-splat`` has weights of.
        strokes: In all.
        steps: Of the optimiser.
        size: Longest side of the painting, px.

    Raises:
        ValueError: A number out of range.
    """

    photo: Path
    brush: str
    strokes: int
    steps: int
    size: int

    def __post_init__(self):
        for name, most in MOST.items():
            check_whole(name, getattr(self, name), LEAST[name], most)


@dataclass(frozen=True)
class Progress:
    """A painting at work.

    Attributes:
        picture: uint8 (H, W, 3), as it is now.
        step: How many steps are done.
        document: The file of its strokes, once it is finished.
    """

    picture: np.ndarray
    step: int
    document: Path | None = None


def painted(wish: Wish, folder: Path) -> Iterator[Progress]:
    """Paint into a folder; what there is is shown every few steps. Closing the iterator ends the work.

    Raises:
        ValueError: The photo cannot be read.
    """
    scale = max(1, round(wish.size / CANVAS))
    photo = read_image(wish.photo, wish.size // scale)
    ground, size = photo.mean((0, 2, 3)).tolist(), (photo.shape[2], photo.shape[3])
    options: dict[str, Any] = {"renderer": "neural-splat", "brush": wish.brush, "size": size}
    small, large = load_renderer("scatter", **options, coarse=True), load_renderer("scatter", **options, scale=scale)

    def work(show: Any) -> Painting:
        strategy = load_strategy("rounds", photo, strokes=wish.strokes)
        settings = {"steps": wish.steps, "background": ground, "progress": False}
        return paint(small, load_objective(MATCHED, photo), strategy=strategy, callback=show, **settings)

    with _beside(work) as steps:
        for step, canvas in steps:
            if isinstance(canvas, Painting):
                finished = canvas.rendered_by(large.to(canvas.renderer.device))
                for name in (PICTURE, DOCUMENT):
                    finished.save(folder / name)
                yield Progress(pixels(finished.canvas), wish.steps, folder / DOCUMENT)
            elif step % SHOWN_EVERY == 0:
                yield Progress(pixels(canvas), step)


def exported(document: Path, kind: str) -> Path:
    """A finished painting in another format, beside its document.

    Args:
        document: Of :func:`painted`.
        kind: The ending, without its dot.

    Raises:
        ValueError: There is no such format, or it cannot hold this painting, or lacks something that it needs.
    """
    path = document.with_suffix(f".{kind}")
    if not path.exists():
        find_writer(path)
        Painting.load(document).save(path)
    return path


@contextmanager
def _beside(work: Any) -> Iterator[Iterator[tuple[int, Any]]]:
    """Work on a thread of its own: its steps and canvases, and last what it returned. It ends with the block."""
    seen: queue.Queue[tuple[int, Any]] = queue.Queue()
    ended = threading.Event()

    def show(step: int, canvas: Tensor, loss: float) -> bool:
        seen.put((step + 1, canvas.cpu()))
        return ended.is_set()

    def run() -> None:
        try:
            seen.put((0, work(show)))
        except Exception as error:  # told to whoever waits
            seen.put((0, error))

    def steps() -> Iterator[tuple[int, Any]]:
        while True:
            step, found = seen.get()
            if isinstance(found, Exception):
                raise ValueError(brief(found, 300)) from found
            yield step, found
            if isinstance(found, Painting):
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield steps()
    finally:
        ended.set()
        thread.join()


@torch.no_grad()
def pixels(canvas: Tensor) -> np.ndarray:
    """uint8 (H, W, 3) of a canvas (1, 3, H, W) in [0, 1]."""
    return np.asarray(to_pil(canvas))
