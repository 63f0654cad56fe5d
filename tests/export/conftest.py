"""Paintings of random strokes, and the programs that draw files of them."""

import tempfile

import pytest
from drawn import BROWSERS, HEADLESS, painted, program, run


@pytest.fixture(scope="session")
def scattered():
    return painted(size=(90, 130))


@pytest.fixture(scope="session")
def pyramid():
    return painted("pyramid", 1, rows=4, cols=5, levels=2, size=(80, 100))


@pytest.fixture(scope="session")
def chromium():
    """``chromium(*arguments)``: what a headless browser with a profile of its own writes."""
    browser = program(*BROWSERS)

    def start(*arguments):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            return run(browser, *HEADLESS, f"--user-data-dir={profile}", *arguments)

    return start


@pytest.fixture(scope="session")
def inkscape():
    """``inkscape(*arguments)``."""
    found = program("inkscape")
    return lambda *arguments: run(found, *arguments)
