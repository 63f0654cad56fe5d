"""Nothing is registered that no suite here is run over."""

import ast
import sys
from pathlib import Path

import pytest

from diffpaint.registry import GROUPS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
REGISTERED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]


def words(group):
    """The names in the tests of a group: literals, and names that are asked for with options."""
    tree = ast.parse(Path(__file__).with_name(f"test_registered_{group}.py").read_text())
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    named = [node.id.lower() for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {text.partition("(")[0] for text in texts} | set(named)


@pytest.mark.parametrize("group", [group for group in GROUPS if f"diffpaint.{group}" in REGISTERED])
def test_every_registered_plugin_is_tested_here(group):
    assert set(REGISTERED[f"diffpaint.{group}"]) <= words(group)


def test_every_group_is_known():
    assert {f"diffpaint.{group}" for group in GROUPS} >= set(REGISTERED)
