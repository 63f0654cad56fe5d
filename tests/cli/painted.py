"""A command line that paints a small photo, for the tests beside this."""

import signal
from pathlib import Path

from click.testing import CliRunner

from diffpaint import Pixel
from diffpaint.cli.main import cli

PHOTO = Path(__file__).parents[1] / "data" / "chelsea.jpg"  # 128 x 85 px
SMALL = ["--size", "64", "--grid", "2x3", "--strokes", "1", "--steps", "2", "--device", "cpu", "--pyramid", "1"]


class Interrupting(Pixel):
    """Pixel; somebody presses Ctrl-C while the second canvas is scored."""

    calls = 0

    def forward(self, canvas):
        Interrupting.calls += 1
        if Interrupting.calls == 2:
            signal.raise_signal(signal.SIGINT)
        return super().forward(canvas)


class Broken(Pixel):
    """Pixel; the second canvas has no score."""

    calls = 0

    def forward(self, canvas):
        Broken.calls += 1
        return super().forward(canvas) * (float("nan") if Broken.calls == 2 else 1)


INTERRUPTING, BROKEN = f"{__name__}:Interrupting", f"{__name__}:Broken"


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="diffpaint")


def paint(output, *arguments, photo=PHOTO):
    return run("paint", photo, "-o", output, *SMALL, *arguments)


def errors(result):
    return [line for line in result.stderr.splitlines() if line.startswith("Error:")]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_refused(result, *said):
    """Exit code 2, one line that begins with Error, and no traceback."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert len(errors(result)) == 1, result.output
    assert result.stderr.splitlines()[-1] == errors(result)[0]
    assert "Traceback" not in result.output
    for words in said:
        assert words in errors(result)[0]
