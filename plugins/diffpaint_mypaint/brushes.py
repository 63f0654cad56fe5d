"""MyPaint brush files (``.myb``): find one, read it, and say whether compositing can model it."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .library import EngineMissing

_FOLDERS = tuple(
    Path(root) / "share/mypaint-data" / version / "brushes"
    for version in ("1.0", "2.0")
    for root in ("/usr", "/usr/local", "/opt/homebrew", "C:/msys64/mingw64")
)

# Settings that make a stroke more than "alpha times one colour": what lies under it changes its colour, or the
# colour changes along the way. Compositing with `over` cannot model them.
_NOT_COMPOSITING = {
    "smudge": "it smudges: the canvas under the stroke changes the stroke's colour",
    "eraser": "it erases: the stroke takes paint away",
    "lock_alpha": "it locks alpha: it paints only where paint is",
    "colorize": "it colourises: it keeps the brightness of the canvas",
    "posterize": "it posterizes the canvas under it",
    "change_color_h": "its hue changes along the stroke",
    "change_color_l": "its lightness changes along the stroke",
    "change_color_v": "its value changes along the stroke",
    "change_color_hsl_s": "its saturation changes along the stroke",
    "change_color_hsv_s": "its saturation changes along the stroke",
}


@dataclass(frozen=True)
class BrushFile:
    """A brush as its file gives it.

    Attributes:
        name: As asked for: ``classic/dry_brush``, or a path.
        path: The file.
        settings: setting name -> ``{"base_value": float, "inputs": {input name: [[x, y], ...]}}`` (format 3).
        sha256: Of the file's bytes.
    """

    name: str
    path: Path
    settings: dict[str, dict]
    sha256: str

    def beyond_compositing(self) -> str:
        """Why strokes of this brush are not "alpha x colour", or an empty string if they are."""
        for setting, reason in _NOT_COMPOSITING.items():
            value = self.settings.get(setting, {"base_value": 0.0, "inputs": {}})
            if value["base_value"] or any(value["inputs"].values()):
                return reason
        return ""


def brush_folders() -> list[Path]:
    """Where brushes are looked for: ``MYPAINT_BRUSHES`` if it is set, else the system's mypaint-brushes."""
    named = os.environ.get("MYPAINT_BRUSHES")
    return [folder for folder in ((Path(named),) if named else _FOLDERS) if folder.is_dir()]


def brush_names() -> list[str]:
    """Names of all installed brushes, like ``classic/dry_brush``, sorted."""
    return sorted(
        {
            path.relative_to(folder).with_suffix("").as_posix()
            for folder in brush_folders()
            for path in folder.rglob("*.myb")
        }
    )


def read_brush(name: str) -> BrushFile:
    """Read a brush by name (``classic/dry_brush``) or by the path of a ``.myb`` file.

    Raises:
        EngineMissing: No brushes are installed.
        ValueError: There is no such brush (the nearest names are given), or the file is no brush of format 3.
    """
    path = _find(name)
    raw = path.read_bytes()
    try:
        document = json.loads(raw)
        settings = {
            key: {
                "base_value": _number(value["base_value"]),
                "inputs": {name: _curve(points) for name, points in value["inputs"].items()},
            }
            for key, value in document["settings"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a MyPaint brush of format 3 (.myb, JSON): {error!r}") from error
    return BrushFile(name, path, settings, hashlib.sha256(raw).hexdigest())


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not a finite number")
    return number


def _curve(points: Any) -> list[list[float]]:
    """The points of a curve; at what is none, libmypaint would abort the whole program."""
    curve = [[_number(x), _number(y)] for x, y in points]
    if len(curve) == 1 or len(curve) > 64 or any(left[0] > right[0] for left, right in itertools.pairwise(curve)):
        raise ValueError(f"a curve is 2 to 64 points with x rising, got {len(curve)}")
    return curve


def _find(name: str) -> Path:
    if name.endswith(".myb"):
        if not Path(name).is_file():
            raise ValueError(f"no brush file {name}")
        return Path(name)
    folders = brush_folders()
    if not folders:
        named = os.environ.get("MYPAINT_BRUSHES")
        raise EngineMissing(
            (f"MYPAINT_BRUSHES={named} is no folder" if named else "no MyPaint brushes are installed")
            + "; Debian or Ubuntu: 'apt install mypaint-brushes'; elsewhere: "
            "set MYPAINT_BRUSHES to a folder of .myb files, or give the path of a .myb file"
        )
    for folder in folders:
        if (folder / f"{name}.myb").is_file():
            return folder / f"{name}.myb"
    near = difflib.get_close_matches(name, brush_names(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"brushes are in {folders[0]}"
    raise ValueError(f"no brush named {name!r}; {hint}")
