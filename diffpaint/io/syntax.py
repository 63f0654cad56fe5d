"""The text by which things are asked for by name: ``NAME`` or ``NAME(option=value, ...)``, and sums of objectives::

    sum     [-] term { (+|-) term }
    term    [number *] call
    call    NAME [ ( option { , option } ) ]       a name as diffpaint list shows it, or package:Class
    option  NAME = value

A value is a Python literal, such as 0.5, "a fox, in snow" or [1, 2], or else plain text up to the next comma or closing
parenthesis that is in no brackets and no quotes: a word, a path, another call.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .brief import brief

_NAME = r"[A-Za-z_]\w*(?:[.:]\w+|-(?=[A-Za-z])\w+)*"
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"


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
