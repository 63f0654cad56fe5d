"""Whatever is asked for by name, as text: ``NAME`` or ``NAME(option=value, ...)``, and sums of objectives::

    sum     [-] term { (+|-) term }
    term    [number *] call
    call    NAME [ ( option { , option } ) ]       a name as diffpaint list shows it, or package:Class
    option  NAME = value

A value is a Python literal, such as 0.5, "a fox, in snow" or [1, 2], or else plain text up to the next comma or closing
parenthesis that is in no brackets and no quotes: a word, a path, another call.
"""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from .constraints import Constraint
from .initializer import Initializer
from .io.brief import brief
from .io.images import read_image
from .objective import Objective
from .randomness import seeded
from .registry import distribution, entry_of, load
from .renderer import Renderer
from .strategy import Strategy

_NAME = r"[A-Za-z_]\w*(?:[.:]\w+|-(?=[A-Za-z])\w+)*"
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_TEXT = ("str", "str | None", "<class 'str'>", "typing.Optional[str]")  # annotations of options that are text


class Call(NamedTuple):
    """A name, its options, and these as they were written."""

    name: str
    options: dict[str, Any]
    texts: dict[str, str]


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str):
        self.text, self.at = text, 0

    def error(self, what: str, at: int | None = None) -> ValueError:
        rest = self.text[self.at if at is None else at :].lstrip()
        where = f"at character {len(self.text) - len(rest) + 1}, {brief(rest, 24)!r}" if rest else "at its end"
        hint = "write NAME or NAME(option=value, ...), and quotes around text with a comma"
        return ValueError(f"{brief(self.text, 100)!r}: {what} {where}; {hint}")

    def match(self, pattern: str) -> str:
        """What comes next, blanks aside, if it is this; and go on behind it."""
        found = re.compile(rf"\s*({pattern})", re.DOTALL).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[1] if found else ""

    def call(self) -> Call:
        name, options, texts = self.match(_NAME), dict[str, Any](), dict[str, str]()
        if not name:
            raise self.error("a name is missing")
        if self.match(r"\(") and not self.match(r"\)"):
            while True:
                at = self.at
                option = self.match(r"[^\W\d]\w*(?=\s*=)")
                if not self.match("=") or not option:
                    raise self.error("option=value is missing", at)
                if option in options:
                    raise self.error(f"{option} is given twice", at)
                options[option], texts[option] = self.value()
                if self.match(r"\)"):
                    break
                if not self.match(","):
                    raise self.error("a closing parenthesis is missing")
        return Call(name, options, texts)

    def value(self) -> tuple[Any, str]:
        start, depth = self.at, 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter in "\"'":
                if not self.match(_STRING):
                    raise self.error("a quote is not closed")
                continue
            if letter in ",)" and not depth:
                break
            depth = max(0, depth + (letter in "([{") - (letter in ")]}"))
            self.at += 1
        text = self.text[start : self.at].strip()
        if not text:
            raise self.error("a value is missing", start)
        try:
            return ast.literal_eval(text), text
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            if re.fullmatch(_STRING, text, re.DOTALL):
                raise self.error("this text cannot be read", start) from None
            return text, text

    def terms(self) -> list[tuple[float, Call]]:
        terms, sign = [], self.match("-") or "+"
        while sign:
            at, number = self.at, self.match(_NUMBER)
            if number and not math.isfinite(float(number)):
                raise self.error("a weight must be finite", at)
            if number and not self.match(r"\*"):
                raise self.error("weight * objective lacks its *")
            terms.append((float(sign + (number or "1")), self.call()))
            sign = self.match("[+-]")
        return terms

    def whole(self, read: Callable[[_Reader], Any]) -> Any:
        found = read(self)
        if self.text[self.at :].strip():
            raise self.error("this cannot be read")
        return found


def parse_call(text: str) -> Call:
    """A name and its options.

    >>> parse_call('clip(prompt="a fox, in snow", layers=[1, 2], photo=sea.jpg)').options
    {'prompt': 'a fox, in snow', 'layers': [1, 2], 'photo': 'sea.jpg'}

    Raises:
        ValueError: The text cannot be read; the message says where.
    """
    return _Reader(text).whole(_Reader.call)


def parse_sum(text: str) -> list[tuple[float, Call]]:
    """Weights and calls; errors as of :func:`parse_call`.

    >>> [(weight, call.name) for weight, call in parse_sum("content - 0.1*style(target=sea.jpg)")]
    [(1.0, 'content'), (-0.1, 'style')]
    """
    return _Reader(text).whole(_Reader.terms)


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
        known = signature.parameters.get(option)
        if option in call.texts and isinstance(value, int | float) and known and str(known.annotation) in _TEXT:
            options[option] = call.texts[option]  # a word that happens to be a number
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
