"""Checkpoints: the state of a run, and the settings that whoever goes on with it must share."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from torch import Tensor

from .brief import brief
from .files import replacing
from .schema import check_schema

VERSION = 1


def save_checkpoint(path: str | Path, settings: Mapping[str, Any], **state: Any) -> None:
    """Save a run, whole or not at all.

    Args:
        path: Of the file.
        settings: Plain values by name, as JSON has them, or mappings of such.
        state: Tensors and plain values, in lists and dictionaries: what :func:`restore_checkpoint` returns.

    Raises:
        OSError: The file cannot be written.
    """
    whole = io.BytesIO()  # torch.save on a full disk raises errors that do not say so
    torch.save({"version": VERSION, "settings": dict(settings), **state}, whole)
    with replacing(path) as temporary:
        temporary.write_bytes(whole.getvalue())


class PaintingState(Struct):
    """What :func:`diffpaint.paint` goes on from."""

    logits: Tensor
    optimizer: dict[str, Any]
    losses: list[float]


class TrainingState(Struct):
    """What a run of training goes on from."""

    networks: dict[str, Any]
    optimizers: dict[str, dict[str, Any]]
    figures: list[str]
    log: Tensor


def restore_checkpoint(
    path: str | Path, settings: Mapping[str, Any], schema: type[Struct], renamed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Read a run that can be gone on with.

    Args:
        path: Of the file.
        settings: What the run must have been begun with; what either side lacks counts as None.
        schema: Names and kinds of the state, such as :class:`PaintingState`.
        renamed: Older names of settings and what they are now, with dots where settings are within others.

    Returns:
        The state by name, its tensors on the CPU.

    Raises:
        ValueError: No checkpoint, a damaged one, another version, or other settings, which are named.
    """
    path = Path(path)
    known, state = _load(path)
    with damage_named(path):
        check_schema(state, schema, "state")
        known = _flat(known)
    now, renamed = _flat(settings), renamed or {}
    known = {renamed.get(name, name): value for name, value in known.items()}
    differ = [
        f"{brief(name, 60)} was {_shown(known.get(name))}, now {_shown(now.get(name))}"
        for name in {**known, **now}
        if known.get(name) != now.get(name)
    ]
    if differ:
        raise ValueError(f"checkpoint {path} is of other settings: {brief('; '.join(differ), 240)}")
    return {name: state[name] for name in schema.__struct_fields__}


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Whatever is raised by what stands in a checkpoint is a ValueError that names the file."""
    try:
        yield
    except Exception as error:  # torch, zipfile, pickle and optimisers each raise their own
        raise ValueError(
            f"{path} is no checkpoint of this program, or is damaged; delete it to start anew ({brief(error)})"
        ) from error


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser's state if it is of its parameters.

    Raises:
        ValueError: A setting of another kind, or a tensor of another size than any parameter.
    """
    for given, own in zip(state["param_groups"], optimizer.param_groups, strict=True):
        for name in given.keys() & own.keys() - {"params"}:
            if not _alike(given[name], own[name]):
                raise ValueError(f"{brief(name)} of the optimiser is {brief(repr(given[name]), 40)}")
    sizes = [parameter.numel() for group in optimizer.param_groups for parameter in group["params"]]
    for tensor in _tensors(state["state"]):
        if tensor.numel() not in (1, *sizes, sum(sizes)):
            raise ValueError(f"the optimiser's state has a tensor {brief(tuple(tensor.shape), 40)}")
    optimizer.load_state_dict(state)


def _check_zip(path: Path) -> None:
    """Check the sums of all members, which torch does not look at, and that none is larger than it says.

    torch packs nothing, so what is packed is no checkpoint: it might become large without end.
    """
    with zipfile.ZipFile(path) as whole:
        if any(member.compress_type != zipfile.ZIP_STORED for member in whole.infolist()):
            raise ValueError("its members are packed")
        if (member := whole.testzip()) is not None:
            raise ValueError(f"{brief(member, 60)} has changed since it was written")


def _alike(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers or one is None or other is None or type(one) is type(other)


def _tensors(values: Any) -> Iterator[Tensor]:
    """All tensors in lists and mappings."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping | list | tuple):
        for value in values.values() if isinstance(values, Mapping) else values:
            yield from _tensors(value)


def read_settings(path: str | Path) -> tuple[dict[str, Any], bool]:
    """The settings of a checkpoint, and whether it holds a state: one of a run that has only been begun does not.

    Raises:
        ValueError: No checkpoint, a damaged one, or another version.
    """
    settings, state = _load(Path(path))
    return settings, bool(state)


def amend_settings(path: str | Path, **changed: Any) -> None:
    """Change some settings of a checkpoint.

    Raises:
        ValueError: As of :func:`read_settings`.
        OSError: The file cannot be written.
    """
    settings, state = _load(Path(path))
    save_checkpoint(path, {**settings, **changed}, **state)


def _load(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings and state."""
    if not path.is_file():
        raise ValueError(f"nothing to resume: there is no checkpoint {path}")
    with damage_named(path):
        _check_zip(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
        # runs of training were saved with a "config" and without a version before 0.2
        version, config = check_schema(state.pop("version", VERSION), int, "version"), state.pop("config", None)
        known = check_schema(state.pop("settings", config), dict[str, Any], "settings")
    if version != VERSION:
        raise ValueError(f"checkpoint {path} has version {version}; this program reads version {VERSION}")
    return known, state


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings as JSON has them, those within mappings by names with dots."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = isinstance(value, Mapping)
        flat |= _flat(value, f"{prefix}{name}.") if inner else {prefix + name: json.loads(json.dumps(value))}
    return flat


def _shown(value: Any) -> str:
    return brief(value if isinstance(value, str) else json.dumps(value))
