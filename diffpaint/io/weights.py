"""Weights of networks: safetensors files whose header says what they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from .files import replacing


def read_weights(path: Path, fields: Sequence[str], what: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read weights that :func:`save_weights` wrote.

    Args:
        path: A ``.safetensors`` file.
        fields: Names that the header must hold.
        what: Whose weights they should be, for errors: ``a painter``.

    Returns:
        The state of the network, and the header.

    Raises:
        ValueError: No such file, or one that is damaged or something else.
    """
    header = read_weights_header(path, fields, what)
    with _opened(path, what) as file:
        return {key: file.get_tensor(key) for key in file.keys()}, header  # noqa: SIM118, not a dict


def read_weights_header(path: Path, fields: Sequence[str], what: str) -> dict[str, Any]:
    """The header of a file of weights; see :func:`read_weights`."""
    with _opened(path, what) as file:
        header = json.loads(file.metadata()["diffpaint"])
        if missing := [field for field in fields if field not in header]:
            raise ValueError(f"its header lacks {', '.join(missing)}")
        return header


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Any]:
    if not path.is_file():
        raise ValueError(f"no file of weights {path}")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged, or no weights of {what} ({error}); fetch or train it again") from error


def save_weights(path: Path, network: nn.Module, header: dict[str, Any]) -> None:
    """Save weights whole or not at all.

    Args:
        path: A ``.safetensors`` file.
        network: Its state is saved.
        header: What :func:`read_weights` returns; plain JSON values.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    with replacing(path) as temporary:
        # safetensors' own save_file lets nobody but its writer read the file
        temporary.write_bytes(save(state, metadata={"diffpaint": json.dumps(header)}))
