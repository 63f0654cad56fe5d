"""How an agent is trained, from what a person names; :mod:`.learner` has the step."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from diffpaint import Constraint, PluginError, StrokeRenderer, load_renderer
from diffpaint.cli.constraints import OPTIONS, parse_constraints
from diffpaint.constraints import check_constraints
from diffpaint.io.weights import save_weights
from diffpaint.training import Course
from diffpaint_mypaint import Brush, carried_brush

from ..agent import Agent
from ..demonstrations import BLUR, Demonstrations, read_demonstrations
from ..error import ENOUGH
from ..pictures import DATA, Pictures, open_pictures
from ..weights import described, load_agent
from .learner import Learner, measured, new_agent
from .settings import AgentSettings

WEIGHTS = "weights.safetensors"


class AgentRecipe(Learner):
    """Train an agent, adversarially, through a painter.

    \b
    Examples:
        diffpaint train agent --data mnist --palette black -o run/
        diffpaint train agent --data mnist --painter neural-vae --palette black --connected -o run/
        diffpaint train agent --data faces.zip --mirror --size 32 --strokes 15 -o run/
        diffpaint train agent --data mnist --palette black --connected --demonstrations digits --imitation 10000 \\
            --imitation-until 0.05 --imitation-gone 0.7 -o run/

    The folder of the run gets its settings (config.json), the figures of every step (losses.csv), checkpoints, contact
    sheets on the way (sheets/: picture, canvas, the engine's replay), the weights (weights.safetensors), and their
    figures on test pictures (card.md, figures.json, sheet.png). The figures are printed too.
    """

    settings_class = AgentSettings

    @classmethod
    def options(cls) -> Sequence[click.Parameter]:
        """The pictures, what paints, by which rules, and in which order."""
        return (
            click.Option(["--data"], required=True, help=DATA),
            click.Option(["--painter"], default="neural-splat", show_default=True, help="What paints: diffpaint list."),
            click.Option(["--brush"], help="Its brush, or a file of its weights.  [default: the painter's own]"),
            click.Option(
                ["demonstrations", "--demonstrations", "--lesson"],
                help="Teach the order of strokes: digits, or a .json document.",
            ),
            click.Option(["--start"], help="Go on from an agent's weights: one that ships, or a .safetensors file."),
            *(click.Option([name], **given) for name, given in OPTIONS.items()),
        )

    @classmethod
    def prepare(
        cls,
        settings: AgentSettings,
        *,
        data: str,
        painter: str = "neural-splat",
        brush: str | None = None,
        demonstrations: str | None = None,
        start: str | None = None,
        **rules: Any,
    ) -> Course:
        """Fetch the pictures, and say how to learn from them.

        Args:
            settings: Of the run.
            data: As :func:`open_pictures` takes it.
            painter: Name of the stroke renderer that paints.
            brush: That it imitates; None is the painter's own.
            demonstrations: By which ``settings.imitation`` teaches.
            start: Agent whose weights it goes on from: one that ships, or a file of weights.
            rules: As :func:`diffpaint.cli.constraints.parse_constraints` takes them.

        Raises:
            ValueError: What :func:`course` raises.
            PluginError: No painter of that name, or one whose strokes the engine cannot draw.
        """
        chosen: dict[str, Any] = {"painter": painter, "brush": brush, "demonstrations": demonstrations}
        chosen |= {"constraints": parse_constraints(**rules), "start": start}
        check_replayed(painter, check(settings, **chosen)[0])  # find out now
        return course(open_pictures(data, settings.size), settings, **chosen)


def course(
    pictures: tuple[Pictures, Pictures],
    settings: AgentSettings,
    *,
    painter: str = "neural-splat",
    brush: str | None = None,
    constraints: Sequence[Constraint] = (),
    demonstrations: str | None = None,
    start: str | None = None,
) -> Course:
    """What :func:`diffpaint.training.loop.train` needs to train an agent.

    Args:
        pictures: To learn from, and to test with, ``settings.size`` px.
        settings: Of the run.
        painter: Name of the stroke renderer that paints.
        brush: That it imitates; None is the painter's own.
        constraints: That the agent's actions obey.
        demonstrations: By which ``settings.imitation`` teaches: ``digits``, or the path of a document.
        start: Agent whose weights it goes on from.

    Raises:
        ValueError: No such painter or brush, constraints that its actions cannot obey, no labels to teach by, or an
            agent of other settings to start from.
    """
    renderer, taught = check(
        settings, painter=painter, brush=brush, constraints=constraints, demonstrations=demonstrations, start=start
    )
    learned, tests = pictures
    if taught is not None:
        for part in pictures:
            if part.labels is None:
                raise ValueError(f"{part.source} has no labels, by which demonstrations know what to teach")
            taught.check(part.labels)
    about = {
        "data": {"source": learned.source, "pictures": len(learned), "sha256": learned.sha256()},
        "painter": painter,
        "brush": renderer.brush if brush is None else brush,
        "lesson": demonstrations,
        "lesson_sha256": None if taught is None else taught.sha256(),
        "constraints": json.loads(json.dumps(described(constraints))),
        **({} if start is None else {"start": start}),
    }

    def finish(recipe: AgentRecipe, run: Path) -> None:
        from diffpaint.training.loop import device_name

        header: dict[str, Any] = about | {
            "options": recipe.agent.options,
            "training": asdict(settings),
            "device": device_name(recipe.accelerator),
            **recipe.usual(),
        }
        # 16 bits move no value of an action by more than 0.003
        save_weights(run / WEIGHTS, copy.deepcopy(recipe.agent).half(), header)

    def report(run: Path) -> str:
        from .card import write_card

        return write_card(run / WEIGHTS, pictures, count=measured(settings, len(tests)), demonstrations=demonstrations)

    def make() -> AgentRecipe:
        recipe = AgentRecipe(settings, renderer, constraints, tests, taught)
        if start is not None:
            take_over(recipe.agent, start)
        if settings.salience:
            recipe.agent.error.learn(learned[:ENOUGH], settings.mirror)
        if recipe.agent.kind is not None:
            recipe.agent.kind.learn(learned[:ENOUGH])
        return recipe

    return Course(
        make=make,
        stream=lambda first: learned.batches(
            settings.batch, settings.seed, first, mirror=settings.mirror, jitter=settings.jitter
        ),
        about=about,
        finish=finish,
        report=report,
    )


def check(
    settings: AgentSettings,
    *,
    painter: str = "neural-splat",
    brush: str | None = None,
    constraints: Sequence[Constraint] = (),
    demonstrations: str | None = None,
    start: str | None = None,
) -> tuple[StrokeRenderer, Demonstrations | None]:
    """Check what :func:`course` would refuse, but for its pictures, before those are prepared.

    Args:
        settings: As :func:`course`'s.
        painter: Likewise.
        brush: Likewise.
        constraints: Likewise.
        demonstrations: Likewise.
        start: Likewise.

    Returns:
        The painter, and the demonstrations if there are any.

    Raises:
        ValueError: No such painter or brush, one without strokes, constraints that its actions cannot obey, imitation
            without demonstrations or the reverse, those of another number of strokes, pictures too small for them, or
            an agent of other settings to start from.
    """
    if (demonstrations is None) == (settings.imitation > 0):
        raise ValueError("imitation is of demonstrations: these belong with imitation and imitation_gone above 0")
    if demonstrations is not None and settings.size < BLUR:
        raise ValueError(f"demonstrations need pictures of at least {BLUR} px, got {settings.size}")
    options = {} if brush is None else {"brush": brush}
    renderer = load_renderer(painter, **options, size=(settings.size, settings.size))
    if not isinstance(renderer, StrokeRenderer):
        raise ValueError(f"an agent paints with strokes, and {painter} is no stroke renderer; see diffpaint list")
    check_constraints(constraints, renderer)
    if start is not None:
        take_over(new_agent(settings, renderer), start)
    return renderer, None if demonstrations is None else read_demonstrations(demonstrations, settings.strokes)


def take_over(agent: Agent, start: str) -> None:
    """Give an agent the weights of another, whose error and number of revisions may be others.

    Raises:
        ValueError: No such agent, or one of another shape.
    """
    given = load_agent(start).agent
    free = ("revise", "detail", "salience")
    other = {name: value for name, value in given.options.items() if name not in free and agent.options[name] != value}
    if other:
        wanted = ", ".join(f"{name} {value}, here {agent.options[name]}" for name, value in other.items())
        raise ValueError(f"cannot start from {start}, which has {wanted}")
    weights = {name: value for name, value in given.state_dict().items() if not name.startswith(("error.", "kind."))}
    agent.load_state_dict(agent.state_dict() | weights)


def check_replayed(painter: str, renderer: StrokeRenderer) -> None:
    """Check that the engine can draw what an agent paints, for contact sheets and figures.

    Raises:
        PluginError: The painter imitates no brush.
        EngineMissing: libmypaint is not there.
    """
    if renderer.brush is None:
        raise PluginError(f"{painter} imitates no MyPaint brush, so no painting of an agent could be replayed")
    Brush(carried_brush(renderer.brush, renderer.brush_file))
