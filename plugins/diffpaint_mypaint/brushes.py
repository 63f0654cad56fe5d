"""MyPaint brush files (``.myb``): find one, read it, and say whether compositing can model it."""

from __future__ import annotations

import base64
import difflib
import hashlib
import itertools
import json
import math
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diffpaint.io.brief import brief

from .library import EngineMissing
from .reach import reach
from .textformat import read_text_format

_FOLDERS = tuple(
    Path(root) / "share/mypaint-data" / version / "brushes"
    for version in ("1.0", "2.0")
    for root in ("/usr", "/usr/local", "/opt/homebrew", "C:/msys64/mingw64")
)
MOST_BYTES = 1 << 20  # of a brush file; those of MyPaint have some 5,000

# Settings that make a stroke more than "alpha times one colour": what lies under it changes its colour, or the
# colour changes along the way. Compositing with `over` cannot model them. Beside the reason the largest value that
# nobody sees: three hundredths of another colour at the fastest, half a level of 255 along the stroke.
_NOT_COMPOSITING = {
    "smudge": (0.03, "it smudges: the canvas under the stroke changes the stroke's colour"),
    "eraser": (0.03, "it erases: the stroke takes paint away"),
    "lock_alpha": (0.03, "it locks alpha: it paints only where paint is"),
    "colorize": (0.03, "it colourises: it keeps the brightness of the canvas"),
    "posterize": (0.03, "it posterizes the canvas under it"),
    "change_color_h": (0.002, "its hue changes along the stroke"),
    "change_color_l": (0.002, "its lightness changes along the stroke"),
    "change_color_v": (0.002, "its value changes along the stroke"),
    "change_color_hsl_s": (0.002, "its saturation changes along the stroke"),
    "change_color_hsv_s": (0.002, "its saturation changes along the stroke"),
}


@dataclass(frozen=True)
class BrushFile:
    """A brush as its file gives it.

    Attributes:
        name: As asked for: ``classic/dry_brush``; of a path, the name of the file.
        path: The file; None for a brush that travelled in another file.
        settings: setting name -> ``{"base_value": float, "inputs": {input name: [[x, y], ...]}}`` (format 3). What is
            left out is as the engine has it by default.
        sha256: Of the file's bytes.
        smudging: False draws it with smudging off.
    """

    name: str
    path: Path | None
    settings: Mapping[str, dict]
    sha256: str
    smudging: bool = True

    @property
    def drawn(self) -> Mapping[str, dict]:
        """The settings that it is drawn with."""
        return self.settings if self.smudging else {**self.settings, "smudge": {"base_value": 0.0, "inputs": {}}}

    def without_smudge(self) -> BrushFile:
        """The same brush with smudging off, so that it only lays paint."""
        return replace(self, smudging=False)

    def beyond_compositing(self) -> str:
        """Why strokes of this brush are not "alpha x colour", or an empty string if they are."""
        for setting, (unseen, reason) in _NOT_COMPOSITING.items():
            low, high = reach(self.drawn, setting)
            if high > unseen or (setting.startswith("change_color") and low < -unseen):
                return reason
        return ""

    def depends_on_place(self) -> bool:
        """Whether a stroke is another one elsewhere on the canvas, as with the grain of a paper."""
        return any(value["inputs"].get(of) for value in self.drawn.values() for of in ("gridmap_x", "gridmap_y"))

    def packed(self) -> dict[str, Any]:
        """The brush as weights and documents carry it, some 2 kB of plain JSON; :func:`unpack_brush` reads it."""
        text = json.dumps(dict(self.settings), sort_keys=True, separators=(",", ":"))
        settings = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        return {"name": self.name, "sha256": self.sha256, "smudging": self.smudging, "settings": settings}


def brush_folders() -> list[Path]:
    """Where brushes are looked for: ``MYPAINT_BRUSHES`` if it is set, else the system's mypaint-brushes."""
    named = os.environ.get("MYPAINT_BRUSHES")
    return [folder for folder in ((Path(named),) if named else _FOLDERS) if folder.is_dir()]


def brush_names() -> list[str]:
    """Names of all installed brushes, like ``classic/dry_brush``, sorted."""
    return sorted({name for folder in brush_folders() for name in _brushes_in(folder)})


def is_brush_path(name: str) -> bool:
    """Whether a brush is asked for by its file, not by its name."""
    return name.lower().endswith(".myb")


def read_brush(name: str) -> BrushFile:
    """Read a brush by name (``classic/dry_brush``) or by the path of a ``.myb`` file.

    All formats of MyPaint are read: JSON (version 3, also with commas too many), and the text of versions 1 and 2.

    Raises:
        EngineMissing: No brushes are installed.
        ValueError: There is no such brush (the nearest names are given), or the file is no brush.
    """
    path = _find(name)
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    try:
        if len(raw) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        settings = _settings(_document(raw))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is not a MyPaint brush (.myb): {brief(repr(error))}") from error
    return BrushFile(path.name if is_brush_path(name) else name, path, settings, hashlib.sha256(raw).hexdigest())


def unpack_brush(packed: Any) -> BrushFile:
    """The brush that :meth:`BrushFile.packed` gave.

    Raises:
        ValueError: It is damaged.
    """
    try:
        inflate = zlib.decompressobj()
        text = inflate.decompress(base64.b64decode(packed["settings"], validate=True), MOST_BYTES)
        if not inflate.eof:
            raise ValueError("its settings are cut short, or far too long")
        settings = _settings({"version": 3, "settings": json.loads(text)})
        name, sha256, smudging = packed["name"], packed["sha256"], packed["smudging"]
        if not (isinstance(name, str) and isinstance(sha256, str) and isinstance(smudging, bool)):
            raise TypeError("name, sha256 and smudging are text, text, and true or false")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, zlib.error) as error:
        raise ValueError(f"the brush that travels with this file is damaged: {brief(repr(error))}") from error
    return BrushFile(name, None, settings, sha256, smudging)


def carried_brush(name: str, packed: Any) -> BrushFile:
    """The brush that weights or a document carry; of those made before they did, the installed one of that name.

    Raises:
        ValueError: It is damaged, or there is none of that name.
        EngineMissing: No brushes are installed.
    """
    return read_brush(name) if packed is None else unpack_brush(packed)


def _document(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:  # notes of old brushes
        text = raw.decode("latin-1")
    if not text.lstrip().startswith(("{", "[")):
        return read_text_format(text)
    # json-c, with which other programs read brushes, takes a comma after the last of a list
    return json.loads(re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda found: found[1] or "", text))


def _settings(document: Any) -> dict[str, dict]:
    if document.get("version") != 3:
        raise ValueError(f"it has version {document.get('version')!r}; this program reads versions 1 to 3")
    settings = {
        name: {
            "base_value": _number(value["base_value"]),
            "inputs": {of: _curve(points) for of, points in value.get("inputs", {}).items()},
        }
        for name, value in document["settings"].items()
    }
    if not settings:
        raise ValueError("it has no settings")
    return settings


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


def _brushes_in(folder: Path) -> dict[str, Path]:
    files = (path for path in sorted(folder.rglob("*")) if is_brush_path(path.name))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def _find(name: str) -> Path:
    if is_brush_path(name):
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
        if path := _brushes_in(folder).get(name):
            return path
    near = difflib.get_close_matches(name, brush_names(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"brushes are in {folders[0]}"
    raise ValueError(f"no brush named {name!r}; {hint}")
