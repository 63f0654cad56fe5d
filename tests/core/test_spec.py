"""What a document says of the renderer that painted it: name, options, defaults and where it comes from."""

import torch

import diffpaint
from diffpaint import load_renderer


def test_it_is_name_and_plain_options(working):
    flat = load_renderer("flat", size=(3, 5))
    assert flat.spec == {"name": "flat", "options": {"size": [3, 5]}}
    assert load_renderer("flat(size=(3, 5))").spec == flat.spec


def test_it_makes_the_same_renderer_again(working):
    spec = load_renderer("fake_plugin:Flat", size=(3, 5)).spec
    again = load_renderer(spec["name"], **spec["options"])
    assert tuple(again.size) == (3, 5)
    assert again.spec == spec


def test_options_that_are_no_json_leave_none(working, dots):
    assert load_renderer("flat", tone=torch.tensor(1.0)).spec is None
    assert load_renderer("grid", renderer=dots(), size=(20, 30)).spec is None


def test_what_was_left_out_and_where_it_comes_from_are_known_too(working):
    origin = load_renderer("flat", size=(3, 5)).origin
    assert origin == {"defaults": {"tone": 1.0}, "distribution": "fake-plugin", "version": "1.2"}
    assert load_renderer("fake_plugin:Flat").origin == {"defaults": {"size": [4, 4], "tone": 1.0}}


def test_a_grid_names_the_defaults_of_its_painter_too():
    grid = load_renderer("grid", rows=2, cols=2, size=(20, 30), margin=0.3)
    assert grid.origin["distribution"] == "diffpaint"
    assert grid.origin["version"] == diffpaint.__version__
    defaults = grid.origin["defaults"]
    assert defaults.items() >= {"renderer": "neural-splat", "overlap": 0.25, "scale": 1}.items()
    assert defaults["brush"] == "classic/dry_brush"
    assert not {"rows", "cols", "size", "margin"} & set(defaults)


def test_one_made_by_hand_has_none(dots):
    assert dots().spec is None
    assert dots().origin == {}
