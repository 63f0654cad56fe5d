"""What the examples share: arguments, outputs that are checked before work starts, and one line for a mistake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import click
from torch import Tensor
from torch.nn.functional import pad

from diffpaint import PluginError
from diffpaint.cli.main import cli
from diffpaint.cli.outputs import OTHERWISE, check_free
from diffpaint.io.files import check_folder, check_outputs
from diffpaint.painting import find_writer

GAP = 8  # px, between two pictures on a plate


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    pass


def parser(description: str | None, output: str) -> argparse.ArgumentParser:
    """Arguments of an example, ``-o`` among them: ``output`` says what is written there."""
    made = argparse.ArgumentParser(description=description, formatter_class=_Help)
    made.add_argument("-o", "--output", type=Path, required=True, help=output, default=argparse.SUPPRESS)
    made.add_argument("--overwrite", action="store_true", help="write over files that exist")
    return made


def run(main: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Parse, check the output, and run; what a person can mend is one line and exit code 2."""
    given = arguments.parse_args()
    try:
        check_output(given)
        main(given)
    except (ValueError, OSError, PluginError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def check_output(given: argparse.Namespace) -> None:
    """Check that the output can be written, and that nothing is in its place unless the user said so.

    A folder may also hold what an earlier run left, where the example has a ``--resume`` to say that.

    Raises:
        ValueError: It cannot, there is, or it is an input.
    """
    path: Path = given.output
    if path.suffix:
        values = (value for name, value in vars(given).items() if name != "output")
        inputs = [one for value in values for one in (value if isinstance(value, list) else [value])]
        check_outputs(path, inputs=[one for one in inputs if isinstance(one, str | Path)])
        check_free(path, overwrite=given.overwrite)
        find_writer(path).check(path)
    else:
        check_folder(path)
        kept = given.overwrite or getattr(given, "resume", False)
        if not kept and path.is_dir() and any(path.iterdir()):
            raise ValueError(f"{path} holds files already; {OTHERWISE}")


def diffpaint_command(*words: object) -> None:
    """Run ``diffpaint``; a mistake is the example's own, and an interrupt ends the example too.

    Raises:
        ValueError: What the command says.
    """
    try:
        code = cli([str(word) for word in words], "diffpaint", standalone_mode=False)
    except click.ClickException as error:
        raise ValueError(error.format_message()) from error
    if code:
        sys.exit(code)


def plate(pictures: Tensor) -> Tensor:
    """Pictures (rows, columns, 3, H, W) on one, with white between them."""
    framed = pad(pictures, (0, GAP, 0, GAP), value=1)
    return framed.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)[None]
