"""What errors repeat of what they were given, which may be long. Imports nothing, since everything reports errors."""

from __future__ import annotations


def brief(text: object, most: int = 120) -> str:
    """One printable line of at most ``most`` characters.

    >>> brief("a\\nb" + 200_000 * "c", 12)
    'a bcccccc...'
    """
    line = " ".join(str(text)[: 2 * most].split())
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    return line if len(line) <= most and len(str(text)) <= 2 * most else f"{line[: most - 3]}..."


def listed(names: tuple[str, ...]) -> str:
    """Names, at most sixteen of them."""
    return ", ".join(names) if len(names) <= 16 else f"{', '.join(names[:16])}, and {len(names) - 16} more"
