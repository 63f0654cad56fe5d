"""``diffpaint export`` and ``diffpaint paint``: every format from the command line."""

import pytest
from click.testing import CliRunner
from drawn import painted

from diffpaint.cli.main import cli


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("painting") / "a.json"
    painted(strokes=8, size=(40, 60)).save(path)
    return path


def call(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.mark.parametrize(
    "call_of_writer", ["svg", "svg(style=lines, order=nearest)", "html", "ora(layers=2)", "psd", "csv", "parquet"]
)
@pytest.mark.usefixtures("engine")
def test_a_painting_is_exported(call_of_writer, document, tmp_path):
    ending = call_of_writer.partition("(")[0]
    pytest.importorskip({"psd": "psd_tools", "parquet": "pyarrow"}.get(ending, "diffpaint"))
    done = call("export", document, "-o", tmp_path / f"a.{ending}", "--writer", call_of_writer)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == f"wrote {tmp_path / f'a.{ending}'} (60 x 40 px)"
    assert (tmp_path / f"a.{ending}").stat().st_size > 0


@pytest.mark.parametrize("ending", ["html", "csv", "svg", "ora"])
def test_what_cannot_be_written_is_said_before_it_is_painted(ending, tmp_path, monkeypatch):
    def worked(*_, **__):
        raise AssertionError("it has begun to paint")

    from PIL import Image

    Image.new("RGB", (24, 24), "red").save(tmp_path / "photo.png")
    monkeypatch.setattr("diffpaint.cli.job.paint", worked)
    output = tmp_path / f"a.{ending}"
    done = call(
        "paint", tmp_path / "photo.png", "-o", output, "--renderer", "cppn", "--objective", "pixel", "--size", 24
    )
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png"]
