"""``diffpaint export``: a saved painting in another format, or at another size."""

from __future__ import annotations

from pathlib import Path

import click

from ..io.document import read_document
from ..io.files import check_outputs
from ..io.images import check_side
from ..io.syntax import parse_call
from ..io.untrusted import names_of_a_file
from ..painting import Painting, find_writer
from .options import check_size
from .outputs import check_free, overwrite_option
from .plan import enlarged


@click.command()
@click.argument("painting", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A .png, .gif, .json, ...")
@click.option("--size", type=int, help="Longest side, px; a grid takes the nearest multiple.  [default: as painted]")
@click.option(
    "--writer",
    metavar="NAME(OPTION=VALUE)",
    help="Options of the format, such as gif(frames=30, seconds=4).  [default: the ending of the output]",
)
@click.option(
    "--trust",
    metavar="PACKAGE:CLASS",
    multiple=True,
    help="A renderer that no plugin registers, and that the painting may import all the same.  [repeatable]",
)
@overwrite_option
def export(
    painting: Path, output: Path, size: int | None, writer: str | None, trust: tuple[str, ...], overwrite: bool
) -> None:
    """Draw the canvas of a saved PAINTING (.json) again, at any size, in any format there is a writer for.

    The painter draws it. 'diffpaint replay' has the real MyPaint engine draw the same strokes.

    \b
    Examples:
        diffpaint export cat.json -o canvas.png --size 2048
        diffpaint export cat.json -o film.mp4 --writer "mp4(frames=120, seconds=12)"
    """
    call = None if writer is None else parse_call(writer)
    if call is not None and f".{call.name}" != output.suffix.lower():
        raise ValueError(f"--writer {call.name} writes files that end in .{call.name}; {output} does not")
    chosen = find_writer(output, **({} if call is None else call.options))
    check_outputs(output, inputs=[painting])
    check_free(output, overwrite=overwrite)
    chosen.check(output)
    document = read_document(painting)
    check_side(output, max(document["width"], document["height"]) if size is None else check_size(size))
    with names_of_a_file(trusted=trust):
        finished = Painting.load(painting)
        chosen.check_renderer(finished.renderer)
        if size is not None:
            named, factor = document["renderer"], size / max(document["width"], document["height"])
            options = {**named.get("defaults", {}), **named["options"]}
            finished = finished.rendered_by(enlarged(named["name"], factor, **options))
    chosen.write(finished, output)
    height, width = finished.renderer.size
    click.echo(f"wrote {output} ({width} x {height} px)", err=True)
