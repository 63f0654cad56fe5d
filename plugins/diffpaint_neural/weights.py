"""Weights of painters: safetensors files whose header says what they are for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from torch import Tensor

from diffpaint.io.brief import brief
from diffpaint.io.schema import Text
from diffpaint.io.weights import Options, read_weights, read_weights_header

FOLDER = Path(__file__).parent / "weights"
Radius = Annotated[float, Meta(gt=0, le=64)]  # px on a 64-px cell


class Header(Struct):
    """Of a painter's weights; it may hold more, such as how they were trained."""

    painter: Text
    brush: Text
    radius: tuple[Radius, Radius]
    reach: Annotated[float, Meta(ge=0, le=1_000)]
    options: Options
    brush_file: dict[str, str | bool] | None = None

    def __post_init__(self):
        if self.radius[0] > self.radius[1]:
            raise ValueError(f"radius is (low, high), got {self.radius}")


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
        raise ValueError(f"{path} holds weights of neural-{brief(header['painter'], 60)}, wanted neural-{painter}")
    return read_weights(path, Header, "a painter")


def read_header(path: Path) -> dict[str, Any]:
    """The header of a file of weights; see :func:`load_weights`.

    Raises:
        ValueError: No such file, or a damaged one.
    """
    return read_weights_header(path, Header, "a painter")
