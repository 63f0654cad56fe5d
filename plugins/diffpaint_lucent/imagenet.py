"""ImageNet's classes by name."""

from __future__ import annotations

import difflib
import functools

CLASSES = 1000


@functools.cache
def class_names() -> tuple[str, ...]:
    """Names of the 1000 classes in the order of the labels, as torchvision has them; no download."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.DEFAULT.meta["categories"])


def class_index(name: str) -> int:
    """The label of a class.

    Args:
        name: Its name, in any case where that leaves no doubt, or its number from 0 to 999.

    Raises:
        ValueError: No such class (the nearest names are given), or two that differ in case alone.
    """
    if name.strip().lstrip("-").isdigit():
        number = int(name)
        if not 0 <= number < CLASSES:
            raise ValueError(f"no ImageNet class {number}; they are numbered from 0 to {CLASSES - 1}")
        return number
    name = name.strip()
    names = [known.lower() for known in class_names()]
    found = [number for number, known in enumerate(class_names()) if known == name]
    found = found or [number for number, known in enumerate(names) if known == name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"ImageNet has {len(found)} classes {name!r}; name one by its number: {_listed(found)}")
    wanted = name.lower()
    near = difflib.get_close_matches(wanted, names, n=4, cutoff=0.5)
    near += [known for known in names if wanted and wanted in known and known not in near][:4]
    hint = (
        f"did you mean {_listed(near)}?"
        if near
        else f"its classes are numbered from 0 to {CLASSES - 1}, and named like 'giant panda'"
    )
    raise ValueError(f"no ImageNet class {name!r}; {hint}")


def _listed(items: list) -> str:
    return " or ".join(str(item) for item in items)
