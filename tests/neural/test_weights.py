"""Files of weights: shipped, saved, loaded, and refused."""

import json

import pytest
import torch
from msgspec import Struct
from safetensors import safe_open
from safetensors.torch import load_file, save, save_file
from torch import nn

import diffpaint
from diffpaint.io.weights import read_weights, save_weights
from diffpaint_neural.gan import GANNetwork
from diffpaint_neural.splat import SplatNetwork
from diffpaint_neural.weights import load_weights, shipped_brushes, shipped_path


@pytest.fixture
def weights(tmp_path):
    """``weights(header field=value, ...)``: the path of a file of weights that nobody trained; None drops a field."""
    torch.manual_seed(0)
    network = SplatNetwork((2.0, 6.0), points=5, scales=2, hidden=4, channels=3)
    header = {"painter": "splat", "brush": "mine", "radius": [2.0, 6.0], "reach": 3.0, "options": network.options}

    def write(**fields):
        changed = {key: value for key, value in (header | fields).items() if value is not None}
        save_weights(tmp_path / "mine.safetensors", network, changed)
        return tmp_path / "mine.safetensors"

    return write


def test_classic_dry_brush_ships():
    assert "classic/dry_brush" in shipped_brushes("splat")


@pytest.mark.parametrize("brush", shipped_brushes("splat"))
def test_shipped_weights_load(brush):
    painter = diffpaint.load_renderer("neural-splat", brush=brush)
    assert painter.brush == brush
    low, high = painter.radius
    assert 0 < low < high
    assert painter.reach > 1
    assert all(value.isfinite().all() for value in painter.state_dict().values())
    assert not any(parameter.requires_grad for parameter in painter.parameters())


def test_weights_are_loaded_as_they_were_saved(weights):
    path = weights(note={"of": ["any", 1]})
    state, header = load_weights("splat", str(path))
    assert header == {
        **{"painter": "splat", "brush": "mine", "radius": [2.0, 6.0], "reach": 3.0, "note": {"of": ["any", 1]}},
        "options": {"points": 5, "scales": 2, "hidden": 4, "channels": 3},
    }
    torch.manual_seed(0)
    for key, value in SplatNetwork((2.0, 6.0), **header["options"]).state_dict().items():
        assert torch.equal(state[key], value)
    assert [file.name for file in path.parent.iterdir()] == ["mine.safetensors"]


def test_whoever_may_read_other_files_may_read_weights(weights, tmp_path):
    (tmp_path / "other").touch()
    assert weights().stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_painter_is_made_from_a_file_and_says_so(weights):
    path = str(weights())
    painter = diffpaint.load_renderer("neural-splat", brush=path, size=(20, 30))
    assert (painter.brush, painter.radius, painter.reach) == ("mine", (2.0, 6.0), 3.0)
    assert painter.spec == {"name": "neural-splat", "options": {"brush": path, "size": [20, 30]}}
    assert painter(torch.rand(1, 2, 12)).shape == (1, 3, 20, 30)


def test_saving_fails_whole(weights):
    path = weights()
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_weights(path, SplatNetwork((1.0, 2.0)), {"painter": object()})
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


def test_an_unknown_brush_is_answered_with_those_that_ship():
    with pytest.raises(ValueError, match="no neural-splat for brush 'classic/charcol'") as error:
        diffpaint.load_renderer("neural-splat", brush="classic/charcol")
    for brush in shipped_brushes("splat"):
        assert brush in str(error.value)
    assert "'diffpaint train splat' makes one for any brush" in str(error.value)


def test_a_missing_file_of_weights_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no file of weights .*gone\.safetensors"):
        diffpaint.load_renderer("neural-splat", brush=str(tmp_path / "gone.safetensors"))


@pytest.mark.parametrize("damage", ["cut short", "half a header", "empty", "text"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    whole = shipped_path("splat", "classic/dry_brush").read_bytes()
    path = tmp_path / "damaged.safetensors"
    path.write_bytes({"cut short": whole[:-100], "half a header": whole[:60], "empty": b"", "text": b"x" * 99}[damage])
    with pytest.raises(ValueError, match=r"damaged\.safetensors is damaged.*fetch or train it again"):
        load_weights("splat", str(path))


def test_a_file_of_other_tensors_is_refused(weights):
    path = weights()
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    state = load_file(path)
    first = next(iter(state))
    for changed in ({key: value for key, value in state.items() if key != first}, state | {first: torch.zeros(3, 3)}):
        save_file(changed, path, metadata=metadata)
        with pytest.raises(ValueError, match=r"mine\.safetensors is damaged"):
            diffpaint.load_renderer("neural-splat", brush=str(path))


def test_a_file_without_a_header_is_refused(weights):
    path = weights()
    state = load_file(path)
    for metadata in (None, {"diffpaint": "not json"}, {"diffpaint": "[]"}, {"other": json.dumps({"painter": "splat"})}):
        save_file(state, path, metadata=metadata)
        with pytest.raises(ValueError, match=r"mine\.safetensors is damaged, or no weights of a painter"):
            load_weights("splat", str(path))


def test_weights_of_another_painter_are_refused(weights):
    with pytest.raises(ValueError, match=r"mine\.safetensors holds weights of neural-gan, wanted neural-splat"):
        load_weights("splat", str(weights(painter="gan")))


@pytest.mark.parametrize("field", ["painter", "brush", "radius", "reach", "options"])
def test_a_header_that_lacks_a_field_is_refused(weights, field):
    with pytest.raises(ValueError, match=r"mine\.safetensors is damaged"):
        diffpaint.load_renderer("neural-splat", brush=str(weights(**{field: None})))


@pytest.mark.parametrize("options", [{"points": 5, "wings": 2}, {"points": 0}, {"points": 1}, {"points": -1}])
def test_options_that_the_network_does_not_take_are_refused(weights, options):
    path = weights(options={"scales": 2, "hidden": 4, "channels": 3, **options})
    with pytest.raises(ValueError, match=r"mine\.safetensors is damaged"):
        diffpaint.load_renderer("neural-splat", brush=str(path))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"radius": [None, 6.0]}, "radius[0]: expected `float`, got `null`"),
        ({"radius": [6.0, 2.0]}, "radius is (low, high), got (6.0, 2.0)"),
        ({"radius": [0.0, 2.0]}, "radius[0]: expected `float` > 0.0, got 0.0"),
        ({"radius": 3}, "radius: expected `array`"),
        ({"reach": 1e300}, "reach: expected `float` <= 1000.0"),
        ({"reach": "far"}, "reach: expected `float`, got `str`"),
        ({"options": {"points": 10**12}}, "options"),
        ({"options": {"points": 9_999, "scales": 2, "hidden": 4, "channels": 9_999}}, "of other shapes"),
        ({"options": []}, "options: expected `object`"),
        ({"painter": "x" * 200_000}, "painter: expected `str` of length <= 1000"),
        ({"brush": 3}, "brush: expected `str`, got `int`"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_header_is_checked_against_its_schema(weights, fields, named):
    path = str(weights(**fields))
    with pytest.raises(ValueError, match=r"mine\.safetensors") as error:
        diffpaint.load_renderer("neural-splat", brush=path)
    assert named in str(error.value)
    assert len(str(error.value)) < 300 + len(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), torch.finfo(torch.float64).max])
def test_weights_that_are_not_finite_are_refused(weights, value):
    path = weights()
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    state = load_file(path)
    state["pixel_out.bias"] = torch.full((1,), value, dtype=torch.float64)
    save_file(state, path, metadata=metadata)
    with pytest.raises(ValueError, match=r"mine\.safetensors .*pixel_out\.bias holds what is no finite number"):
        diffpaint.load_renderer("neural-splat", brush=str(path))


def test_weights_that_make_what_is_not_finite_are_refused(tmp_path):
    """A variance below 0 is finite, and its root is not."""
    network = GANNetwork((2.0, 6.0), channels=16)
    network.start[0].running_var.fill_(-1.0)
    header = {"painter": "gan", "brush": "mine", "radius": [2.0, 6.0], "reach": 3.0, "options": network.options}
    save_weights(tmp_path / "mine.safetensors", network, header)
    with pytest.raises(ValueError, match="not finite; train it again"):
        diffpaint.load_renderer("neural-gan", brush=str(tmp_path / "mine.safetensors"))


class Of(Struct):
    of: str


def test_weights_in_eight_bits_are_nearly_the_same_in_a_quarter_of_the_size(tmp_path):
    network = nn.Sequential(nn.ConvTranspose2d(64, 32, 4), nn.BatchNorm2d(32), nn.Conv2d(32, 4, 3))
    with torch.no_grad():
        network[0].weight[5] = 0  # a row without anything
    for name, eight_bits in (("whole", False), ("small", True)):
        save_weights(tmp_path / f"{name}.safetensors", network, {"of": "test"}, eight_bits=eight_bits)
    whole, small = (read_weights(tmp_path / f"{name}.safetensors", Of, "a test")[0] for name in ("whole", "small"))
    assert whole.keys() == small.keys() == network.state_dict().keys()
    for key, value in network.state_dict().items():
        assert torch.equal(whole[key], value)
        assert small[key].dtype == value.dtype
        assert (small[key] - value).abs().max() <= value.abs().max() / 254 + 1e-9
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("whole", "small")]
    assert sizes[1] < 0.3 * sizes[0]


def test_a_scale_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "odd.safetensors"
    stored = {"w": torch.zeros(4, 3, dtype=torch.int8)}
    for scale in ({"w@scale": torch.zeros(3, 1)}, {"v@scale": torch.zeros(4, 1)}):
        path.write_bytes(save(stored | scale, metadata={"diffpaint": '{"of": "test"}'}))
        with pytest.raises(ValueError, match="is damaged, or no weights of a test"):
            read_weights(path, Of, "a test")
