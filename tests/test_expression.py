import pytest
import torch

from diffpaint import PluginError, parse_objective


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("pixel", 0.04),
        ("3*pixel", 0.12),
        (" .5 * pixel + 2*pixel ", 0.1),
        ("pixel(norm=l1)", 0.2),
        ("pixel( norm = l1 ) + pixel()", 0.24),
        ("2*diffpaint:Pixel(norm=l1)", 0.4),
    ],
)
def test_sums_weights_and_options(expression, wanted):
    objective = parse_objective(expression, torch.full((1, 3, 2, 2), 0.3))
    assert objective(torch.full((1, 3, 2, 2), 0.5)).item() == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("expression", "error", "said"),
    [
        ("", ValueError, "'' is no name"),
        ("pixel +", ValueError, "'' is no name"),
        ("pixel - pixel", ValueError, "is no name"),
        ("pixel(norm=l1", ValueError, "is no name"),
        ("pixel(norm)", ValueError, "'norm' is no option=value"),
        ("pixel(norm=)", ValueError, "'norm=' is no option=value"),
        ("pixel(colour=1)", ValueError, "its options are"),
        ("pixel(norm=3)", ValueError, "got 3"),
        ("content(crop=x)", ValueError, "both whole numbers, got x"),
        ("content(jitter=x)", ValueError, r"content cannot take jitter=x \("),
        ("pixle", PluginError, "did you mean 'pixel'"),
    ],
)
def test_mistakes_are_explained(expression, error, said):
    with pytest.raises(error, match=said):
        parse_objective(expression, torch.zeros(1, 3, 2, 2))


def test_without_a_target_an_objective_that_needs_one_says_so():
    with pytest.raises(ValueError, match="missing a required argument: 'target'"):
        parse_objective("pixel")
