"""A run that trains an agent; :mod:`diffpaint.training` has what all runs share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from diffpaint import Constraint, StrokeRenderer, check_constraints, load_renderer, save_weights, training
from diffpaint.training import device_name

from ..lesson import BLUR, Lesson, read_lesson
from ..pictures import Pictures
from ..weights import described
from .recipe import AgentRecipe
from .settings import AgentSettings

WEIGHTS = "weights.safetensors"


def check(
    settings: AgentSettings,
    *,
    painter: str = "neural-splat",
    brush: str | None = None,
    constraints: Sequence[Constraint] = (),
    lesson: str | None = None,
) -> tuple[StrokeRenderer, Lesson | None]:
    """Check what :func:`train` would refuse, but for its folder and pictures, before those are prepared.

    Args:
        settings: As :func:`train`'s.
        painter: Likewise.
        brush: Likewise.
        constraints: Likewise.
        lesson: Likewise.

    Returns:
        The painter, and the lesson if there is one.

    Raises:
        ValueError: No such painter or brush, one without strokes, constraints that its actions cannot obey, forcing
            without a lesson or the reverse, a lesson of another number of strokes, or pictures too small for one.
    """
    if (lesson is None) == (settings.forcing > 0):
        raise ValueError("forcing is by a lesson: --lesson, and --forcing and --forcing-gone above 0, belong together")
    if lesson is not None and settings.size < BLUR:
        raise ValueError(f"a lesson needs pictures of at least {BLUR} px, got {settings.size}")
    options = {} if brush is None else {"brush": brush}
    renderer = load_renderer(painter, **options, size=(settings.size, settings.size))
    if not isinstance(renderer, StrokeRenderer):
        raise ValueError(f"an agent paints with strokes, and {painter} is no stroke renderer; see diffpaint list")
    check_constraints(constraints, renderer)
    return renderer, None if lesson is None else read_lesson(lesson, settings.strokes)


def train(
    pictures: tuple[Pictures, Pictures],
    run: Path,
    settings: AgentSettings,
    *,
    painter: str = "neural-splat",
    brush: str | None = None,
    constraints: Sequence[Constraint] = (),
    lesson: str | None = None,
    resume: bool = False,
    device: str | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
) -> Path:
    """Train an agent; see :func:`diffpaint.training.train` for what a run is.

    Args:
        pictures: To learn from, and to test with, ``settings.size`` px.
        run: Folder of the run, which gets ``weights.safetensors`` at the end.
        settings: Of the run.
        painter: Name of the stroke renderer that paints.
        brush: That it imitates; None is the painter's own.
        constraints: That the agent's actions obey.
        lesson: By which ``settings.forcing`` teaches: ``digits``, or the path of a document.
        resume: Go on from the folder's checkpoint.
        device: Where to train; None takes a GPU if there is one.
        checkpoint_every: Steps between two checkpoints, and two contact sheets.
        progress: Show a progress bar with the latest figures.

    Returns:
        The path of the weights.

    Raises:
        ValueError: No such painter or brush, constraints that its actions cannot obey, a run that is there already,
            nothing to resume, or one of other settings; before the first step.
        FloatingPointError: A figure turned NaN or infinite.
    """
    renderer, taught = check(settings, painter=painter, brush=brush, constraints=constraints, lesson=lesson)
    learned, tests = pictures
    if taught is not None:
        for part in pictures:
            if part.labels is None:
                raise ValueError(f"{part.source} has no labels, by which a lesson knows what to teach")
            taught.check(part.labels)

    def make() -> AgentRecipe:
        return AgentRecipe(settings, renderer, constraints, tests, taught)

    def stream(first: int) -> Iterator[tuple[Tensor, ...]]:
        return learned.batches(settings.batch, settings.seed, first, mirror=settings.mirror, jitter=settings.jitter)

    about = {
        "data": {"source": learned.source, "pictures": len(learned), "sha256": learned.sha256()},
        "painter": painter,
        "brush": renderer.brush if brush is None else brush,
        "lesson": lesson,
        "lesson_sha256": None if taught is None else taught.sha256(),
        "constraints": json.loads(json.dumps(described(constraints))),
    }
    recipe = training.train(
        make,
        stream,
        run,
        settings,
        about,
        resume=resume,
        device=device,
        checkpoint_every=checkpoint_every,
        progress=progress,
    )
    accelerator = recipe.accelerator
    if accelerator.is_main_process:
        header = about | {
            "options": recipe.agent.options,
            "training": asdict(settings),
            "device": device_name(accelerator),
        }
        # 16 bits move no value of an action by more than 0.003
        save_weights(run / WEIGHTS, recipe.agent.half(), header)
    accelerator.wait_for_everyone()
    return run / WEIGHTS
