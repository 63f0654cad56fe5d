"""Many photos: one process a core, each of which paints one photo after another as ``diffpaint paint`` does."""

from __future__ import annotations

import glob
import io
import json
import os
import shlex
import time
from collections.abc import Iterable
from contextlib import closing, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch
from tqdm import tqdm

from ..device import pick_device
from ..io.brief import brief
from ..io.checkpoint import save_checkpoint
from ..io.cluster import check_cluster, outcomes_on
from ..io.console import stderr
from ..io.files import beside, check_folder, check_writable, clear_leftovers
from ..io.formats import endings
from ..io.images import read_image
from ..io.lock import locked, locked_folder
from ..io.untrusted import names_of_a_file
from ..io.workers import outcomes
from ..registry import load
from .main import cli
from .options import PaintCommand, check_not_begun, checkpoint_of, command_in
from .outputs import check_painting
from .resume import RECORDED, spoken

PATIENCE = 60.0  # s that a process has to write the painting so far, once it is asked to end
ENDING = ".png"
REHEARSAL = f"{__name__}.rehearsal"  # in ctx.meta, where nothing is to be painted yet
RECORD = ".paint.ckpt"  # what a folder was begun with, until all of it is painted
FILMS = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"}  # what the command film paints
AGAIN = ("steps", "device")  # options that may change when a painting goes on: said again to each


@dataclass(frozen=True)
class Job:
    """A photo to paint.

    Attributes:
        photo: Its path.
        output: Of the painting.
        asked: The options of ``diffpaint paint``, by name.
        goes_on: Whether it was begun, interrupted, and is resumed.
        overwrite: Whether files are written over, whatever they are.
        trusted: ``package:attribute`` names that a person typed, where the options come out of a file; else None.
        threads: To compute with, at most.
    """

    photo: Path
    output: Path
    asked: dict[str, Any]
    goes_on: bool
    overwrite: bool
    trusted: list[str] | None
    threads: int

    @property
    def arguments(self) -> list[str]:
        """The command line, but for ``asked``."""
        again = [f"--{name}={self.asked[name]}" for name in AGAIN if name in self.asked]
        flags = ["--resume"] * self.goes_on + ["--overwrite"] * self.overwrite
        return ["paint", str(self.photo), "-o", str(self.output), *again, *flags]


class PhotosCommand(PaintCommand):
    """A :class:`PaintCommand` of one photo; of many, where they are many or its output is a folder; or of a film."""

    def recorded(self, output: Path) -> dict[str, Any] | None:
        """From the checkpoint, or the record of a folder, of which one photo stands for all."""
        if not output.is_dir():
            return super().recorded(output)
        if (command := _record(output)) is None:
            return None
        return command | {"photo": command["photo"][0]}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; further photos stay in ``ctx.args``."""
        lenient = self.make_parser(ctx)
        lenient.ignore_unknown_options = True  # such as those of films
        given, more, _ = lenient.parse_args(list(args))
        if any(Path(text).suffix.lower() in FILMS for text in (given.get("photo"), *more) if isinstance(text, str)):
            ctx.command = load("commands", "film")
            return ctx.command.parse_args(ctx, args)
        given, more, _ = self.make_parser(ctx).parse_args(list(args))
        photo, output = (given.get(name) if isinstance(given.get(name), str) else None for name in ("photo", "output"))
        resumed = photo if output is None and given.get("resume") else None
        folder = next((path for path in (output, resumed) if path is not None and _names_folder(path)), None)
        if not (more or folder or (photo is not None and resumed is None and os.path.isdir(photo))):
            rest = super().parse_args(ctx, args)
            for name in ("processes", "cluster"):
                if ctx.params.get(name) is not None:
                    raise ValueError(f"--{name} is for many photos, which are painted into a folder, as with -o out/")
            return rest
        if folder is None and output is not None:
            raise ValueError(f"{output} is no folder, as many photos need one; end it with a {os.sep} to make one")
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        ctx.meta[__name__] = None if resumed is not None else [photo, *more]
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Paint one photo, or many."""
        return _paint_many(self, ctx) if __name__ in ctx.meta else super().invoke(ctx)

    def rehearse(self, ctx: click.Context, photo: Path, output: Path) -> None:
        """Find what is wrong with the options: all that is done with one photo before it is painted."""
        ctx.params |= {"photo": photo, "output": output, "resume": False, "overwrite": True}
        ctx.meta[REHEARSAL] = True
        with redirect_stderr(io.StringIO()):
            super().invoke(ctx)


def photos_in(given: Iterable[str]) -> list[Path]:
    """The photos that are meant by paths of photos and folders, and patterns such as ``holiday/*.jpg``.

    Folders and patterns stand for the files that have the ending of a picture, in the order of their names; each photo
    is there once.

    Raises:
        ValueError: There is no photo of a name, in a folder, or that fits a pattern.
    """
    found: dict[Path, Path] = {}
    for text in given:
        path = Path(text)
        if path.is_dir():
            photos = _pictures(path.iterdir())
        else:
            photos = [path] if path.exists() else _pictures(map(Path, glob.glob(text, recursive=True)))
        if not photos:
            raise ValueError(f"no picture {'in' if path.is_dir() else 'is, or fits,'} {text}")
        for photo in photos:
            found.setdefault(photo.resolve(), photo)
    return list(found.values())


def _pictures(paths: Iterable[Path]) -> list[Path]:
    known = endings()
    return sorted(
        path for path in paths if path.suffix.lower() in known and path.is_file() and not path.name.startswith(".")
    )


def _outputs(photos: list[Path], folder: Path, resume: bool, overwrite: bool) -> dict[Path, Path]:
    """The photos to paint by what they are painted as, of which none is there or means something else.

    Raises:
        ValueError: Two photos would be painted as one file; or an output is a photo, or cannot be written.
    """
    outputs: dict[str, tuple[Path, Path]] = {}
    for photo in photos:
        output = folder / f"{photo.stem}{ENDING}"
        other = outputs.setdefault(output.name.casefold(), (output, photo))[1]  # some file systems know no case
        if other != photo:
            raise ValueError(f"{other} and {photo} would both be painted as {output}; paint them into two folders")
    missing, read = {}, {photo.resolve() for photo in photos}
    for output, photo in outputs.values():
        document, begun = output.with_suffix(".json"), checkpoint_of(output).exists()
        for path in (output, document):
            if check_writable(path).resolve() in read:
                raise ValueError(f"{path} is what is read; name another folder")
        if resume and not begun and output.exists() and document.exists():
            with locked(beside(document, ".lock"), str(output)):  # a process that was killed may have left the file
                continue
        missing[output] = photo
        if not (resume and begun):
            check_painting(output, document, inputs=[photo], overwrite=overwrite)
            check_not_begun(output, overwrite=overwrite)
    return missing


def _paint_many(command: PhotosCommand, ctx: click.Context) -> None:
    """Check everything, and paint what is to be painted."""
    asked, folder = spoken(ctx), Path(ctx.params["output"])
    resume, overwrite = ctx.params["resume"], ctx.params["overwrite"]
    processes, cores = ctx.params["processes"], os.cpu_count() or 1
    cluster = ctx.params["cluster"]
    if cluster is not None and processes is not None:
        raise ValueError("--processes means nothing to a --cluster, which has one for each of its cores")
    if cluster is not None:
        check_cluster(cluster)
    if processes is not None and processes < 1:
        raise ValueError(f"--processes must be at least 1, got {processes}")
    if "timelapse" in asked:
        raise ValueError("--timelapse films one painting; of many, 'diffpaint export' films each document")
    given = ctx.meta[__name__] or (_record(folder) or {}).get("photo", [])  # again, for photos that came or went
    photos = photos_in(given)
    with locked_folder(check_folder(folder)):
        clear_leftovers(folder / RECORD)
        todo = _outputs(photos, folder, resume, overwrite)
        if processes is None:  # a GPU is one
            processes = cores if pick_device(asked.get("device")).type == "cpu" else 1
        processes = max(1, min(processes, len(todo)))
        trusted, threads = ctx.meta.get(RECORDED), 1 if cluster else max(1, cores // processes)
        jobs = [
            Job(photo, output, asked, resume and checkpoint_of(output).exists(), overwrite, trusted, threads)
            for output, photo in todo.items()
        ]
        if (one := next((job for job in jobs if not job.goes_on and _is_readable(job.photo)), None)) is not None:
            command.rehearse(ctx, one.photo, one.output)
        record = json.dumps({**asked, "photo": [os.path.abspath(text) for text in given]})
        save_checkpoint(folder / RECORD, {"command": record})
        if there := len(photos) - len(jobs):
            click.echo(f"{there} of {len(photos)} photos are painted already", err=True)
        again = f"{ctx.command_path} --resume {shlex.quote(str(folder))}"
        failed = _work_through(jobs, processes, again if cluster is None else f"{again} --cluster {cluster}", cluster)
        if not failed:
            (folder / RECORD).unlink(missing_ok=True)
    if failed:
        click.echo(f"Error: {len(failed)} of {len(photos)} photos could not be painted:", err=True)
        for photo, reason in failed.items():
            click.echo(f"  {photo}: {reason}", err=True)
        ctx.exit(1)


def _work_through(jobs: list[Job], processes: int, again: str, cluster: str | None) -> dict[Path, str]:
    """Paint; a line for each photo, and what went wrong by photo."""
    failed: dict[Path, str] = {}
    if cluster is None:
        done = closing(outcomes(_paint_one, jobs, processes, PATIENCE))
    else:
        done = closing(outcomes_on(cluster, _paint_one, jobs, _begun, PATIENCE))
    try:
        with done as results, tqdm(total=len(jobs), unit="photo", file=stderr()) as bar:
            for job, result in results:
                said = _Done([], 0.0, str(result)) if isinstance(result, Exception) else result
                for note in said.notes:
                    tqdm.write(f"{job.photo}: {note}", file=stderr())
                if said.problem is None:
                    tqdm.write(f"wrote {job.output} in {said.seconds:.1f} s", file=stderr())
                else:
                    failed[job.photo] = said.problem
                bar.update()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; what was painted is kept; to go on: {again}") from None
    return failed


@dataclass(frozen=True)
class _Done:
    """What came of a job: notes of the program, seconds, and why it failed, if it did."""

    notes: list[str]
    seconds: float
    problem: str | None


def _begun(job: Job) -> Job:
    """The same job, that goes on with what a worker that was lost has left."""
    return replace(job, goes_on=True) if checkpoint_of(job.output).exists() else job


def _paint_one(job: Job) -> _Done:
    """Run ``diffpaint paint`` for one photo; SIGTERM is its Ctrl-C."""
    torch.set_num_threads(min(torch.get_num_threads(), job.threads))
    began, said, problem = time.monotonic(), io.StringIO(), None
    with redirect_stderr(said), names_of_a_file(job.trusted is not None, job.trusted or ()):
        try:
            code = cli.main(
                job.arguments, prog_name="diffpaint", standalone_mode=False, default_map={"paint": job.asked}
            )
            problem = "it was interrupted" if code else None
        except click.ClickException as error:
            problem = error.format_message()
        except SystemExit:
            problem = ""
        except Exception as error:
            problem = f"{type(error).__name__}: {brief(error, 300)}"
    lines = said.getvalue().splitlines()
    if problem == "":
        problem = next((line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")), "it failed")
    return _Done([line for line in lines if line.startswith("note: ")], time.monotonic() - began, problem)


def _record(folder: Path) -> dict[str, Any] | None:
    """The options with which a folder was begun, and its photos; None if there are none."""
    path = folder / RECORD
    command = command_in(path) if path.exists() else None
    if command is None:
        return None
    photos = command.get("photo")
    if not isinstance(photos, list) or not photos or not all(isinstance(photo, str) for photo in photos):
        raise ValueError(f"{path} names no photos; delete it, and give the whole command again")
    return command


def _names_folder(path: str) -> bool:
    return path.endswith(("/", os.sep)) or os.path.isdir(path)


def _is_readable(photo: Path) -> bool:
    try:
        read_image(photo, 64)
    except (ValueError, OSError, MemoryError):
        return False
    return True
