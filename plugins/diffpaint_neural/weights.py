"""Weights of painters: safetensors files whose header says what they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from diffpaint import replacing

FIELDS = ("painter", "brush", "radius", "reach", "options")  # of the header, which may hold more
FOLDER = Path(__file__).parent / "weights"


def shipped_brushes(painter: str) -> list[str]:
    """Names of the brushes that a painter's weights ship for, like ``classic/dry_brush``."""
    return sorted(path.stem.replace("-", "/", 1) for path in (FOLDER / painter).glob("*.safetensors"))


def shipped_path(painter: str, brush: str) -> Path:
    """Where the weights for a brush are, or would be, in the package."""
    return FOLDER / painter / f"{brush.replace('/', '-')}.safetensors"


def load_weights(painter: str, brush: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load weights.

    Args:
        painter: ``splat``, ...: the architecture.
        brush: Name of a shipped brush, or the path of a ``.safetensors`` file that ``diffpaint train`` wrote.

    Returns:
        The state of the network, and the header: ``painter``, ``brush``, ``radius``, ``reach`` and the network's
        ``options``.

    Raises:
        ValueError: No such weights (those that exist are named), a damaged file, or one of another painter.
    """
    path = Path(brush) if brush.endswith(".safetensors") else shipped_path(painter, brush)
    if not path.is_file() and not brush.endswith(".safetensors"):
        known = ", ".join(shipped_brushes(painter)) or "none"
        raise ValueError(
            f"no neural-{painter} for brush {brush!r}; there is one for {known}; "
            f"'diffpaint train {painter}' makes one for any brush"
        )
    header = read_header(path)
    if header["painter"] != painter:
        raise ValueError(f"{path} holds weights of neural-{header['painter']}, wanted neural-{painter}")
    with _opened(path) as file:
        return {key: file.get_tensor(key) for key in file.keys()}, header  # noqa: SIM118, not a dict


def read_header(path: Path) -> dict[str, Any]:
    """The header of a file of weights; see :func:`load_weights`.

    Raises:
        ValueError: No such file, or a damaged one.
    """
    with _opened(path) as file:
        header = json.loads(file.metadata()["diffpaint"])
        if missing := [field for field in FIELDS if field not in header]:
            raise ValueError(f"its header lacks {', '.join(missing)}")
        return header


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise ValueError(f"no file of weights {path}")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged, or no weights of a painter ({error}); fetch or train it again") from error


def save_weights(path: Path, network: nn.Module, header: dict[str, Any]) -> None:
    """Save weights whole or not at all.

    Args:
        path: A ``.safetensors`` file.
        network: Its state is saved.
        header: What :func:`load_weights` returns; plain JSON values.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    with replacing(path) as temporary:
        save_file(state, temporary, metadata={"diffpaint": json.dumps(header)})
