"""``.csv`` and ``.parquet``: the strokes as a table."""

import csv
import re

import pytest

import diffpaint
from diffpaint_export import CsvWriter, ParquetWriter


def test_a_csv_holds_what_the_document_holds(pyramid, tmp_path):
    CsvWriter().write(pyramid, tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        head, *rows = csv.reader(file)
    document = pyramid.document()
    assert head == document["stroke_columns"]
    assert [[float(value) for value in row] for row in rows] == document["strokes"]


def test_a_parquet_holds_it_too(pyramid, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    ParquetWriter().write(pyramid, tmp_path / "a.parquet")
    table, document = parquet.read_table(tmp_path / "a.parquet"), pyramid.document()
    assert table.column_names == document["stroke_columns"]
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    assert [[float(value) for value in row] for row in rows] == [pytest.approx(row) for row in document["strokes"]]
    assert {key.decode(): value.decode() for key, value in table.schema.metadata.items()} == {
        "width": "100",
        "height": "80",
        "brush": "classic/dry_brush",
    }


@pytest.mark.parametrize("kind", [CsvWriter, ParquetWriter])
def test_a_painting_without_strokes_has_no_table(kind):
    with pytest.raises(ValueError, match=re.escape("a CPPN paints without strokes")):
        kind().check_renderer(diffpaint.load_renderer("cppn"))


@pytest.mark.parametrize(("module", "ending"), [("pyarrow", "parquet"), ("psd_tools", "psd")])
def test_what_is_not_installed_is_named(module, ending, monkeypatch, tmp_path):
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"pip install 'diffpaint\[{ending}\]'"):
        diffpaint.painting.find_writer(f"a.{ending}").check(tmp_path / f"a.{ending}")
