"""``python -m diffpaint``."""

from .cli import main

main()
