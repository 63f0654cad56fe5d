"""What a release needs, beside code."""

import re
from pathlib import Path

import diffpaint

ROOT = Path(__file__).parents[2]
LARGEST = 30_000_000  # bytes, of a wheel


def test_whoever_cites_names_this_version():
    assert re.findall(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M) == [diffpaint.__version__]


def test_a_wheel_is_small():
    """Weights, nearly all of it, are hardly compressed in one."""
    packed = [path for folder in ("diffpaint", "plugins") for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in packed if "__pycache__" not in path.parts) < LARGEST
