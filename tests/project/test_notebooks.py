"""Every notebook of the examples runs from top to bottom, and shows what it says."""

import re
import shutil
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks are run by nbclient")
NotebookClient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient").NotebookClient
pytest.importorskip("ipykernel", reason="notebooks are run in IPython's kernel")

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))
PICTURE, PAGE = "image/png", "text/html"
SHOWN = {  # kinds of what the cells give, and how many
    "feature_visualisation": {PICTURE: 2, PAGE: 2},
    "paint_a_photo": {PICTURE: 3, PAGE: 1},
    "write_a_renderer": {PICTURE: 3, PAGE: 0},
}


def test_each_is_run():
    assert [path.stem for path in NOTEBOOKS] == sorted(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # jupyter's own
def test_a_notebook_runs(path, tmp_path):
    for folder in ("notebooks", "photos"):
        shutil.copytree(EXAMPLES / folder, tmp_path / folder)
    notebook = nbformat.read(path, 4)
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output["data"] for output in outputs if "data" in output]
    assert {kind: sum(kind in data for data in shown) for kind in (PICTURE, PAGE)} == SHOWN[path.stem]


@pytest.mark.filterwarnings("ignore")
def test_a_link_of_a_notebook_leads_somewhere():
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, 4).cells:
            for link in re.findall(r"\]\(([^)#]+)", cell.source) if cell.cell_type == "markdown" else ():
                assert (path.parent / link).exists(), f"{path.name}: {link}"
