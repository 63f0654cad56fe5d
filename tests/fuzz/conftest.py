"""Profiles of hypothesis, and what holds for whatever is read: nothing is imported, written, or left unexplained."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings
from importlib_metadata import EntryPoint

from diffpaint import PluginError
from diffpaint.registry import entries_of

FREE = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("short", max_examples=60, derandomize=True, **FREE)
settings.register_profile("long", max_examples=3_000, **FREE)
settings.load_profile("short")

LONGEST = 300  # letters of an error
CANARY = "raise AssertionError('a file named code, and it was imported')"


@pytest.fixture(scope="session", autouse=True)
def canary(tmp_path_factory):
    """A module that nothing imports, though files name it; all plugins are there before anything is read."""
    folder = tmp_path_factory.mktemp("canary")
    (folder / "fuzz_canary.py").write_text(CANARY)
    for group in ("renderers", "constraints"):
        for entry in (one for known in entries_of(group).values() for one in known):
            EntryPoint(entry.name, entry.value, entry.group).load()
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where files are read; paths in errors are short, since it is the working directory."""
    before, folder = os.getcwd(), tmp_path_factory.mktemp("fuzz")
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def survives(folder):
    """``survives(content, path, load)``: a file of this content loads, or is refused in one line."""

    def survives(content, path, load):
        (folder / path).write_bytes(content)
        modules, files = set(sys.modules), set(folder.rglob("*"))
        try:
            load()
        except (ValueError, OSError, PluginError) as error:
            text = str(error)
            assert text.isprintable(), text
            assert len(text) <= LONGEST, text
        assert set(folder.rglob("*")) == files
        assert {name.partition(".")[0] for name in set(sys.modules) - modules} <= {
            name.partition(".")[0] for name in modules
        }

    return survives
