"""Examples in docstrings print what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITH_EXAMPLES = [
    ".".join(path.relative_to(folder.parent).with_suffix("").parts)
    for folder in (ROOT / "diffpaint", *(ROOT / "plugins").iterdir())
    for path in sorted(folder.rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_hold(module):
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried > 0
    assert failed == 0


def test_there_are_some():
    assert {"diffpaint.io.syntax", "diffpaint.training.schedule"} <= set(WITH_EXAMPLES)
