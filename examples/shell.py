"""What the examples share: arguments, outputs that are checked before work starts, and one line for a mistake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from diffpaint import PluginError
from diffpaint.io.files import check_folder, check_writable
from diffpaint.painting import find_writer


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    pass


def parser(description: str | None, output: str) -> argparse.ArgumentParser:
    """Arguments of an example, ``-o`` among them: ``output`` says what is written there."""
    made = argparse.ArgumentParser(description=description, formatter_class=_Help)
    made.add_argument("-o", "--output", type=Path, required=True, help=output, default=argparse.SUPPRESS)
    return made


def run(main: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Parse, check that the output can be written, and run; what a person can mend is one line and exit code 2."""
    given = arguments.parse_args()
    try:
        if given.output.suffix:
            find_writer(check_writable(given.output)).check(given.output)
        else:
            check_folder(given.output)
        main(given)
    except (ValueError, OSError, PluginError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
