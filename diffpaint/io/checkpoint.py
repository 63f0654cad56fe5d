"""Checkpoints: the state of a run, and the settings that whoever goes on with it must share."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .files import replacing

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


def restore_checkpoint(
    path: str | Path, settings: Mapping[str, Any], wanted: tuple[str, ...], renamed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Read a run that can be gone on with.

    Args:
        path: Of the file.
        settings: What the run must have been begun with; what either side lacks counts as None.
        wanted: Names of the state.
        renamed: Older names of settings and what they are now, with dots where settings are within others.

    Returns:
        The state by name, its tensors on the CPU.

    Raises:
        ValueError: No checkpoint, a damaged one, another version, or other settings, which are named.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"nothing to resume: there is no checkpoint {path}")
    damaged = f"{path} is no checkpoint of this program, or is damaged; delete it to start anew"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        # runs of training were saved with a "config" and without a version before 0.2
        version, known = state.get("version", VERSION), state.get("settings", state.get("config"))
    except Exception as error:  # torch, zipfile and pickle each raise their own for a damaged file
        raise ValueError(damaged) from error
    if version != VERSION:
        raise ValueError(f"checkpoint {path} has version {version}; this program reads version {VERSION}")
    if not isinstance(known, dict) or not set(wanted) <= state.keys():
        raise ValueError(damaged)
    now, renamed = _flat(settings), renamed or {}
    known = {renamed.get(name, name): value for name, value in _flat(known).items()}
    differ = [
        f"{name} was {_shown(known.get(name))}, now {_shown(now.get(name))}"
        for name in {**known, **now}
        if known.get(name) != now.get(name)
    ]
    if differ:
        raise ValueError(f"checkpoint {path} is of other settings: {'; '.join(differ)}")
    return {name: state[name] for name in wanted}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings as JSON has them, those within mappings by names with dots."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = isinstance(value, Mapping)
        flat |= _flat(value, f"{prefix}{name}.") if inner else {prefix + name: json.loads(json.dumps(value))}
    return flat


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
