"""Names with options, and sums of them: what is read, and what is said of what cannot be."""

import re

import pytest
import torch

from diffpaint import (
    Constraint,
    Initializer,
    Objective,
    PluginError,
    Renderer,
    load_constraint,
    load_initializer,
    load_objective,
    load_renderer,
)
from diffpaint.io.images import write_image
from diffpaint.io.syntax import parse_call, parse_sum


class Named(Renderer):
    """Flat, and keeps what it was made with."""

    action_names = ("grey",)
    size = (2, 2)

    def __init__(self, prompt: str = "", note: str | None = None, count=1, like: torch.Tensor | None = None):
        super().__init__()
        self.given = {"prompt": prompt, "note": note, "count": count}

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas)


class Drawn(Renderer):
    """Draws a number at random when it is made."""

    action_names = ("grey",)
    size = (2, 2)

    def __init__(self):
        super().__init__()
        self.drawn = torch.rand(1).item()

    def forward(self, actions, canvas=None):
        return self.check(actions, canvas)


NAMED, DRAWN = f"{__name__}:Named", f"{__name__}:Drawn"


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("pixel", "pixel", {}),
        (" pixel ( ) ", "pixel", {}),
        ("neural-splat(size=(16, 20))", "neural-splat", {"size": (16, 20)}),
        ("some_package.module:Class(a=1)", "some_package.module:Class", {"a": 1}),
        ("f(a=1, b=-0.5, c=1e-3, d=True, e=None)", "f", {"a": 1, "b": -0.5, "c": 1e-3, "d": True, "e": None}),
        ("f(a=[1, 2], b={'k': (3, 4)})", "f", {"a": [1, 2], "b": {"k": (3, 4)}}),
        ("f(a=word, b=_blocks_4:3, c=sea.jpg)", "f", {"a": "word", "b": "_blocks_4:3", "c": "sea.jpg"}),
        ("f(a=../a b/sea (1).jpg, b=2)", "f", {"a": "../a b/sea (1).jpg", "b": 2}),
        (r"f(a=C:\pictures\sea.jpg)", "f", {"a": r"C:\pictures\sea.jpg"}),
        ("f(a=black,b=#fff)", "f", {"a": "black", "b": "#fff"}),
        ("f(a=007, b=1and2)", "f", {"a": "007", "b": "1and2"}),
    ],
)
def test_a_value_is_a_literal_or_plain_text(text, name, options):
    call = parse_call(text)
    assert (call.name, call.options) == (name, options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('f(a="a fox, in snow")', "a fox, in snow"),
        ("f(a='a (fox')", "a (fox"),
        ('f(a="say \\"fox\\"")', 'say "fox"'),
        ('f(a="1984")', "1984"),
        ('f(a="")', ""),
        ('f(a="a fox\'s tail")', "a fox's tail"),
        ("f(a=['a, b', \"c)\"])", ["a, b", "c)"]),
        ('f(a="füchse, 雪")', "füchse, 雪"),
    ],
)
def test_quotes_hold_commas_and_parentheses(text, value):
    assert parse_call(text).options == {"a": value}


def test_calls_within_calls_are_text_for_whoever_takes_them():
    call = parse_call("grid(renderer=neural-splat(brush=a, size=(8, 9)), rows=2)")
    assert call.options == {"renderer": "neural-splat(brush=a, size=(8, 9))", "rows": 2}
    inner = parse_call(call.options["renderer"])
    assert (inner.name, inner.options) == ("neural-splat", {"brush": "a", "size": (8, 9)})


def test_a_grid_takes_a_painter_with_options_of_its_own():
    grid = load_renderer("grid(renderer=neural-splat(brush=classic/dry_brush), rows=2, cols=2, size=(20, 30))")
    assert grid.size == (20, 30)
    assert grid.brush == "classic/dry_brush"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a", [(1, "a")]),
        ("-a", [(-1, "a")]),
        ("- 2 * a", [(-2, "a")]),
        ("a - b", [(1, "a"), (-1, "b")]),
        ("a-b", [(1, "a-b")]),  # one name, as neural-splat is
        ("a -b", [(1, "a"), (-1, "b")]),
        ("2*a - .5*b + 1e-3*c-d", [(2, "a"), (-0.5, "b"), (1e-3, "c-d")]),
        ("3.*a+0*b", [(3, "a"), (0, "b")]),
        ("a(n=-1) - 0.25 * b(m=1 - 2)", [(1, "a"), (-0.25, "b")]),
    ],
)
def test_weights_and_signs(text, terms):
    assert [(weight, call.name) for weight, call in parse_sum(text)] == terms


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("pixel", 0.04),
        ("3*pixel", 0.12),
        ("-pixel", -0.04),
        (" .5 * pixel + 2*pixel ", 0.1),
        ("pixel - 0.5*pixel", 0.02),
        ("pixel(norm=l1)", 0.2),
        ("pixel( norm = l1 ) + pixel()", 0.24),
        ("2*diffpaint:Pixel(norm='l1')", 0.4),
    ],
)
def test_a_sum_is_an_objective(expression, wanted):
    objective = load_objective(expression, torch.full((1, 3, 2, 2), 0.3))
    assert isinstance(objective, Objective)
    assert objective(torch.full((1, 3, 2, 2), 0.5)).item() == pytest.approx(wanted)


PLACES = [
    ("", "a name is missing at its end"),
    ("a +", "a name is missing at its end"),
    ("a + + b", "a name is missing at character 5, '+ b'"),
    ("+a", "a name is missing at character 1, '+a'"),
    ("2*", "a name is missing at its end"),
    ("2 a", "lacks its * at character 3, 'a'"),
    ("1.2.3*a", "lacks its * at character 4, '.3*a'"),
    ("1e999*a", "a weight must be finite at character 1, '1e999*a'"),
    ("a b", "this cannot be read at character 3, 'b'"),
    ("a(b=1) c", "this cannot be read at character 8, 'c'"),
    ("a(b=1", "a closing parenthesis is missing at its end"),
    ("a(b=(1, 2)", "a closing parenthesis is missing at its end"),
    ("a(b)", "option=value is missing at character 3, 'b)'"),
    ("a(b=1,)", "option=value is missing at character 7, ')'"),
    ("a(b=1, 2)", "option=value is missing at character 8, '2)'"),
    ("a(b-c=1)", "option=value is missing at character 3, 'b-c=1)'"),
    ("a(b=)", "a value is missing at character 5, ')'"),
    ("a(b=, c=1)", "a value is missing at character 5, ', c=1)'"),
    ("a(b=1, b=2)", "b is given twice at character"),
    ('a(b="c)', "a quote is not closed at character 5, '\"c)'"),
    ("a(b=it's)", 'a quote is not closed at character 7, "\'s)"'),
    ('a(b="\\x")', "this text cannot be read at character 5"),
]


@pytest.mark.parametrize(("text", "said"), PLACES)
def test_an_error_says_what_and_where(text, said):
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        parse_sum(text)
    assert repr(text) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_error_shows_a_part_of_a_long_text():
    with pytest.raises(ValueError, match="this cannot be read at character 203") as error:
        parse_call(f"{'a' * 200}  {'b' * 2000}")
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "9" * 50_000 + "x",
        "0." + "9" * 50_000 + "x",
        "a" * 50_000 + "!",
        "a-" * 25_000 + "!",
        "a.b:" * 12_000,
        " " * 50_000 + "!",
        "a(b=" + "9" * 50_000 + "x!",
        "a(b='" + "\\" * 50_000,
        "a(" * 25_000,
        "a(b=" + "(" * 50_000,
        "a(b=" + "[" * 50_000 + "]" * 50_000 + ")!",
        "1*a + " * 8_000,
    ],
    ids=lambda text: f"{text[:4]}...{text[-4:]}",
)
def test_long_nonsense_is_refused_at_once(text):
    with pytest.raises(ValueError, match="NAME"):  # in half a minute, if reading went back over what it has read
        parse_sum(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{NAMED}(prompt=1984)", {"prompt": "1984"}),
        (f"{NAMED}(prompt=1984, note=7, count=1984)", {"prompt": "1984", "note": "7", "count": 1984}),
        (f"{NAMED}(note=None)", {"note": None}),
        (f"{NAMED}(prompt='1984')", {"prompt": "1984"}),
        (f"{NAMED}(prompt=-2.5)", {"prompt": "-2.5"}),
        (f"{NAMED}(count=word)", {"count": "word"}),
    ],
)
def test_what_is_annotated_as_text_stays_text(text, wanted):
    assert load_renderer(text).given == {"prompt": "", "note": None, "count": 1, **wanted}


@pytest.mark.parametrize("word", ["1.50", "1e5", "1_000", "0x10", "True"])
def test_text_that_looks_like_a_number_is_not_rewritten(word):
    assert load_renderer(f"{NAMED}(prompt={word})").given["prompt"] == word


@pytest.fixture
def red(tmp_path):
    """The path of a red picture, 40 x 8 px, with a blank, a comma and parentheses in its name."""
    path = tmp_path / "red, or not (1).png"
    write_image(path, torch.tensor([1.0, 0, 0])[:, None, None].expand(3, 8, 40))
    return path


def test_pictures_are_read_from_their_path_at_the_canvass_size(red):
    blue = torch.tensor([0, 0, 1.0])[None, :, None, None].expand(1, 3, 4, 6)
    own = load_objective(f"pixel(target='{red}')", blue)
    assert own.target.shape == (1, 3, 4, 6)
    assert own(blue.flip(1)).item() == pytest.approx(0, abs=1e-6)
    both = load_objective(f'pixel + pixel(target="{red}")', blue)
    assert both(blue).item() == pytest.approx(2 / 3, abs=1e-6)


def test_without_a_canvas_pictures_keep_their_size(red):
    assert load_objective(f"pixel(target='{red}')").target.shape == (1, 3, 8, 40)
    plain = red.rename(red.with_name("red (1).png"))
    assert load_objective(f"pixel(target={plain}, norm=l1)").target.shape == (1, 3, 8, 40)


def test_a_picture_that_is_not_there_is_named(red):
    with pytest.raises(ValueError, match=r"no picture .*gone\.png"):
        load_objective(f"pixel(target={red.with_name('gone.png')})", torch.zeros(1, 3, 4, 6))


@pytest.mark.parametrize(
    ("expression", "error", "said"),
    [
        ("pixel(colour=1)", ValueError, "'pixel'.*'colour'.*its options are target, norm"),
        ("pixel(norm=3)", ValueError, "'l1' or 'l2', got '3'"),
        ("content(crop=x)", ValueError, "crop of 'content' is a number, got 'x'"),
        ("content(jitter=x)", ValueError, "jitter of 'content' is a number, got 'x'"),
        ("content(begin=nan)", ValueError, "begin of 'content' is a number, got 'nan'"),
        ("pixle", PluginError, "did you mean 'pixel'"),
    ],
)
def test_options_that_do_not_fit_are_explained(expression, error, said):
    with pytest.raises(error, match=said):
        load_objective(expression, torch.zeros(1, 3, 2, 2))


def test_without_a_target_an_objective_that_needs_one_says_so():
    with pytest.raises(ValueError, match="missing a required argument: 'target'"):
        load_objective("pixel")


def test_options_come_with_the_text_or_beside_it_but_not_both():
    picture = torch.zeros(1, 3, 2, 2)
    assert load_renderer(f"{NAMED}(prompt=a)", count=3).given == {"prompt": "a", "note": None, "count": 3}
    assert load_objective("2*pixel", picture, norm="l1")(picture + 1).item() == 2
    assert load_constraint("limit", name="size", low=0, high=0.3) == load_constraint("limit(name=size,low=0,high=0.3)")
    for load in (
        lambda: load_renderer(f"{NAMED}(count=2)", count=3),
        lambda: load_constraint("limit(low=0)", low=0.1),
        lambda: load_objective("pixel(norm=l1)", picture, norm="l1"),
    ):
        with pytest.raises(ValueError, match="is given in the text and beside it; leave one out"):
            load()
    with pytest.raises(ValueError, match=r"is a sum; write norm into it, as NAME\(option=value\)"):
        load_objective("pixel + pixel", picture, norm="l1")


def test_what_is_loaded_is_of_its_kind():
    assert isinstance(load_initializer("random"), Initializer)
    assert isinstance(load_constraint("greyscale"), Constraint)
    for load, text in (
        (load_renderer, "diffpaint:Pixel"),
        (load_objective, NAMED),
        (load_constraint, NAMED),
        (load_initializer, "diffpaint:Painting"),
    ):
        with pytest.raises(PluginError, match="wanted a subclass of diffpaint"):
            load(text)


def test_torchs_generator_is_left_as_it_was():
    before = torch.get_rng_state()
    first, second = load_renderer(DRAWN), load_renderer(DRAWN)
    assert torch.equal(torch.get_rng_state(), before)
    assert first.drawn == second.drawn
