"""docs/train-your-own-brush.md, followed literally, with few strokes and few steps."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from diffpaint.cli.main import cli
from diffpaint.io.document import read_document
from diffpaint_mypaint import carried_brush, read_brush

pytestmark = pytest.mark.usefixtures("engine")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "train-your-own-brush.md").read_text()
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S) for line in block.splitlines()]
FEW = {  # the last of two options counts
    "train": "--steps 3 --batch 16",
    "evaluate": "--actions 8 --draws 2 --oversample 1",
    "paint": "--steps 2 --size 128",
    "replay": "--size 256",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the page was followed."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(read_brush("classic/charcoal").path, folder / "my_brush.myb")
    shutil.copy(ROOT / "tests" / "data" / "chelsea.jpg", folder / "photo.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in COMMANDS:
            program, command, *rest = shlex.split(line)
            assert program == "diffpaint"
            few = shlex.split(FEW[command]) + (["--count", "48"] if command == "train" and "--brush" in rest else [])
            result = CliRunner().invoke(cli, [command, *rest, *few])
            assert result.exit_code == 0, f"{line}\n{result.output}"
    return folder


def test_the_page_goes_from_a_brush_to_a_replay():
    assert [line.split()[1] for line in COMMANDS] == ["train", "evaluate", "paint", "replay", "train", "paint"]


def test_pictures_are_there(folder):
    for name in ("run/strokes.png", "sheet.png", "painting.png", "real.png", "run-dabs/strokes.png", "grainy.png"):
        with Image.open(folder / name) as picture:
            assert min(picture.size) > 60, name


def test_the_painting_names_the_brush_and_both_painters_learned_it(folder):
    document = read_document(folder / "painting.json")
    assert document["brush"] == "my_brush.myb"
    assert carried_brush(document["brush"], document["brush_file"]).settings == read_brush("classic/charcoal").settings
    for run in ("run", "run-dabs"):
        assert "my_brush.myb" in (folder / run / "card.md").read_text()
