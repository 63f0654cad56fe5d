"""Small renderers, an objective, a painting, and distributions of plugins: real, exact, and fast."""

import importlib
import json
import os
import sys

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # what tests compute is small: threads would wait for one another

import torch

import diffpaint
from diffpaint import Objective, Renderer, StrokeRenderer
from diffpaint.registry import GROUPS, rescan
from diffpaint.renderer import STROKE_ACTION

PLUGIN = '''
"""A plugin whose parts work."""
import click
import diffpaint


class Flat(diffpaint.Renderer):
    """One colour all over.

    And more about it.
    """

    action_names = ("red", "green", "blue")

    def __init__(self, size=(4, 4), tone=1.0):
        super().__init__()
        self.size = size

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas) * actions.mean(1)[:, :, None, None]


class Thin(diffpaint.Constraint):
    """Sizes are halved."""

    needs = ("size",)

    def __call__(self, actions, renderer, moment):
        actions = actions.clone()
        actions[..., self.check(renderer)] /= 2
        return actions

    def holds(self, actions, renderer):
        return bool((actions[..., self.check(renderer)] <= 0.5).all())


class Light(diffpaint.Objective):
    """Darkness."""

    def __init__(self, target=None):
        super().__init__()

    def forward(self, canvas):
        return 1 - canvas.mean()


@click.command()
def greet():
    """Say hello."""
    click.echo("hello")


@click.command()
def swell():
    """Ask for a thousand terabytes."""
    import torch
    torch.empty(2**50, dtype=torch.uint8)

'''

BROKEN = {
    "raise ImportError('no module named frobnicate')": "ImportError: no module named frobnicate",
    "import no_such_module_anywhere": "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    "raise RuntimeError('no operator nms\\nand a long tale')": "RuntimeError: no operator nms",
    "raise SystemExit('no display')": "SystemExit: no display",
    "def other(): pass": "AttributeError: module 'fake_broken' has no attribute 'thing'",
    "def": "SyntaxError: invalid syntax",
}


class Dots(StrokeRenderer):
    """Round soft dots: a Gaussian's alpha, whose centre, deviation and height are the actions."""

    action_names = ("pressure", "size", "red", "green", "blue", "x", "y")
    radius = (1.0, 6.0)
    reach = 3.5

    def __init__(self, size=(16, 20)):
        super().__init__()
        self.size = size
        self.register_buffer("unit", torch.ones(()), persistent=False)

    def stroke(self, actions):
        height, width = self.size
        low, high = self.radius
        pressure, size, x, y = (actions[:, index, None, None] for index in (0, 1, 5, 6))
        deviation = low * (high / low) ** size * self.cell / 64
        down = torch.arange(height, dtype=actions.dtype, device=actions.device)[:, None] + 0.5 - y * height
        across = torch.arange(width, dtype=actions.dtype, device=actions.device) + 0.5 - x * width
        alpha = pressure * torch.exp(-(down.square() + across.square()) / (2 * deviation.square()))
        return actions[:, 2:5, None, None], alpha[:, None]


class Lines(Renderer):
    """Actions of a painter, of which nothing is ever drawn."""

    action_names = STROKE_ACTION
    size = (8, 8)

    def forward(self, actions, canvas=None):
        raise AssertionError("constraints draw nothing")


class Dark(Objective):
    """Mean lightness."""

    def forward(self, canvas):
        return canvas.mean()


@pytest.fixture
def dots():
    """The class of a renderer: ``dots((H, W))``."""
    return Dots


@pytest.fixture
def dark():
    return Dark()


@pytest.fixture
def rand():
    """``rand(*shape)``: the same numbers in [0, 1] in every run, other ones at every call."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape, dtype=torch.float32):
        return torch.rand(*shape, generator=generator, dtype=dtype)

    return draw


@pytest.fixture
def lines():
    return Lines()


@pytest.fixture
def actions(rand):
    """Of lines: two canvases of 50 strokes, the ends of [0, 1] among them."""
    drawn = rand(2, 50, 12)
    drawn[0, 0], drawn[0, 1] = 0.0, 1.0
    return drawn


@pytest.fixture(scope="session")
def painting():
    """Two steps of a grid of 2 x 2 cells, two strokes in each, on yellow paper of 30 x 20 px."""
    target = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    grid = diffpaint.load_renderer("grid", rows=2, cols=2, size=(20, 30))
    settings = {"strokes": 2, "steps": 2, "seed": 4, "background": (0.9, 0.8, 0.1)}
    return diffpaint.paint(grid, diffpaint.Pixel(target), **settings, device="cpu", progress=False)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution of one module: its METADATA, entry_points.txt and code, where Python looks for them."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    modules = []

    def install(module, code, **groups):
        modules.append(module)
        (folder / f"{module}.py").write_text(code)
        info = folder / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.2\n")
        lines = []
        for group, entries in groups.items():
            lines += [f"[diffpaint.{group}]", *(f"{name} = {value}" for name, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        importlib.invalidate_caches()
        rescan()
        return folder

    yield install
    for module in modules:
        sys.modules.pop(module, None)
    rescan()


@pytest.fixture
def working(install):
    """A plugin of several kinds, all of which work."""
    return install(
        "fake_plugin",
        PLUGIN,
        renderers={"flat": "fake_plugin:Flat"},
        objectives={"light": "fake_plugin:Light"},
        constraints={"thin": "fake_plugin:Thin"},
        commands={"greet": "fake_plugin:greet", "swell": "fake_plugin:swell"},
    )


@pytest.fixture(params=BROKEN, ids=[reason.partition(":")[0] for reason in BROKEN.values()])
def broken(request, install):
    """A plugin that cannot be imported, registered in every group as ``broken``; gives the reason."""
    install("fake_broken", request.param, **{group: {"broken": "fake_broken:thing"} for group in GROUPS})
    return BROKEN[request.param]


@pytest.fixture(scope="session")
def engine():
    """What needs libmypaint and its brushes is skipped where they are not installed."""
    from diffpaint_mypaint import EngineMissing, libmypaint, read_brush

    try:
        libmypaint()
        read_brush("classic/dry_brush")
    except EngineMissing as missing:
        pytest.skip(str(missing))


TOWER = {"image_size": 32, "width": 32}
CLIPS = {
    "tiny-vit": {**TOWER, "layers": 2, "patch_size": 8, "head_width": 16},
    "tiny-resnet": {**TOWER, "layers": [1, 1, 1, 1], "width": 8},
    "tiny-timm": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "", "timm_proj": "linear"},
}


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory):
    """``tiny_clip(name, ending)``: a small CLIP of random weights, saved as a checkpoint: the name that loads it."""
    import diffpaint_clip  # noqa: F401  before open_clip: it silences what it warns of when it is imported

    # isort: split
    import open_clip
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("clip")
    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    for name, vision in CLIPS.items():
        (folder / f"{name}.json").write_text(json.dumps({"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}))
        open_clip.add_model_config(folder / f"{name}.json")

    def save(name, ending=".safetensors"):
        path = folder / f"{name}{ending}"
        if not path.exists():
            with torch.random.fork_rng():
                torch.manual_seed(0)
                state = open_clip.create_model(name, pretrained_image=False).state_dict()
            save_file(state, path) if ending == ".safetensors" else torch.save(state, path)
        return f"{name}:{path}"

    return save
