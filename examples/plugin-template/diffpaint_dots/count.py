"""``diffpaint dots-count``: a command."""

from pathlib import Path

import click
from diffpaint.io.document import read_document


@click.command()
@click.argument("painting", type=click.Path(path_type=Path))
@click.option("--least", default=0.1, show_default=True, help="Opacity from which a dot counts.")
def count(painting: Path, least: float) -> None:
    """Count the dots of a saved PAINTING (.json) that can be seen."""
    document = read_document(painting)
    if "opacity" not in document["action_names"]:
        raise ValueError(f"{painting} is no painting of dots: its strokes have no opacity")
    column = document["action_names"].index("opacity")
    click.echo(sum(row[column] >= least for row in document["actions"]))
