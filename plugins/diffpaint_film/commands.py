"""The command ``film``, which is also what ``paint`` does with one."""

from __future__ import annotations

import functools
import hashlib
import json
import shlex
import shutil
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from msgspec import Struct
from torch import Tensor
from tqdm import tqdm

from diffpaint import Constraint, load_objective, load_renderer
from diffpaint.cli.background import Ground, tone_of
from diffpaint.cli.constraints import constraint_options
from diffpaint.cli.options import check_size, command_in
from diffpaint.cli.outputs import check_free, overwrite_option
from diffpaint.cli.paint import MATCHED
from diffpaint.cli.resume import ResumableCommand, spoken
from diffpaint.constraints import check_constraints
from diffpaint.device import pick_device
from diffpaint.io.bounds import check_whole
from diffpaint.io.checkpoint import read_settings, restore_checkpoint, save_checkpoint
from diffpaint.io.console import stderr
from diffpaint.io.files import beside, check_outputs, clear_leftovers
from diffpaint.io.images import to_pil
from diffpaint.io.interrupt import catch_interrupt
from diffpaint.io.lock import locked
from diffpaint_grid import Scatter

from .carry import Carried
from .clip import Clip, Frame, check_film, write_clip
from .document import write_film

CANVAS = 340  # px, about the longest side of the canvas that is optimised
BEGUN = "begun.ckpt"


class FilmCommand(ResumableCommand):
    """A command that paints a film, and keeps its frames in a folder until it is done."""

    may_change = frozenset({"clip", "device"})

    def recorded(self, output: Path) -> dict[str, Any] | None:
        """From the folder of frames."""
        return command_in(_folder_of(output) / BEGUN)


class FrameState(Struct):
    """What is kept of a frame: its strokes, (T, A)."""

    actions: Tensor


@click.command(cls=FilmCommand)
@click.argument("clip", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The film: .mp4, .mkv or .webm.")
@click.option("--size", default=680, show_default=True, help="Longest side of the film, px (rounded down a little).")
@click.option("--renderer", default="neural-splat", show_default=True, help="What paints; see diffpaint list.")
@click.option("--brush", help="The painter's brush.  [default: the painter's own]")
@click.option("--strokes", default=1000, show_default=True, help="In each frame.")
@click.option("--steps", default=120, show_default=True, help="Of the optimiser, for the first frame of a scene.")
@click.option("--more", default=15, show_default=True, help="Likewise, for every frame that goes on from another.")
@click.option("--seed", default=0, show_default=True, help="The same seed paints the same film.")
@click.option("--device", help="Where to compute: cpu, cuda, mps.  [default: cuda if it is there, else cpu]")
@click.option("--objective", default=MATCHED, show_default=True, help="What each frame should match.")
@click.option("--background", help="What is painted on, a colour.  [default: the first frame's mean colour]")
@click.option("--resume", is_flag=True, help="Go on with an interrupted film; needs no other option.")
@overwrite_option
@constraint_options
def film(
    clip: Path,
    output: Path,
    size: int,
    renderer: str,
    brush: str | None,
    strokes: int,
    steps: int,
    more: int,
    seed: int,
    device: str | None,
    objective: str,
    background: str | None,
    resume: bool,
    overwrite: bool,
    constraints: list[Constraint],
) -> None:
    """Paint a film, CLIP, frame by frame; 'diffpaint paint' does the same with one.

    Strokes of a frame begin where those of the frame before ended, moved by the flow of the picture; where the film
    stands still, so do they. The sound is kept. Beside the film, a .json document holds the strokes of all frames.

    \b
    Examples:
        diffpaint film clip.mp4 -o painted.mp4
        diffpaint film clip.mp4 -o bold.webm --strokes 400 --size 1024
        diffpaint film --resume painted.mp4
    """
    began = time.monotonic()
    check_film(output)
    for name, count in (("--strokes", strokes), ("--steps", steps), ("--more", more)):
        check_whole(name, count)
    check_whole("--seed", seed, least=0)
    document, folder = output.with_suffix(".json"), _folder_of(output)
    check_outputs(output, document, inputs=[clip])
    if not resume:
        check_free(output, document, overwrite=overwrite)
        _check_not_begun(folder, overwrite)
    read = Clip(clip)
    scale = max(1, round(check_size(size) / CANVAS))
    frames = functools.partial(read.frames, size // scale)
    first = next(frames()).picture
    ground = Ground(tone_of(torch.cat([first, torch.ones_like(first[:, :1])], 1)) if background is None else background)
    if ground.picture is not None or ground.transparent:
        raise ValueError(f"--background {background}: a film is painted on a colour")
    canvas = (first.shape[2], first.shape[3])
    options: dict[str, Any] = {"renderer": renderer, "size": canvas} | ({} if brush is None else {"brush": brush})
    small, large = load_renderer("scatter", **options, coarse=True), load_renderer("scatter", **options, scale=scale)
    assert isinstance(small, Scatter)
    check_constraints(constraints, small)
    load_objective(objective, first)
    place = pick_device(device)
    carried = Carried(
        small.to(place),
        lambda picture: load_objective(objective, picture),
        *(strokes, steps, more, seed, ground.shown(canvas), str(place), constraints),
        progress=True,
    )
    with locked(beside(document, ".lock"), str(output)), catch_interrupt() as interrupt:
        for path in (output, document):
            clear_leftovers(path)
        command = json.dumps(spoken(click.get_current_context()))
        _begin(folder, {"command": command, "clip": _digest(clip)}, resume)
        times = _paint(carried, frames(), folder)
        ended = interrupt.is_set()
        if times:
            write_film(document, _kept(folder, times), large, list(ground.color), seed)
            pictures = _drawn(large.to(place), _kept(folder, times), ground.shown(large.size))
            write_clip(output, pictures, clip)
            minutes, seconds = divmod(round(time.monotonic() - began), 60)
            click.echo(f"wrote {output} ({len(times)} frames) and {document} in {minutes} min {seconds} s", err=True)
    if ended:
        again = f"{click.get_current_context().command_path} --resume {shlex.quote(str(output))}"
        raise KeyboardInterrupt(f"interrupted after {len(times)} frames; to go on: {again}")
    shutil.rmtree(folder)


def _check_not_begun(folder: Path, overwrite: bool) -> None:
    """Check that no film was interrupted, unless it may be begun anew; ValueError if one was."""
    if not folder.exists():
        return
    if not (folder / BEGUN).exists():
        raise ValueError(f"{folder} is where frames are kept, and holds something else; name another output")
    if not overwrite:
        raise ValueError(
            f"{folder} holds a film that was interrupted; --resume goes on with it, --overwrite begins anew"
        )


def _begin(folder: Path, settings: dict[str, str], resume: bool) -> None:
    """Make the folder of frames, empty unless they are gone on with: those of the same film."""
    if resume:
        if read_settings(folder / BEGUN)[0].get("clip") != settings["clip"]:
            raise ValueError(f"{folder} holds the frames of another film; begin anew with --overwrite")
        return
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    save_checkpoint(folder / BEGUN, settings)


def _digest(path: Path) -> str:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(2**20):
            found.update(part)
    return found.hexdigest()


def _paint(carried: Carried, frames: Iterator[Frame], folder: Path) -> list[Fraction]:
    """Paint what is not there yet, and keep it; the times of the frames that are there in the end."""
    times: list[Fraction] = []

    def pictures() -> Iterator[Tensor]:
        for picture, moment in frames:
            times.append(moment)
            yield picture

    def known(number: int) -> Tensor | None:
        path = _frame(folder, number)
        return _strokes(path) if path.exists() else None

    count = 0
    with tqdm(unit="frame", file=stderr()) as bar:
        for actions in carried(pictures(), known):
            if not _frame(folder, count).exists():
                save_checkpoint(_frame(folder, count), {}, actions=actions)
            count += 1
            bar.update()
    return times[:count]


def _kept(folder: Path, times: list[Fraction]) -> Iterator[tuple[Tensor, Fraction]]:
    """The strokes and the time of each frame."""
    return ((_strokes(_frame(folder, number)), moment) for number, moment in enumerate(times))


@torch.no_grad()
def _drawn(
    renderer: Any, frames: Iterator[tuple[Tensor, Fraction]], ground: Tensor
) -> Iterator[tuple[np.ndarray, Fraction]]:
    """Pictures, uint8 (H, W, 3), and their times; what is as it was is not drawn again."""
    before, picture, ground = None, None, ground.to(renderer.device)
    for actions, moment in frames:
        if picture is None or before is None or not torch.equal(actions, before):
            picture = np.asarray(to_pil(renderer(actions[None].to(renderer.device), ground).cpu()))
        before = actions
        yield picture, moment


def _strokes(path: Path) -> Tensor:
    return restore_checkpoint(path, {}, FrameState)["actions"]


def _folder_of(output: Path) -> Path:
    """Where the frames of a film are kept until it is done."""
    return beside(output, ".frames")


def _frame(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.ckpt"
