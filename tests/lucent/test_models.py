import os
import subprocess
import sys

import pytest
import torch
import torchvision
from lucent.modelzoo import inceptionv1

from diffpaint import PluginError
from diffpaint_lucent import Model, load_model


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Where torch keeps what it has downloaded: empty, and nothing can be downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # discard: nobody listens
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def squeezenet():
    torch.manual_seed(0)
    return torchvision.models.squeezenet1_1(weights=None)


def wrapped():
    return Model("small", squeezenet(), (0.5,) * 3, (0.5,) * 3, ("features_0",))


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"])
def test_the_lite_networks_need_no_download(name, downloads):
    model = load_model(name)
    assert not model.network.training
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    assert model.network(model.normalise(torch.rand(1, 3, 64, 64))).shape == (1, 1000)


def test_normalise_takes_mean_and_std_of_each_channel():
    model = Model("m", torch.nn.Identity(), (0.1, 0.2, 0.3), (1.0, 2.0, 4.0))
    seen = model.normalise(torch.full((1, 3, 1, 1), 0.5))
    torch.testing.assert_close(seen.flatten(), torch.tensor([0.4, 0.15, 0.05]))


def test_torchvision_models_load_what_is_downloaded(downloads):
    url = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.url
    torch.save(squeezenet().state_dict(), downloads / url.rsplit("/", 1)[1])
    model = load_model("torchvision:squeezenet1_1")
    assert model.mean == (0.485, 0.456, 0.406)
    torch.testing.assert_close(model.network.state_dict(), squeezenet().state_dict())


def test_lucents_inceptionv1_loads_what_is_downloaded_and_takes_its_own_range(downloads):
    torch.save(inceptionv1(pretrained=False).state_dict(), downloads / "inception5h.pth")
    model = load_model("lucent:inceptionv1")
    ends = model.normalise(torch.tensor([0.0, 1.0])[:, None, None, None].expand(2, 3, 1, 1))
    torch.testing.assert_close(ends[:, 0, 0, 0], torch.tensor([-117.0, 138.0]))
    assert model.content_layers == ("mixed3b",)


@pytest.mark.parametrize("name", ["torchvision:squeezenet1_1", "lucent:inceptionv1"])
def test_a_download_that_fails_names_what_needs_none(name, downloads):
    with pytest.raises(ValueError, match=rf"{name} cannot be downloaded .*these need no download: efficientnet-lite0"):
        load_model(name)


def test_a_callable_makes_a_network_or_a_model():
    model = load_model(f"{__name__}:squeezenet")
    assert model.std == (0.229, 0.224, 0.225)
    assert load_model(f"{__name__}:wrapped").content_layers == ("features_0",)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("efficientnet-lite9", ValueError, "no model 'efficientnet-lite9'; there are efficientnet-lite0"),
        ("torchvision:squeezenet9", ValueError, "torchvision has no model 'squeezenet9'"),
        ("lucent:resnet", ValueError, "there is lucent:inceptionv1"),
        ("no_such_package:net", PluginError, "No module named 'no_such_package'"),
        ("builtins:object", ValueError, "returned a object; wanted an nn.Module"),
    ],
)
def test_unknown_models_are_explained(name, error, said):
    with pytest.raises(error, match=said):
        load_model(name)


TIMM = """
import sys, pathlib, timm, torch
from safetensors.torch import save_file
from diffpaint_lucent import load_model
for name in ("test_resnet.r160_in1k", "test_vit.r160_in1k"):
    torch.manual_seed(0)
    state = timm.create_model(name).state_dict()
    folder = pathlib.Path(sys.argv[1]) / "hub" / f"models--timm--{name}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("a" * 40)
    (folder / "snapshots" / ("a" * 40)).mkdir(parents=True)
    save_file(state, folder / "snapshots" / ("a" * 40) / "model.safetensors")
    model = load_model(f"timm:{name}")
    assert all(torch.equal(value, state[key]) for key, value in model.network.state_dict().items())
    print(model.size, model.network(model.normalise(torch.rand(1, 3, 160, 160))).shape[1], model.tokens)
print(model.network(model.normalise(torch.rand(1, 3, 50, 90))).shape[1])
try:
    load_model("timm:test_efficientnet.r160_in1k")
except ValueError as error:
    print(error)
"""


def test_timm_models_load_what_is_downloaded(tmp_path):
    # in a process of its own: huggingface_hub reads where it keeps things when it is imported
    environment = os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "hub")}
    script = [sys.executable, "-c", TIMM, str(tmp_path)]
    ended = subprocess.run(script, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    *loaded, any_size, failed = ended.stdout.splitlines()
    assert loaded == ["160 1000 None", "160 1000 Tokens(patch=(16, 16), prefix=1, classified=True)"]
    assert any_size == "1000"
    assert "timm:test_efficientnet.r160_in1k cannot be downloaded" in failed
    assert failed.endswith("need no download: efficientnet-lite0, efficientnet-lite1, efficientnet-lite2")


def test_a_timm_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="timm has no pretrained model 'resnet9000'"):
        load_model("timm:resnet9000")
