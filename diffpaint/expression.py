"""Whatever is asked for by name, made: from a text of :mod:`diffpaint.io.syntax`, and options beside it."""

from __future__ import annotations

import inspect
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from .constraints import Constraint
from .initializer import Initializer
from .io.brief import brief
from .io.images import read_image
from .io.syntax import Call, parse_call, parse_sum
from .objective import Objective
from .randomness import seeded
from .registry import distribution, entry_of, load
from .renderer import Renderer
from .strategy import Strategy

_TEXT = ("str", "str | None", "<class 'str'>", "typing.Optional[str]")  # annotations of options that are text
_NUMBERS = ("float", "int", "float | None", "int | None", "<class 'float'>", "<class 'int'>")


def make(group: str, text: str, /, *, like: Tensor | None = None, **options: Any) -> Any:
    """Make what a text names; torch's generators are left as they are.

    Args:
        group: Of the registry, such as ``renderers``.
        text: ``NAME`` or ``NAME(option=value, ...)``, the name as ``diffpaint list`` shows it, or ``package:Class``.
        like: (B, 3, H, W), what is painted: the ``target`` of what takes one and names no other, and the size at which
            pictures that are given as paths are read.
        options: Beside those of the text.

    Raises:
        PluginError: It cannot be loaded.
        ValueError: The text cannot be read, or it does not take these options.
    """
    return _made(group, parse_call(text), options, like)


def load_renderer(text: str, /, **options: Any) -> Renderer:
    """Make a renderer: ``splats(count=40)``; arguments and errors as of :func:`make`."""
    call = parse_call(text)
    renderer: Renderer = _made("renderers", call, options, None)
    options = {**call.options, **options}
    plain = _plain(options)
    if len(plain) < len(options):  # an option that is no plain value, such as a renderer to wrap: no document names it
        return renderer
    parameters = inspect.signature(load("renderers", call.name)).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty and one.name not in options}
    renderer.spec = {"name": call.name, "options": plain}
    renderer.origin = {"defaults": _plain(defaults | renderer.origin.get("defaults", {}))}
    if ":" not in call.name:
        renderer.origin["distribution"], renderer.origin["version"] = distribution(entry_of("renderers", call.name))
    return renderer


def load_objective(text: str, /, target: Tensor | None = None, **options: Any) -> Objective:
    """Make an objective, or a sum of some: ``content(norm=l1) - 0.1*clip(prompt="a fox, in snow")``; as :func:`make`.

    Args:
        text: A sum of names with weights and options.
        target: (B, 3, H, W) in [0, 1], the picture that is painted: for all that take a ``target`` and do not name
            another. Pictures that are named as paths are read at its size.
        options: Beside those of the text, if it is a single name.
    """
    terms, objectives = parse_sum(text), []
    if len(terms) > 1 and options:
        raise ValueError(f"{text!r} is a sum; write {', '.join(options)} into it, as NAME(option=value)")
    for weight, call in terms:
        objective = _made("objectives", call, options, target)
        objectives.append(objective if weight == 1 else weight * objective)
    return sum(objectives[1:], objectives[0])


def load_constraint(text: str, /, **options: Any) -> Constraint:
    """Make a constraint: ``limit(name=size, low=0, high=0.3)``; as :func:`make`."""
    return make("constraints", text, **options)


def load_initializer(text: str, /, target: Tensor | None = None, **options: Any) -> Initializer:
    """Make an initializer: ``agent(name=mnist)``; as :func:`make`, with pictures of the target's size."""
    return make("initializers", text, like=target, **options)


def load_strategy(text: str, /, target: Tensor | None = None, **options: Any) -> Strategy:
    """Make a strategy: ``rounds(strokes=1000)``; as :func:`make`, with the target for one that takes it."""
    return make("strategies", text, like=target, **options)


def _made(group: str, call: Call, beside: dict[str, Any], like: Tensor | None) -> Any:
    if twice := sorted(call.options.keys() & beside.keys()):
        raise ValueError(f"{call.name!r}: {', '.join(twice)} is given in the text and beside it; leave one out")
    name, options, factory = call.name, {**call.options, **beside}, load(group, call.name)
    signature = inspect.signature(factory)
    if like is not None and "target" in signature.parameters:
        options = {"target": like, **options}
    try:
        signature.bind(**options)
    except TypeError as error:
        raise ValueError(f"{name!r}: {error}; its options are {', '.join(signature.parameters) or 'none'}") from None
    for option, value in options.items():
        kind = str(signature.parameters[option].annotation) if option in signature.parameters else ""
        if option in call.texts and isinstance(value, int | float) and kind in _TEXT:
            options[option] = call.texts[option]  # a word that happens to be a number
        if isinstance(value, str) and kind in _NUMBERS:
            raise ValueError(f"{option} of {name!r} is a number, got {brief(value, 40)!r}")
        if option in getattr(factory, "pictures", ()) and isinstance(value, str | Path):
            options[option] = read_image(value, None if like is None else (like.shape[2], like.shape[3]), crop=True)
    try:
        with seeded(0):  # so that two of the same options are the same, whatever they draw
            return factory(**options)
    except TypeError as error:  # text where a number is wanted
        if not options:
            raise
        raise ValueError(f"{name!r} cannot take {brief(str(_plain(options)), 100)} ({error})") from error


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """The options that are values of JSON."""
    plain = {}
    for name, value in options.items():
        with suppress(TypeError, ValueError):
            plain[name] = json.loads(json.dumps(value))
    return plain
