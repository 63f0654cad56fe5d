"""Names out of files: at no depth of any format do they import what no plugin registers."""

import json
import sys

import pytest
import torch

import diffpaint
from diffpaint import Painting, PluginError
from diffpaint.io.untrusted import names_of_a_file
from diffpaint.io.weights import save_weights
from diffpaint_agent.agent import Agent
from diffpaint_agent.weights import constraints_of, load_agent

SENT = "sent_code:Flat"
OPTIONS = {"rows": 2, "cols": 2, "size": [20, 30]}
WRAPPERS = '''
import diffpaint


class Wrapped(diffpaint.Renderer):
    """Loads what its options name, now or as late as it can."""

    action_names = ("red", "green", "blue")

    def __init__(self, inner=(), late="", size=(20, 30)):
        super().__init__()
        self.size, self.late = tuple(size), late
        for name in inner["names"] if isinstance(inner, dict) else inner:
            diffpaint.load_renderer(name)

    def forward(self, actions, canvas=None):
        if self.late:
            diffpaint.load_renderer(self.late)
        return self.check(actions, canvas)
'''


@pytest.fixture
def sent(tmp_path, monkeypatch):
    """A module on the path that leaves a file when it is imported, as none that a file names may."""
    (tmp_path / "code").mkdir()
    trace = tmp_path / "ran"
    (tmp_path / "code" / "sent_code.py").write_text(f"open({str(trace)!r}, 'w')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    monkeypatch.chdir(tmp_path)
    yield
    assert not trace.exists()
    assert "sent_code" not in sys.modules


@pytest.fixture
def wrappers(install):
    install("fake_wrappers", WRAPPERS, renderers={"wrapped": "fake_wrappers:Wrapped"})


def saved(painting, folder, renderer):
    document = json.loads(json.dumps(painting.document())) | {"renderer": renderer}
    (folder / "a.json").write_text(json.dumps(document))
    return folder / "a.json"


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    "renderer",
    [
        {"name": SENT, "options": {}},
        {"name": "subprocess:Popen", "options": {"args": ["touch", "ran"]}},
        {"name": "os:system", "options": {"command": "touch ran"}},
        {"name": "grid", "options": {**OPTIONS, "renderer": SENT}},
        {"name": "grid", "options": {**OPTIONS, "renderer": f" {SENT}(tone=3)"}},
        {"name": "grid", "options": {**OPTIONS, "renderer": f"grid(renderer={SENT}, rows=1, cols=1)"}},
        {"name": "grid", "options": {**OPTIONS, "renderer": f"grid(renderer='grid(renderer={SENT})', rows=1)"}},
        {"name": "grid", "options": OPTIONS, "defaults": {"renderer": SENT}},
        {"name": "pyramid", "options": {**OPTIONS, "levels": 1, "renderer": SENT}},
        {"name": "wrapped", "options": {"inner": ["neural-splat", SENT]}},
        {"name": "wrapped", "options": {"inner": {"names": [SENT]}}},
        {"name": "wrapped", "options": {"late": SENT}},
    ],
    ids=str,
)
def test_a_document_names_what_is_registered_alone(painting, tmp_path, wrappers, renderer):
    path = saved(painting, tmp_path, renderer)
    late = renderer["options"].get("late")
    if late:
        document = json.loads(path.read_text()) | {"action_names": ["red", "green", "blue"], "actions": [[0.5] * 3]}
        path.write_text(json.dumps(document))
    with pytest.raises((ValueError, PluginError), match="stands in a file, is registered by no plugin") as error:
        Painting.load(path)
    assert len(str(error.value)) < 300 + len(str(path))


def test_what_a_plugin_registers_may_be_named_by_its_class_too(painting, tmp_path):
    named = {"name": "diffpaint_grid:Grid", "options": {**OPTIONS, "renderer": "diffpaint_neural:NeuralSplat"}}
    assert torch.equal(Painting.load(saved(painting, tmp_path, named)).canvas, painting.canvas)


def test_what_a_person_types_or_trusts_is_imported(painting, tmp_path, install, working):
    install("fake_mine", (working / "fake_plugin.py").read_text())
    assert diffpaint.load_renderer("fake_mine:Flat").size == (4, 4)
    path = saved(painting, tmp_path, {"name": "fake_mine:Flat", "options": {"size": [20, 30]}})
    document = json.loads(path.read_text()) | {"action_names": ["red", "green", "blue"], "actions": [[0.5] * 3]}
    path.write_text(json.dumps(document | {"background": [1, 1, 1]}))
    with pytest.raises(ValueError, match="registered by no plugin"):
        Painting.load(path)
    assert Painting.load(path, diffpaint.load_renderer("fake_mine:Flat", size=(20, 30))).canvas.mean() == 0.5
    with names_of_a_file(trusted=["fake_mine:Flat"]):
        assert Painting.load(path).canvas.mean() == 0.5
        with pytest.raises(ValueError, match="registered by no plugin"):
            diffpaint.load_renderer("fake_mine:Light")
    assert diffpaint.load_renderer("fake_mine:Flat").size == (4, 4)


def agent(folder, **fields):
    header = {"data": {"source": "mnist"}, "painter": "neural-splat", "brush": "classic/dry_brush", "constraints": []}
    network = Agent(8, 3, 12, channels=2, hidden=4)
    save_weights(folder / "a.safetensors", network, header | {"options": network.options} | fields)
    return str(folder / "a.safetensors")


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("painter", [SENT, "subprocess:Popen", f"grid(renderer={SENT}, rows=1, cols=1)"])
def test_an_agent_names_what_is_registered_alone(tmp_path, painter):
    assert load_agent(agent(tmp_path)).painter(8).size == (8, 8)
    trained = load_agent(agent(tmp_path, painter=painter))
    with pytest.raises(ValueError, match=r"registered by no plugin|unexpected keyword"):
        trained.painter(8)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("rule", [SENT, "os:system", "../palette", ""])
def test_constraints_of_a_file_are_registered(tmp_path, rule):
    with pytest.raises(TypeError, match="no constraint"):
        constraints_of([{"rule": rule}])
    with pytest.raises(ValueError, match="its constraints cannot be made"):
        load_agent(agent(tmp_path, constraints=[{"rule": rule}]))


@pytest.mark.parametrize(
    ("renderer", "named"),
    [
        ({"size": [16]}, "size is (height, width)"),
        ({"size": [10**9, 10**9]}, "at most 400 megapixels"),
        ({"size": [300, 400]}, "its renderer's size is (300, 400)"),
        ({"rows": 10**9, "cols": 10**9}, "takes a multiple of"),
        ({"scale": 10**9}, "megapixels"),
        ({"overlap": 0.9999999}, "megapixels"),
        ({"rows": 2.5}, "rows must be a whole number, got 2.5"),
        ({"brush": "no" * 100_000}, "cannot be made"),
        ({"no" * 100_000: 1}, "unexpected keyword"),
        ({"brush": 3}, "cannot be made"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_options_of_a_document_are_bounded(painting, tmp_path, monkeypatch, renderer, named):
    monkeypatch.chdir(tmp_path)
    saved(painting, tmp_path, {"name": "grid", "options": {**OPTIONS, **renderer}})
    with pytest.raises(ValueError, match=r"a\.json|takes a multiple of") as error:
        Painting.load("a.json")
    assert named in str(error.value)
    assert len(str(error.value)) <= 300
    assert str(error.value).isprintable()


@pytest.mark.parametrize("options", [{"hidden": 10**9}, {"layers": 10**9}, {"hidden": 1000}, {"size": [10**9, 1]}])
def test_a_cppn_of_a_document_is_bounded(painting, tmp_path, options):
    with pytest.raises(ValueError, match=r"a\.json"):
        Painting.load(saved(painting, tmp_path, {"name": "cppn", "options": options}))


def test_a_pyramid_of_a_document_is_bounded(painting, tmp_path):
    with pytest.raises(ValueError, match="can be halved to at most 2 levels"):
        Painting.load(saved(painting, tmp_path, {"name": "pyramid", "options": {**OPTIONS, "levels": 2**31 - 1}}))
