"""Documents of paintings: what is checked, and what is said of a damaged one."""

import base64
import io
import json

import pytest
from PIL import Image

import diffpaint
from diffpaint import Painting, PluginError
from diffpaint.io.document import read_document

GRID = {"rows": 2, "cols": 2, "size": (20, 30)}


@pytest.fixture
def document(painting):
    return json.loads(json.dumps(painting.document()))


def refused(document, folder):
    """What is said about a damaged document, by the check and by load alike."""
    path = folder / "a.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"a\.json") as error:
        read_document(path)
    with pytest.raises(ValueError, match=r"a\.json"):
        Painting.load(path)
    return str(error.value)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_document_of_another_version_is_refused(document, tmp_path, version):
    assert f"version {version!r}" in refused({**document, "version": version}, tmp_path)


KEYS = "width height background brush cell stroke_columns strokes renderer action_names actions seed losses interrupted"


@pytest.mark.parametrize("key", KEYS.split())
def test_a_document_that_lacks_a_key_is_refused(document, tmp_path, key):
    del document[key]
    assert f"it lacks `{key}`" in refused(document, tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("width", "30"),
        ("width", 30.5),
        ("height", None),
        ("background", 1),
        ("brush", 1),
        ("cell", "large"),
        ("strokes", {}),
        ("actions", "none"),
        ("renderer", "grid"),
        ("seed", "0"),
        ("losses", 0.5),
        ("interrupted", 0),
    ],
)
def test_a_value_of_another_kind_is_refused(document, tmp_path, key, value):
    assert f"{key}: expected" in refused({**document, key: value}, tmp_path)


@pytest.mark.parametrize("key", ["width", "height", "cell"])
@pytest.mark.parametrize("value", [0, -3])
def test_lengths_are_above_0(document, tmp_path, key, value):
    assert f"{key}: expected" in refused({**document, key: value}, tmp_path)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("actions", 3),
        ("actions", 1.5),
        ("actions", -0.1),
        ("actions", "0.5"),
        ("actions", None),
        ("actions", 10**400),
        ("strokes", 1e300),
        ("strokes", []),
    ],
    ids=lambda value: str(value)[:9],
)
def test_a_number_out_of_range_is_refused_and_its_row_named(document, tmp_path, table, value):
    document[table][3][5] = value
    assert f"{table}[3][5]" in refused(document, tmp_path)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("key", ["cell", "losses", "actions", "width"])
def test_json_knows_no_number_that_is_not_finite(document, tmp_path, key, value):
    assert "is no painting: not JSON" in refused({**document, key: [[float(value)]]}, tmp_path)


def test_exported_strokes_may_lie_beyond_0_to_1(document, tmp_path):
    document["strokes"][0][6] = -7.5
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert read_document(tmp_path / "a.json")["strokes"][0][6] == -7.5


def encoded(content):
    return {"png": base64.b64encode(content).decode()}


def png():
    whole = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(whole, "PNG")
    return whole.getvalue()


@pytest.mark.parametrize(
    "background",
    [
        *([1.0, 1.0], [1.0, 1.0, 1.1], [1.0, 1.0, float("nan")], "white", "", {}, {"jpeg": ""}, {"png": 3}),
        *({"png": "no base64!"}, encoded(b""), encoded(b"no picture"), encoded(png()[:-30])),
    ],
    ids=lambda background: str(background)[:30],
)
def test_a_background_that_is_none_is_refused(document, tmp_path, background):
    assert "background" in refused({**document, "background": background}, tmp_path)


@pytest.mark.parametrize("background", [[1, 0, 0], [1.0, 0.0, 0.0], encoded(png())], ids=["whole", "colour", "picture"])
def test_a_background_is_a_colour_or_a_picture(document, tmp_path, background):
    loaded = load({**document, "background": background}, tmp_path)
    assert loaded.background.shape == (1, 3, 20, 30)
    assert loaded.background.amin((2, 3)).tolist() == loaded.background.amax((2, 3)).tolist() == [[1.0, 0.0, 0.0]]
    assert not loaded.transparent
    loaded.save(tmp_path / "b.json")
    assert read_document(tmp_path / "b.json")["background"] == [1.0, 0.0, 0.0]  # one colour, however it was written


def test_a_transparent_background_is_white_where_nothing_else_is(document, tmp_path):
    loaded = load({**document, "background": "transparent"}, tmp_path)
    assert loaded.transparent
    assert loaded.background.unique().tolist() == [1.0]


@pytest.mark.parametrize("table", ["actions", "strokes"])
def test_a_row_of_another_length_is_refused(document, tmp_path, table):
    document[table][2] = document[table][2][:-1]
    assert f"{table}, row 2 should hold 12 numbers" in refused(document, tmp_path)
    document[table][2] = 0.5
    assert f"{table}[2]: expected `array`" in refused(document, tmp_path)


@pytest.mark.parametrize(
    "content", ["", "no JSON", '{"format": "diffpaint-pain', "\x00\xff", "[" * 100_000], ids=range(5)
)
def test_what_is_not_json_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.json is no painting: not JSON"):
        read_document(tmp_path / "a.json")


@pytest.mark.parametrize("content", ["[]", "3", "null", "{}", '{"format": "something-else", "version": 1}'])
def test_other_json_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r'a\.json is no painting: it lacks "format"'):
        read_document(tmp_path / "a.json")


def test_a_missing_document_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.json: No such file"):
        Painting.load(tmp_path / "gone.json")
    with pytest.raises(ValueError, match="directory"):
        Painting.load(tmp_path)


def load(document, folder):
    (folder / "a.json").write_text(json.dumps(document))
    return Painting.load(folder / "a.json")


@pytest.mark.parametrize(
    "renderer",
    [
        {},
        {"name": "grid"},
        {"options": {}},
        {"name": 3, "options": {}},
        {"name": "grid", "options": [1]},
        {"name": "grid", "options": {**GRID, "size": "large"}},
    ],
)
def test_a_damaged_name_of_a_renderer_is_refused(document, tmp_path, renderer):
    with pytest.raises(ValueError, match=r"a\.json"):
        load({**document, "renderer": renderer}, tmp_path)


def test_options_that_a_renderer_does_not_take_are_named(document, tmp_path):
    with pytest.raises(ValueError, match="bristles"):
        load({**document, "renderer": {"name": "neural-splat", "options": {"bristles": 3}}}, tmp_path)


def test_a_renderer_that_is_not_installed_is_named(document, tmp_path):
    with pytest.raises(PluginError, match=r"gird.*did you mean 'grid'"):
        load({**document, "renderer": {"name": "gird", "options": {}}}, tmp_path)


def test_a_renderer_that_is_not_installed_is_named_with_where_it_came_from(document, tmp_path):
    named = {"name": "splots", "options": {}, "distribution": "diffpaint-splots", "version": "2.1", "defaults": {}}
    with pytest.raises(
        PluginError, match=r"no renderer named 'splots'.*a\.json was painted with diffpaint-splots 2\.1"
    ):
        load({**document, "renderer": named}, tmp_path)


def test_defaults_of_then_are_kept_where_those_of_today_are_others(document, tmp_path):
    """As a later version's overlap may be."""
    renderer = document["renderer"]
    assert renderer["defaults"]["overlap"] == 0.25
    loaded = load(
        {**document, "renderer": {**renderer, "defaults": {**renderer["defaults"], "overlap": 0.5}}}, tmp_path
    )
    plain = diffpaint.load_renderer("grid", **GRID)
    assert loaded.renderer.lattice.patch[0] > plain.lattice.patch[0]


def test_actions_of_another_renderer_are_refused(document, tmp_path):
    with pytest.raises(ValueError, match="multiple of 4 strokes"):
        load({**document, "actions": document["actions"][:7]}, tmp_path)
    with pytest.raises(ValueError, match=r"a\.json|Grid takes actions"):
        load({**document, "actions": []}, tmp_path)


def test_an_action_that_the_renderer_takes_and_the_document_lacks_is_named(document, tmp_path):
    names = ["hue" if name == "red" else name for name in document["action_names"]]
    with pytest.raises(ValueError, match=r"a\.json lacks 'red' among its actions, which Grid takes"):
        load({**document, "action_names": names}, tmp_path)


def test_actions_in_another_order_are_the_same(document, tmp_path, painting):
    turned = {name: document[name][::-1] for name in ("action_names",)}
    turned["actions"] = [row[::-1] for row in document["actions"]]
    assert load({**document, **turned}, tmp_path).actions.tolist() == painting.actions.tolist()
