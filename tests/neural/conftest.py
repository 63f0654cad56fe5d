"""What the tests of painters share: a small data set, runs of a few steps, and weights that nobody trained."""

import pytest
import torch

from diffpaint.io.weights import save_weights
from diffpaint_mypaint import plan, write
from diffpaint_neural import NeuralDabs, NeuralGAN, NeuralSplat, NeuralVAE

PAINTERS = {painter.painter: painter for painter in (NeuralSplat, NeuralDabs, NeuralVAE, NeuralGAN)}
SMALL = {
    "splat": {"points": 5, "scales": 2, "hidden": 4, "channels": 3},
    "dabs": {"dabs": 12, "hidden": 6},
    "vae": {"latent": 6, "hidden": [10]},
    "gan": {"channels": 16},
}


def draw(folder, count=100, brush="classic/charcoal", **settings):
    manifest = plan(folder, brush, count, **settings)
    assert sum(write(folder, manifest)) == count
    return folder


@pytest.fixture(scope="session")
def strokes():
    """``strokes(folder, count, brush, ...)``: draws a data set and returns its folder."""
    return draw


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A small data set. Not to be written to."""
    return draw(tmp_path_factory.mktemp("data"))


@pytest.fixture
def untrained(tmp_path):
    """``untrained(painter, **options)``: the path of weights that nobody trained, as text, always the same."""

    def write(painter, *, named=None, **options):
        torch.manual_seed(0)
        network = PAINTERS[painter].network_class((1.0, 8.0), **SMALL[painter] | options)
        with torch.no_grad():
            for parameter in network.parameters():
                if painter in ("vae", "gan") and parameter.ndim > 1:
                    parameter.mul_(3)  # so that their strokes differ by more than a shade of grey
        path = tmp_path / f"{painter}.safetensors"
        header = {"painter": named or painter, "brush": "mine", "radius": [1.0, 8.0], "reach": 2.0}
        save_weights(path, network, header | {"options": network.options})
        return str(path)

    return write
