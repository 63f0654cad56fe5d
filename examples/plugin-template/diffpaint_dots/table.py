"""``.tsv``: a writer of strokes as a table, with tabs between columns."""

import csv
from pathlib import Path

from diffpaint import Painting, Writer
from diffpaint.io.files import replacing


class TableWriter(Writer):
    """One row a stroke, in drawing order and in px of the canvas.

    Args:
        digits: Of every number, behind the point.
    """

    def __init__(self, digits: int = 3):
        self.digits = digits

    def write(self, painting: Painting, path: Path) -> None:
        columns, strokes = painting.renderer.strokes(painting.actions[0])
        with replacing(path) as temporary, temporary.open("w", newline="") as file:
            rows = csv.writer(file, delimiter="\t")
            rows.writerow(columns)
            rows.writerows([round(value, self.digits) for value in row] for row in strokes.tolist())
