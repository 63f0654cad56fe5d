import pytest
import torch

from diffpaint.io.images import write_image
from diffpaint_lucent import Style
from diffpaint_lucent.style import gram


def test_a_gram_matrix_is_the_mean_product_of_channels(rand):
    seen = rand(2, 3, 4, 5)
    torch.testing.assert_close(gram(seen)[1, 0, 2], (seen[1, 0] * seen[1, 2]).mean())


def test_the_picture_itself_is_best_and_its_place_does_not_matter(rand):
    picture = rand(1, 3, 64, 64)
    style = Style(picture, jitter=0, scale=0, rotate=0)
    assert style(picture) < 1e-9
    assert style(picture.roll(32, 3)) < 0.1 * style(torch.full_like(picture, 0.5))


def test_the_picture_may_have_another_size_and_be_given_by_its_path(rand, tmp_path):
    picture = rand(1, 3, 96, 48)
    write_image(tmp_path / "a.png", picture)
    by_path = Style(str(tmp_path / "a.png"), size=96, jitter=0, scale=0, rotate=0)
    canvas = rand(2, 3, 64, 80)
    torch.testing.assert_close(by_path(canvas), Style(picture, jitter=0, scale=0, rotate=0)(canvas), rtol=0.02, atol=0)


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        (torch.zeros(2, 3, 64, 64), {}, "one picture, got 2"),
        (torch.zeros(3, 64, 64), {}, "target has shape"),
        ("no.png", {}, "no picture no.png"),
        (torch.zeros(1, 3, 64, 64), {"norm": "l3"}, "got 'l3'"),
        (torch.zeros(1, 3, 64, 64), {"layers": "_blocks_2 _blocks_99"}, "no layer '_blocks_99'"),
        (torch.zeros(1, 3, 64, 64), {"scale": 1}, "scale below 1"),
    ],
)
def test_mistakes_are_explained(target, options, said):
    with pytest.raises(ValueError, match=said):
        Style(target, **options)
