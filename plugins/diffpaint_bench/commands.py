"""Command: ``diffpaint bench``."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from diffpaint.cli.outputs import check_free, overwrite_option
from diffpaint.device import pick_device
from diffpaint.io.brief import brief
from diffpaint.io.files import check_outputs, replacing
from diffpaint.io.formats import endings
from diffpaint.io.syntax import parse_sum
from diffpaint.registry import load
from diffpaint_mypaint import EngineMissing, libmypaint, read_brush

from .figures import check_torchmetrics, lpips_missing
from .machine import machine
from .protocol import STEPS, Protocol, measure

SHOWN = {"psnr": "{:.2f}", "ssim": "{:.3f}", "lpips": "{:.3f}"}
LONGEST = 300  # letters of an error


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--strokes", default="256,512,1024", show_default=True, help="Of a painting, separated by commas.")
@click.option("--objective", default="pixel", show_default=True, help="What the painting should match.")
@click.option("--canvas", type=int, help="Longest side of what is optimised, px, about.  [default: the photo's]")
@click.option("--steps", default=STEPS, show_default=True, help="Of the optimiser.")
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--device", help="Where to compute: cpu, cuda, mps.  [default: cuda if it is there, else cpu]")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
@overwrite_option
def bench(
    folder: Path,
    strokes: str,
    objective: str,
    canvas: int | None,
    steps: int,
    seed: int,
    device: str | None,
    json_path: Path | None,
    overwrite: bool,
) -> None:
    """Measure how near paintings come to the photos of FOLDER, at their full size.

    Each photo is painted with each number of strokes, in a process of its own, and both the canvas and the replay by
    the real MyPaint engine are compared with it: PSNR in dB and SSIM, more is better; LPIPS (AlexNet), less is better.
    Prints a table in Markdown, with means over all photos at its end.

    \b
    Examples:
        diffpaint bench kodak/ --json kodak.json
        diffpaint bench kodak/ --strokes 1024 --steps 400 --canvas 384
    """
    check_torchmetrics()
    counts = _counts(strokes)
    for name, value, least in (("canvas", canvas, 8), ("steps", steps, 1), ("seed", seed, 0)):
        if value is not None and value < least:
            raise ValueError(f"--{name} must be at least {least}, got {value}")
    for _, call in parse_sum(objective):
        load("objectives", call.name)
    photos, where = _photos(folder), pick_device(device)
    check_outputs(json_path, inputs=photos)
    check_free(json_path, overwrite=overwrite)
    missing = {"the replay": _engine_missing(), "LPIPS": lpips_missing()}
    for what, reason in missing.items():
        if reason is not None:
            click.echo(f"note: {what} is left out: {reason}", err=True)
    protocol = Protocol(objective, canvas, steps, seed, device, *(reason is None for reason in missing.values()))
    columns = [(kind, name) for kind in ("canvas", "replay")[: 1 + protocol.replayed] for name in SHOWN]
    columns = [column for column in columns if protocol.lpips or column[1] != "lpips"]
    for line in _head(columns):
        click.echo(line)
    rows, failed = [], {}
    with tqdm(total=len(photos) * len(counts), unit="painting", leave=False) as bar:
        for photo in photos:
            for count in counts:
                try:
                    rows.append(_apart(photo, count, protocol))
                    tqdm.write(_line(rows[-1], columns), file=sys.stdout)
                except BrokenProcessPool:
                    failed[f"{photo}, {count} strokes"] = "its process was ended, as it is where memory does not do"
                except Exception as error:  # whatever it is, it costs no other painting
                    failed[f"{photo}, {count} strokes"] = f"{type(error).__name__}: {brief(error, LONGEST)}"
                bar.update()
    means = [_mean([row for row in rows if row["strokes"] == count]) for count in counts if rows]
    for mean in filter(None, means):
        click.echo(_line(mean, columns))
    here = machine(where)
    click.echo("\n" + ", ".join(f"{name} {value}" for name, value in here.items() if value is not None))
    if json_path is not None:
        found = {"machine": here, "protocol": asdict(protocol), "rows": rows, "means": means, "failed": failed}
        with replacing(json_path) as temporary:
            temporary.write_text(json.dumps(found, indent=2) + "\n")
    for what, reason in failed.items():
        click.echo(f"failed: {what}: {reason}", err=True)
    if failed:
        sys.exit(1)


def _counts(text: str) -> list[int]:
    """Numbers of strokes."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ValueError(f"--strokes is whole numbers above 0, separated by commas, such as 256,512; got {text!r:.60}")
    return list(dict.fromkeys(int(part) for part in parts))


def _photos(folder: Path) -> list[Path]:
    """Files of a folder whose endings are those of pictures that can be read."""
    if not folder.is_dir():
        raise ValueError(f"no folder {folder}" + (": it is a file" if folder.exists() else ""))
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in endings() and path.is_file()]
    if not found:
        raise ValueError(f"no photo in {folder}; .png and .jpg are two kinds that are read")
    return found


def _engine_missing() -> str | None:
    try:
        libmypaint()
        read_brush("classic/dry_brush")
    except EngineMissing as missing:
        return str(missing)
    return None


def _apart(photo: Path, count: int, protocol: Protocol) -> dict[str, Any]:
    """A row, in a process of its own: what it holds at most is its own, and if it is ended, nothing else is."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, photo, count, protocol).result()


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of figures and seconds; the most of memory."""
    if not rows:
        return None
    mean: dict[str, Any] = {"photo": f"mean of {len(rows)}", "strokes": rows[0]["strokes"]}
    mean["seconds"] = statistics.fmean(row["seconds"] for row in rows)
    mean["megabytes"] = max((row["megabytes"] for row in rows if row["megabytes"] is not None), default=None)
    for kind in ("canvas", "replay"):
        if kind in rows[0]:
            mean[kind] = {name: statistics.fmean(row[kind][name] for row in rows) for name in rows[0][kind]}
    return mean


def _head(columns: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The first lines of a table in Markdown."""
    names = ["photo", "strokes", *(f"{kind} {name.upper()}" for kind, name in columns), "s", "MB"]
    return f"| {' | '.join(names)} |", "|" + "---|" * len(names)


def _line(row: dict[str, Any], columns: Iterable[tuple[str, str]]) -> str:
    """One line of it."""
    figures = [SHOWN[name].format(row[kind][name]) for kind, name in columns]
    memory = "" if row["megabytes"] is None else f"{row['megabytes']:,.0f}"
    return f"| {row['photo']} | {row['strokes']:,} | {' | '.join(figures)} | {row['seconds']:.1f} | {memory} |"
