"""Small jobs of the commands that run long, each in a process of its own that can be killed."""

import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PHOTO, DIGITS = ROOT / "tests" / "data" / "chelsea.jpg", ROOT / "tests" / "data" / "mnist"
LOADED = ["accelerate", "diffpaint.cli.main", "diffpaint.cli.paint", "diffpaint.cli.train", "diffpaint_agent.commands"]
LOADED += ["diffpaint_grid", "diffpaint_neural", "diffpaint_mypaint.commands", "diffpaint_neural.training.splat"]


@dataclass(frozen=True)
class Job:
    """A command, how it goes on, and what must be the same in the end.

    Attributes:
        begin: Arguments.
        resume: Arguments once ``state`` is there; it begins again until then.
        state: The file that --resume goes on from.
        results: Patterns of files.
    """

    begin: str
    resume: str
    state: str
    results: tuple[str, ...]


STROKES = "strokes --brush classic/charcoal -n 4300 --oversample 1 --processes 1 -o strokes"
TRAINED = ("run/weights.safetensors", "run/losses.csv")
SMALL = "--steps 12 --batch 8 --checkpoint-every 3 --device cpu"
JOBS = {
    "paint": Job(
        f"paint {PHOTO} -o a.png --size 64 --grid 4x6 --pyramid 2 --strokes 1 --steps 30 --objective pixel "
        "--device cpu",
        *("paint --resume a.png", "a.png.ckpt", ("a.png", "a.json")),
    ),
    "many": Job(
        f"paint {PHOTO} {ROOT / 'examples' / 'photos' / 'coffee.png'} -o out/ --size 64 --grid 4x6 --pyramid 2 "
        "--strokes 1 --steps 30 --objective pixel --device cpu --processes 2",
        *("paint --resume out/", "out/.paint.ckpt", ("out/*",)),
    ),
    "strokes": Job(STROKES, STROKES, "strokes/manifest.json", ("strokes/*",)),
    "train": Job(
        f"train splat --data ../data -o run {SMALL}", "train splat -o run --resume", "run/config.json", TRAINED
    ),
    "agent": Job(
        f"agent train --data {DIGITS} -o run --size 12 --strokes 2 --channels 2 --hidden 4 {SMALL}",
        *("agent train -o run --resume", "run/config.json", TRAINED),
    ),
}


def run(arguments: str, folder: Path, kill_after: float | None = None, signal: int = 0) -> int:
    """Run the program in a folder, and send it a signal after so many seconds; returns its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    process = context.Process(target=_program, args=(arguments.split(), str(folder)))
    process.start()
    if kill_after is not None:
        process.join(kill_after)
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _program(arguments: list[str], folder: str) -> None:
    import torch

    from diffpaint.cli.main import main

    os.chdir(folder)
    said = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    torch.set_num_threads(1)
    sys.argv = ["diffpaint", *arguments]
    main()


def results(job: Job, folder: Path) -> dict[str, bytes]:
    """What came of a job: the bytes of its files by their names."""
    return {path.name: path.read_bytes() for pattern in job.results for path in sorted(folder.glob(pattern))}


def seconds(job: Job, folder: Path) -> float:
    """How long a job takes that nobody kills."""
    began = time.monotonic()
    assert run(job.begin, folder) == 0, (folder / "said.txt").read_text()
    return time.monotonic() - began
