"""What commands write over: nothing that exists and is no painting of theirs, unless they are told to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from PIL import Image

from ..io.document import read_document
from ..io.images import WRITTEN

OTHERWISE = "name another output, or write over it with --overwrite"
overwrite_option = click.option("--overwrite", is_flag=True, help="Write over files that exist, whatever they are.")


def check_free(*paths: Path | None, overwrite: bool) -> None:
    """Check that no file is written over, unless the user said so.

    Raises:
        ValueError: There is a file at one of the paths.
    """
    for path in paths:
        if path is not None and path.exists() and not overwrite:
            raise ValueError(f"{path} exists already; {OTHERWISE}")


def check_painting(
    output: Path, document: Path, film: Path | None = None, *, inputs: Iterable[Path] = (), overwrite: bool
) -> None:
    """Check that nothing but an older painting, which is a picture and its document, is painted over.

    A picture is known to be of a document by its name and its size.

    Args:
        output: The painting.
        document: Of its strokes; may be the output.
        film: Of it.
        inputs: What is read.
        overwrite: Whether all of it may be written over.

    Raises:
        ValueError: Something else is there, or the document that is there is of another picture.
    """
    if overwrite:
        return
    check_free(film, overwrite=False)
    if not document.exists():
        return check_free(output, overwrite=False)
    try:
        known = read_document(document)
    except ValueError as error:
        raise ValueError(f"{error}; {OTHERWISE}") from None
    read = [path for path in inputs if os.path.exists(path)]
    pictures = [path for path in _pictures(document, known) if not any(map(path.samefile, read))]
    if output in pictures or (output == document and not pictures):
        return None
    if output != document and output.exists():
        raise ValueError(f"{output} is no painting of diffpaint's; {OTHERWISE}")
    whose = f"of {pictures[0]}" if pictures else "of another painting"
    raise ValueError(f"{document} holds the strokes {whose}; {OTHERWISE}")


def _pictures(document: Path, known: dict[str, Any]) -> list[Path]:
    """The pictures beside a document that have its name and its size."""
    found = []
    for path in document.parent.iterdir():
        if path.stem == document.stem and path.suffix.lower() in WRITTEN and path.is_file():
            try:
                with Image.open(path) as picture:
                    if picture.size == (known["width"], known["height"]):
                        found.append(path)
            except (OSError, ValueError, Image.DecompressionBombError):
                continue  # no picture at all
    return sorted(found)
