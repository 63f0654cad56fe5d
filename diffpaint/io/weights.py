"""Weights of networks: safetensors files whose header says what they are for."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import torch
from msgspec import Meta, Struct
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from .brief import brief
from .files import replacing
from .schema import Text, check_schema, decode_json

N = TypeVar("N", bound=nn.Module)
NUMBERS = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)  # kinds that weights are of
#: An option of a network in a header: widths and counts are bounded, since a network is made of them.
Option = Annotated[int, Meta(ge=0, le=10_000)] | float | bool | Text | None
Options = dict[str, Option | list[Option | list[Option]]]

SCALE = "@scale"  # ends the name of what the rows of a tensor in 8 bits are multiplied by
LARGE = 1024  # numbers in a tensor, from which on it is stored in 8 bits


def read_weights(path: Path, schema: type[Struct], what: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read weights that :func:`save_weights` wrote.

    Args:
        path: A ``.safetensors`` file.
        schema: Of the header.
        what: Whose weights they should be, for errors: ``a painter``.

    Returns:
        The state of the network, and the header.

    Raises:
        ValueError: No such file, one that is damaged or something else, or weights that are not finite.
    """
    header = read_weights_header(path, schema, what)
    with _opened(path, what) as file:
        state = _from_eight_bits({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118, not a dict
        for key, value in state.items():
            if value.dtype not in NUMBERS or not value.float().isfinite().all():
                raise ValueError(f"{brief(key, 60)} holds what is no finite number")
        return state, header


def read_weights_header(path: Path, schema: type[Struct], what: str) -> dict[str, Any]:
    """The header of a file of weights; see :func:`read_weights`."""
    with _opened(path, what) as file:
        header = decode_json(file.metadata()["diffpaint"], "its header")
        check_schema(header, schema, "its header")
        return header


def load_network(make: Callable[[], N], state: dict[str, Tensor], path: str | Path, what: str) -> N:
    """Make a network of a file's options, and give it the file's weights.

    Args:
        make: Makes the network.
        state: Its weights, of :func:`read_weights`.
        path: Of the file, for errors.
        what: It should fit, for errors: ``neural-splat``.

    Raises:
        ValueError: They do not fit; what is asked for is compared before memory is taken for it.
    """
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of layers without a number, which do not fit
            wanted = {key: value.shape for key, value in make().state_dict().items()}
        if wanted != {key: value.shape for key, value in state.items()}:
            raise ValueError("its options make a network of other shapes")
        network = make()
        network.load_state_dict(state)
        return network
    except Exception as error:  # whatever a network raises at options that nobody gave it
        raise ValueError(f"{path} is damaged: it does not fit {what} ({brief(error)}); train it again") from error


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Any]:
    if not path.is_file():
        raise ValueError(f"no file of weights {path}")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged, or no weights of {what} ({brief(error, 160)}); fetch or train it again"
        ) from error


def save_weights(path: Path, network: nn.Module, header: dict[str, Any], *, eight_bits: bool = False) -> None:
    """Save weights whole or not at all.

    Args:
        path: A ``.safetensors`` file.
        network: Its state is saved.
        header: What :func:`read_weights` returns; plain JSON values.
        eight_bits: Store large tensors in 8 bits a number, and a scale for each row: a quarter of the size.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    if eight_bits:
        state = _in_eight_bits(state)
    with replacing(path) as temporary:
        # safetensors' own save_file lets nobody but its writer read the file
        temporary.write_bytes(save(state, metadata={"diffpaint": json.dumps(header)}))


def _in_eight_bits(state: dict[str, Tensor]) -> dict[str, Tensor]:
    stored = {}
    for key, value in state.items():
        if value.is_floating_point() and value.ndim > 1 and value.numel() >= LARGE:
            scale = value.float().abs().amax(tuple(range(1, value.ndim)), keepdim=True).clamp(min=1e-30) / 127
            stored[f"{key}{SCALE}"] = scale
            value = (value.float() / scale).round().to(torch.int8)
        stored[key] = value
    return stored


def _from_eight_bits(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    state = {key: value for key, value in stored.items() if not key.endswith(SCALE)}
    for key in stored.keys() - state.keys():
        name, scale = key.removesuffix(SCALE), stored[key]
        if scale.shape != (*state[name].shape[:1], *(1,) * (state[name].ndim - 1)):
            raise ValueError(f"{key} has shape {tuple(scale.shape)}, which is not a scale for each row of {name}")
        state[name] = state[name] * scale
    return state
