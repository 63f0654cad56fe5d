"""Types of options."""

from __future__ import annotations

import re
from typing import Any

import click

ORIGINAL = "original"  # --size of a painting that is as large as the photo


class SizeType(click.ParamType):
    """A number of px, or ``original``, the photo's own."""

    name = "PX|original"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Parse it."""
        return value if value == ORIGINAL else click.INT.convert(value, param, ctx)


class GridType(click.ParamType):
    """ROWSxCOLS."""

    name = "ROWSxCOLS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse it."""
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
        if match is None:
            self.fail(f"{value!r} is not rows x columns, such as 8x12", param, ctx)
        return int(match[1]), int(match[2])

    @staticmethod
    def text(value: tuple[int, int]) -> str:
        """As it is written."""
        return f"{value[0]}x{value[1]}"
