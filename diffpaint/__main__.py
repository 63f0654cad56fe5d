"""``python -m diffpaint``."""

from .cli.main import main

main()
