"""Whatever somebody sends: it loads, or is refused in one line, and no code runs.

The long one, half an hour: ``python -m pytest tests/fuzz --hypothesis-profile=long``.
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mutations import as_json, changed, damaged
from PIL import Image
from safetensors.torch import save

from diffpaint import Painting, Pixel, load_renderer, paint, read_image
from diffpaint.io import png, shrinking, tiff
from diffpaint.io.document import read_document
from diffpaint.training.folder import Log, RunFolder
from diffpaint.training.recipe import Recipe
from diffpaint.training.settings import TrainingSettings
from diffpaint_agent.agent import Agent
from diffpaint_agent.demonstrations import FOLDER, read_demonstrations
from diffpaint_agent.pictures import open_pictures, read_idx
from diffpaint_agent.weights import load_agent
from diffpaint_film import read_film
from diffpaint_mypaint import read_manifest, read_shard
from diffpaint_mypaint.dataset import check_complete
from diffpaint_mypaint.replay import check_replayable
from diffpaint_neural.gan import GANNetwork
from diffpaint_neural.splat import SplatNetwork


class Line(Recipe):
    """A slope."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Linear(2, 1)
        self.optimizers = {"slope": torch.optim.Adam(self.slope.parameters())}

    def step(self, number, batch):
        return {"mse": self.slope.weight.square().mean()}

    def sheet(self, path):
        pass


def picture(kind="PNG", mode="RGB", size=(30, 20), **options):
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(whole, kind, **options)
    return whole.getvalue()


def painted():
    """A document with a picture behind it."""
    ground = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))
    grid = load_renderer("grid", rows=2, cols=2, size=(20, 30))
    goal = Pixel(torch.zeros(1, 3, 20, 30))
    return paint(grid, goal, strokes=1, steps=1, background=ground, device="cpu", progress=False).document()


DOCUMENT = painted()
SPLAT = SplatNetwork((2.0, 6.0), points=5, scales=2, hidden=4, channels=3)
GAN = GANNetwork((2.0, 6.0), noise=2, channels=16)
PAINTER = {"brush": "mine", "radius": [2.0, 6.0], "reach": 3.0, "data": {"count": 3}}
HEADERS = {
    "splat": (SPLAT, {**PAINTER, "painter": "splat", "options": SPLAT.options}),
    "gan": (GAN, {**PAINTER, "painter": "gan", "options": GAN.options}),
}
AGENT = Agent(8, 3, 12, channels=2, hidden=4, points=[[6, 7]])
OF_AGENT = {
    **{"data": {"source": "mnist"}, "painter": "neural-splat", "brush": "classic/dry_brush", "options": AGENT.options},
    "constraints": [{"rule": "Palette", "colors": [[0.0, 0.0, 0.0]]}, {"rule": "Levels", "name": "size", "count": 3}],
}
MANIFEST = {
    **{"brush": "classic/dry_brush", "brush_sha256": "0", "engine": "1.6", "count": 10, "seed": 0, "oversample": 1},
    **{"radius": [1.0, 8.0], "columns": list(load_renderer("neural-splat").action_names), "version": 1},
}


def weights(network, header):
    """Files of weights with a changed header, with changed weights, and damaged ones."""
    state = network.state_dict()
    odd = st.sampled_from([float("nan"), float("inf"), 1e38, -1.0, 0.0])

    def spoiled(key, value):
        return {**state, key: torch.full_like(state[key], value) if state[key].is_floating_point() else state[key]}

    def whole(state, header):
        return save(state, metadata={"diffpaint": json.dumps(header)})

    return (
        changed(header).map(lambda header: whole(state, header))
        | st.builds(spoiled, st.sampled_from(sorted(state)), odd).map(lambda state: whole(state, header))
        | damaged(whole(state, header))
    )


def packed(state):
    """A checkpoint's bytes."""
    whole = io.BytesIO()
    torch.save(state, whole)
    return whole.getvalue()


def checkpoints(path):
    """Checkpoints with a changed state, and damaged ones."""
    state = torch.load(path, weights_only=True)
    return changed(state).map(packed) | damaged(path.read_bytes())


@given(st.data())
def test_documents(survives, data):
    def load():
        check_replayable(read_document("a.json"))
        Painting.load("a.json")

    survives(data.draw(as_json(DOCUMENT)), "a.json", load)


@given(st.data())
def test_documents_of_films(survives, data):
    film = {
        "format": "diffpaint-film",
        "version": 1,
        "width": 8,
        "height": 8,
        "background": [0.5, 0.5, 0.5],
        "renderer": {"name": "scatter", "options": {"size": [8, 8]}},
        "action_names": list(load_renderer("scatter", size=(8, 8)).action_names),
        "strokes": [[0.5] * 15] * 3,
        "frames": [[0, 1], [1, 2]],
        "times": [0.0, 0.1],
        "seed": 0,
    }

    def load():
        document, renderer = read_film("a.json")
        for number in range(min(2, len(document.frames))):
            renderer(document.actions(number), document.ground(renderer))

    survives(data.draw(as_json(film)), "a.json", load)


@given(st.data())
def test_names_in_documents(survives, data):
    document = {**DOCUMENT, "renderer": data.draw(changed(DOCUMENT["renderer"]))}
    survives(json.dumps(document).encode(), "a.json", lambda: Painting.load("a.json"))


@pytest.mark.parametrize("painter", HEADERS)
@given(data=st.data())
def test_weights_of_painters(survives, painter, data):
    content = data.draw(weights(*HEADERS[painter]))
    survives(content, "a.safetensors", lambda: load_renderer(f"neural-{painter}", brush="a.safetensors"))


@given(st.data())
def test_weights_of_agents(survives, data):
    survives(data.draw(weights(AGENT, OF_AGENT)), "a.safetensors", lambda: load_agent("a.safetensors").painter(8))


@given(st.data())
def test_checkpoints_of_paintings(survives, folder, data):
    splat, goal = load_renderer("neural-splat", size=(8, 8)), Pixel(torch.zeros(1, 3, 8, 8))
    options = {"strokes": 1, "device": "cpu", "progress": False}
    if not (folder / "whole.ckpt").exists():
        paint(splat, goal, steps=1, checkpoint="whole.ckpt", **options)

    def load():
        paint(splat, goal, steps=1, checkpoint="a.ckpt", resume=True, **options)

    survives(data.draw(checkpoints(folder / "whole.ckpt")), "a.ckpt", load)


@given(st.data())
def test_checkpoints_of_training(survives, folder, data):
    run = RunFolder(Path(), {"line": {"slope": 2.0}}, TrainingSettings())
    if not (folder / "whole.pt").exists():
        recipe = Line()
        recipe.optimizers["slope"].step()
        run.keep(recipe, Log([{"mse": 1.0}]))
        (folder / "checkpoint.pt").rename(folder / "whole.pt")
    survives(data.draw(checkpoints(folder / "whole.pt")), "checkpoint.pt", lambda: run.restore(Line()))


@given(st.data())
def test_demonstrations(survives, data):
    document = json.loads((FOLDER / "digits.json").read_text())
    document["sequences"] = document["sequences"][:2]
    survives(data.draw(as_json(document)), "a.json", lambda: read_demonstrations("a.json", 8))


@given(st.data())
def test_manifests(survives, folder, data):
    survives(data.draw(as_json(MANIFEST)), "manifest.json", lambda: check_complete(Path(), read_manifest(Path())))


@given(st.data())
def test_shards(survives, folder, data):
    whole = io.BytesIO()
    np.savez_compressed(whole, actions=np.full((3, 12), 0.5, np.float32), alpha=np.zeros((3, 64, 64), np.uint8))
    survives(data.draw(damaged(whole.getvalue())), "shard-00000.npz", lambda: read_shard(Path(), 0))


@given(st.data())
def test_zips_of_pictures(survives, data):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as all:
        for number in range(10):
            all.writestr(zipfile.ZipInfo(f"{number}.png"), picture(size=(8, 8)))
    survives(data.draw(damaged(whole.getvalue())), "a.zip", lambda: open_pictures("a.zip", 8))


@given(st.data())
def test_idx_files(survives, data):
    whole = b"\0\0\x08\3" + bytes([0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4]) + bytes(32)
    survives(data.draw(damaged(whole)), "a", lambda: read_idx(Path("a")))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
@given(data=st.data())
def test_pictures(survives, kind, data):
    mode = data.draw(st.sampled_from(["RGB", "L"]))
    survives(data.draw(damaged(picture(kind, mode))), "a", lambda: read_image("a", (8, 8)))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@given(data=st.data())
def test_large_pictures(survives, kind, data):
    """Those that are read some rows at a time; small ones here."""
    mode, packed = data.draw(st.sampled_from(["RGB", "RGBA"])), data.draw(st.sampled_from(["raw", "tiff_lzw"]))
    options = {"compression": packed, "strip_size": 256} if kind == "TIFF" else {}
    content = data.draw(damaged(picture(kind, mode, **options)))
    with pytest.MonkeyPatch.context() as patch:
        for module in (png, tiff):
            patch.setattr(module, "LARGE", 0)
        patch.setattr(shrinking, "STRIP", 90)
        survives(content, "a", lambda: read_image("a", (8, 8)))


def test_all_of_them_load_as_they_are(survives, folder):
    """What is changed here is valid before."""
    (folder / "a.json").write_text(json.dumps(DOCUMENT))
    assert Painting.load("a.json").actions.shape == (1, 4, 12)
    for network, header in HEADERS.values():
        (folder / "a.safetensors").write_bytes(save(network.state_dict(), metadata={"diffpaint": json.dumps(header)}))
        assert load_renderer(f"neural-{header['painter']}", brush="a.safetensors").brush == "mine"
    (folder / "a.safetensors").write_bytes(save(AGENT.state_dict(), metadata={"diffpaint": json.dumps(OF_AGENT)}))
    assert len(load_agent("a.safetensors").constraints) == 2
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    assert read_manifest(folder).count == 10
