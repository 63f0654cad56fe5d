"""``.csv`` and ``.parquet``: the strokes as a table, for spreadsheets, pandas and machines that paint."""

from __future__ import annotations

import csv
from pathlib import Path

from diffpaint import Painting, Renderer, Writer
from diffpaint.io.files import replacing
from diffpaint.io.readable import plain


class CsvWriter(Writer):
    """One row a stroke in drawing order, with the columns that documents have, in px of the canvas."""

    def check_renderer(self, renderer: Renderer) -> None:
        """See :meth:`diffpaint.Writer.check_renderer`; its paintings are made of strokes."""
        check_strokes(renderer)

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`diffpaint.Writer.write`."""
        columns, rows = table(painting)
        with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(columns)
            lines.writerows(rows)


class ParquetWriter(Writer):
    """As :class:`CsvWriter`, as columns of float32; width, height and brush are among the metadata. Needs pyarrow."""

    def check(self, path: Path) -> None:
        """See :meth:`diffpaint.Writer.check`; pyarrow is there."""
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise ValueError(
                f"{path}: a .parquet needs pyarrow: pip install 'diffpaint[parquet]'; a .csv does not"
            ) from None

    def check_renderer(self, renderer: Renderer) -> None:
        """See :meth:`diffpaint.Writer.check_renderer`; its paintings are made of strokes."""
        check_strokes(renderer)

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`diffpaint.Writer.write`."""
        self.check(path)
        import pyarrow
        from pyarrow import parquet

        columns, rows = table(painting)
        held = [pyarrow.array(values, pyarrow.float32()) for values in zip(*rows, strict=True)]
        height, width = painting.renderer.size
        said = {"width": str(width), "height": str(height), "brush": painting.renderer.brush or ""}
        with replacing(path) as temporary:
            parquet.write_table(pyarrow.table(held, list(columns)).replace_schema_metadata(said), temporary)


def check_strokes(renderer: Renderer) -> None:
    """ValueError for a renderer whose paintings are made of no strokes."""
    if type(renderer).strokes is Renderer.strokes:
        raise ValueError(f"a {type(renderer).__name__} paints without strokes, so there is no table of them")


def table(painting: Painting) -> tuple[tuple[str, ...], list[list[float]]]:
    """Names of columns, and a row a stroke."""
    columns, strokes = painting.renderer.strokes(painting.actions[0].to(painting.renderer.device))
    return columns, plain(strokes)
