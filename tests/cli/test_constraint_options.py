import click
import pytest
from click.testing import CliRunner

from diffpaint import PluginError
from diffpaint.cli.constraints import constraint_options, parse_constraints
from diffpaint_constraints import Connected, Fix, Greyscale, Levels, Limit, Palette
from diffpaint_lucent import NaturalColors


@click.command()
@click.argument("photo")
@click.option("--steps", default=3)
@constraint_options
@click.option("--seed", default=0)
def command(photo, steps, seed, constraints):
    """Say what it was given."""
    click.echo(f"{photo} {steps} {seed} {constraints}")


def run(*arguments):
    return CliRunner().invoke(command, ["cat.jpg", *arguments])


def test_a_command_without_options_gets_no_constraints():
    assert run().output == "cat.jpg 3 0 []\n"


def test_a_command_gets_one_list_in_a_fixed_order():
    options = "--connected --fix end_pressure=0 --limit size=0:0.3 --limit red=.5:1 --levels size=4 --greyscale"
    result = run("--steps", "5", *options.split(), "--palette", "black, #fff", "--seed", "2")
    wanted = [
        Greyscale(),
        Palette([(0, 0, 0), (1, 1, 1)]),
        Levels("size", 4),
        Limit("size", 0, 0.3),
        Limit("red", 0.5, 1),
        Fix("end_pressure", 0),
        Connected(),
    ]
    assert result.output == f"cat.jpg 5 2 {wanted}\n"


def test_any_other_is_asked_for_by_name_and_comes_last():
    result = run("--constraint", "fix(name=end_pressure, value=0)", "--constraint", "natural", "--greyscale")
    wanted = [Greyscale(), Fix("end_pressure", 0), NaturalColors()]
    assert result.output == f"cat.jpg 3 0 {wanted}\n"
    constraints = parse_constraints(constraint=["palette(colors=earth)", 'palette(colors="navy,#fff")'])
    assert constraints == [Palette("earth"), Palette([(0, 0, 128 / 255), (1, 1, 1)])]


def test_an_unknown_one_is_explained():
    error = run("--constraint", "greyscal").exception
    assert isinstance(error, PluginError)
    assert "no constraint named 'greyscal'" in str(error)
    assert "did you mean 'greyscale'?" in str(error)


def test_help_tells_all_options():
    text = run("--help").output
    names = ("steps", "greyscale", "palette", "levels", "limit", "fix", "connected", "constraint", "seed")
    places = [text.index(f"--{name}") for name in names]
    assert places == sorted(places)
    assert "Say what it was given." in text


def test_colours_are_hex_or_names():
    (palette,) = parse_constraints(palette="#1b2a49,navy , #F00")
    assert palette == Palette([(0x1B / 255, 0x2A / 255, 0x49 / 255), (0, 0, 128 / 255), (1, 0, 0)])


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--palette", "", "'' is no colour"),
        ("--palette", "red,", "'' is no colour"),
        ("--palette", "red,reddish", "'reddish' is no colour; write one as #1b2a49"),
        ("--palette", "#12345", "'#12345' is no colour"),
        ("--palette", "#11223344", "'#11223344' is no colour"),
        ("--limit", "size", "--limit: 'size' is not NAME=LOW:HIGH, such as size=0:0.3"),
        ("--limit", "size=0.5", "is not NAME=LOW:HIGH"),
        ("--limit", "size=0:0.5:1", "is not NAME=LOW:HIGH"),
        ("--limit", "size=a:b", "is not NAME=LOW:HIGH"),
        ("--limit", "=0:1", "is not NAME=LOW:HIGH"),
        ("--limit", "size=0:1.5", "high=1.5"),
        ("--limit", "size=0.6:0.5", "low < high"),
        ("--limit", "size=nan:0.5", "low=nan"),
        ("--fix", "size", "--fix: 'size' is not NAME=VALUE"),
        ("--fix", "size=", "is not NAME=VALUE"),
        ("--fix", "size=0:1", "is not NAME=VALUE"),
        ("--fix", "size=2", "value=2.0"),
        ("--levels", "size=2.5", "--levels: 'size=2.5' is not NAME=COUNT"),
        ("--levels", "size=1", "count=1"),
        ("--constraint", "limit(name=size)", "'limit': missing a required argument: 'low'"),
        ("--constraint", "limit(name=size, low=0, high=x)", "'limit'"),
        ("--constraint", "limit(name=size", "a closing parenthesis is missing"),
        ("--constraint", "", "a name is missing"),
    ],
)
def test_bad_values_are_named_in_one_line(option, value, said):
    error = run(option, value).exception
    assert isinstance(error, ValueError)
    assert said in str(error)
    assert "\n" not in str(error)
