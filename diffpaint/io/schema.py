"""Files checked at the door: each format declares one schema, a :class:`msgspec.Struct`, and its bounds.

A field that a schema does not know is left alone, so that later versions can add some; a new one has a default, so that
older files are read.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from .brief import brief

Unit = Annotated[float, Meta(ge=0, le=1)]
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]  # such as px; nothing of a canvas lies farther away
Text = Annotated[str, Meta(max_length=1_000)]  # a name or a path
T = TypeVar("T")


def decode_json(content: bytes | str, what: str) -> Any:
    """The plain values of a JSON text.

    Args:
        content: In UTF-8, if it is bytes.
        what: For errors, such as ``a.json is no painting``.

    Raises:
        ValueError: It is not JSON, which knows no NaN and no Infinity.
    """
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what}: not JSON ({brief(error)})") from error


def check_schema(value: Any, schema: type[T], what: str) -> T:
    """Check plain values against a schema.

    >>> class Point(msgspec.Struct):
    ...     x: Unit
    >>> check_schema({"x": 0.5}, Point, "a.json")
    Point(x=0.5)
    >>> check_schema({"x": 2}, Point, "a.json")
    Traceback (most recent call last):
    ValueError: a.json: x: expected `float` <= 1.0, got 2

    Args:
        value: As JSON has them; tensors where the schema says so.
        schema: A :class:`msgspec.Struct`.
        what: For errors.

    Raises:
        ValueError: The first field that is missing or wrong, and its value.
    """
    try:
        return msgspec.convert(value, schema, dec_hook=_as_it_is)
    except (msgspec.ValidationError, RecursionError) as error:
        reason, at, place = str(error).rpartition(" - at `$")
        reason, place = (reason, place.removesuffix("`")) if at else (place, "")
        reason = reason.replace("Object missing required field", "it lacks")
        if at and " got " not in reason and "Invalid enum" not in reason:
            reason += f", got {_shown(value, place)}"
        parts = (what, brief(place.removeprefix(".")), brief(reason[:1].lower() + reason[1:]))
        raise ValueError(": ".join(part for part in parts if part)) from error


def _as_it_is(kind: type, value: Any) -> Any:
    """What JSON does not have, such as a tensor, must be there already."""
    if not isinstance(value, kind):
        raise ValueError(f"Expected `{kind.__name__}`, got `{type(value).__name__}`")
    return value


def _shown(value: Any, place: str) -> str:
    """The value at a place such as ``.actions[3][5]``, as far as it is known: keys of mappings are not named."""
    for name, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", place):
        if index == "...":
            return f"something else in {brief(repr(value), 40)}"
        value = value[name] if name else value[int(index)]
    return brief(repr(value), 40)
