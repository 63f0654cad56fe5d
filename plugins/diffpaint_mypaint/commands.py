"""Commands of the engine: ``diffpaint strokes`` and ``diffpaint replay``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click
from tqdm import tqdm

from diffpaint.cli.outputs import check_free, overwrite_option
from diffpaint.io.cluster import check_cluster
from diffpaint.io.document import read_document
from diffpaint.io.files import check_outputs
from diffpaint.io.film import FILMS, check_film, check_frames, spread, write_film
from diffpaint.io.images import check_picture, check_side, write_image

from .brushes import carried_brush, read_brush
from .dataset import plan, write
from .engine import Brush
from .replay import check_replayable, replay_in_frames
from .replay import replay as draw
from .strokes import RADIUS
from .trial import remarks, slowness


@click.command()
@click.option(
    "--brush", default="classic/dry_brush", show_default=True, help="A brush's name, or the path of a .myb file."
)
@click.option("-n", "--count", default=100_000, show_default=True, help="Strokes.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder for the data set.")
@click.option("--seed", default=0, show_default=True, help="Of the actions.")
@click.option(
    "--radius", type=(float, float), default=RADIUS, show_default=True, help="Least and largest radius, px on 64."
)
@click.option(
    "--oversample", default=4, show_default=True, help="Draw this many times larger, then average down to 64 px."
)
@click.option("--without-smudge", is_flag=True, help="Draw a brush that smudges with smudging off: its mask alone.")
@click.option("--processes", default=os.cpu_count() or 1, show_default="all cores", help="How many draw at once.")
@click.option("--cluster", metavar="auto|HOST:PORT", help="A Ray cluster that draws, a shard on each of its cores.")
def strokes(
    brush: str,
    count: int,
    output: Path,
    seed: int,
    radius: tuple[float, float],
    oversample: int,
    without_smudge: bool,
    processes: int,
    cluster: str | None,
) -> None:
    """Draw random strokes with the real MyPaint engine, as data for 'diffpaint train'.

    Writes shards of strokes (.npz: actions, and alpha at 64 x 64 px) and a manifest that says how they were made. The
    same arguments give the same bytes. After an interrupt, the same command goes on where it stopped.

    \b
    Examples:
        diffpaint strokes --brush classic/dry_brush -n 100000 -o strokes/
        diffpaint strokes --brush my_brush.myb -n 20000 --radius 1 12 -o mine/
        diffpaint strokes --brush ramon/Pastel_1 --without-smudge -o pastel/
    """
    if processes < 1:
        raise ValueError(f"--processes must be at least 1, got {processes}")
    if cluster is not None:
        check_cluster(cluster)
    manifest = plan(
        output, brush, count, seed=seed, radius=radius, oversample=oversample, without_smudge=without_smudge
    )
    engine = Brush(manifest.read_brush())
    for remark in (*remarks(engine), *slowness(engine, count, radius, oversample, processes)):
        click.echo(f"note: {remark}", err=True)
    try:
        with tqdm(total=count, unit="stroke", unit_scale=True) as bar:
            for drawn in write(output, manifest, processes=processes, cluster=cluster):
                bar.update(drawn)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted; the same command goes on from here") from None
    except ChildProcessError as error:
        raise ChildProcessError(f"{error}; the same command goes on from here") from error
    click.echo(f"{count} strokes of {brush} in {output}", err=True)


@click.command()
@click.argument("painting", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The picture: a .png, .jpg, ...; or a film, as it grows: a .gif, .mp4 or .webm.",
)
@click.option("--size", type=int, help="Longest side, px.  [default: the painting's own]")
@click.option("--brush", help="Another brush, by name or .myb file.  [default: the painting's own]")
@click.option(
    "--smudge/--no-smudge", default=None, help="Of brushes that smudge.  [default: as the painter learned it]"
)
@click.option("--frames", default=60, show_default=True, help="Pictures of a film.")
@click.option("--seconds", default=8.0, show_default=True, help="Length of a film.")
@overwrite_option
def replay(
    painting: Path,
    output: Path,
    size: int | None,
    brush: str | None,
    smudge: bool | None,
    frames: int,
    seconds: float,
    overwrite: bool,
) -> None:
    """Draw a saved PAINTING (.json) again, with the real MyPaint engine, at any size.

    The brush is the one that the painting carries, whatever this machine has of the same name.

    \b
    Examples:
        diffpaint replay cat.json -o real.png --size 2048
        diffpaint replay cat.json -o chalk.png --brush deevad/chalk
        diffpaint replay cat.json -o film.mp4 --size 1024 --frames 240 --seconds 12
    """
    film = output.suffix.lower() in FILMS
    if film:
        check_frames(frames, seconds)
        check_film(output)
    else:
        check_picture(output)
    check_outputs(output, inputs=[painting, *([brush] if brush else [])])
    check_free(output, overwrite=overwrite)
    document = read_document(painting)
    check_side(output, max(document["width"], document["height"]) if size is None else size)
    check_replayable(document)
    if brush is None and document["brush"] is None:
        raise ValueError(f"{painting} names no brush; say which with --brush")
    file = read_brush(brush) if brush else carried_brush(document["brush"], document.get("brush_file"))
    if smudge is not None:
        file = replace(file, smudging=smudge)
    engine = Brush(file)
    reason = file.beyond_compositing()
    differs = [f"with {file.name} the picture will differ from the painting: {reason}"] if reason else []
    for remark in (*remarks(engine), *differs):
        click.echo(f"note: {remark}", err=True)
    if film:
        pictures = replay_in_frames(document, engine, spread(len(document["strokes"]), frames), size)
        write_film(output, pictures, seconds)
        click.echo(f"wrote {output}", err=True)
        return
    picture = draw(document, engine, size)
    write_image(output, picture)
    click.echo(f"wrote {output} ({picture.shape[1]} x {picture.shape[0]} px)", err=True)
