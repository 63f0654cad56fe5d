"""What keeps paper bare, and what shows pictures small."""

import pytest
import torch

from diffpaint import Moment, load_objective
from diffpaint.renderer import at
from diffpaint_lucent import Activation, Sparing
from diffpaint_lucent.transforms import Placed


def square(row, column, color=(0.0, 0.0, 0.0)):
    canvas = torch.ones(1, 3, 64, 64)
    canvas[..., row : row + 8, column : column + 8] = torch.tensor(color)[:, None, None]
    return canvas


def test_bare_ground_costs_nothing():
    ground = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    sparing = Sparing()
    with at(Moment(0, 10, torch.zeros(1, 1, 1), None, ground), sparing):
        assert sparing(ground) == 0
        assert sparing(1 - ground) > 0
    assert sparing(torch.ones(1, 3, 8, 8)) == 0  # white, where nobody knows the ground


def test_paint_costs_more_at_the_edge_and_in_colour():
    sparing = load_objective("sparing(edge=3)")
    middle, edge = sparing(square(28, 28)), sparing(square(28, 0))
    assert edge == pytest.approx(3.6 * float(middle), rel=0.1)
    red, grey = sparing(square(28, 28, (1.0, 0.5, 0.5))), sparing(square(28, 28, (2 / 3, 2 / 3, 2 / 3)))
    assert red > grey  # as bright


@pytest.mark.parametrize("edge", [-1, float("nan"), float("inf")])
def test_no_price(edge):
    with pytest.raises(ValueError, match="edge is finite and from 0"):
        Sparing(edge)


def test_pictures_are_shown_whole_at_any_size_on_their_ground():
    ground = torch.tensor([0.2, 0.4, 0.6])[None, :, None, None]
    picture = torch.ones(1, 3, 64, 64)
    torch.manual_seed(0)
    views = Placed(0.4, 0, 0)(picture, ground, views=200)
    assert views.shape == (200, 3, 64, 64)
    sides = ((views[:, 0] > 0.6).sum((1, 2)).double() / 64**2).sqrt()
    assert 0.35 < sides.min() < 0.45
    assert 0.9 < sides.max() <= 1
    assert sides[0] == 1  # the first of several
    bare = (views - ground).abs().amax(1) < 1e-5
    assert torch.all(bare | (views[:, 0] > 0.2))
    covered = (views[:, 0] > 0.6).double().mean(0)
    assert covered[32, 32] > 0.7 > covered[2, 2] > 0.05  # anywhere, and never out of the frame


def test_a_view_as_large_as_the_frame_is_the_picture():
    picture = torch.rand(2, 3, 24, 40, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(Placed(1.0, 0, 0)(picture, torch.ones(2, 3, 1, 1)), picture, atol=1e-5)


def test_a_single_view_has_any_size():
    torch.manual_seed(0)
    picture, ground = torch.ones(1, 3, 16, 16), torch.zeros(1, 3, 1, 1)
    assert len({Placed(0.4, 0, 0)(picture, ground).sum().item() for _ in range(5)}) == 5


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1.1, 1, 1), (0.5, -1, 1), (0.5, 1, float("nan"))])
def test_no_transform(numbers):
    with pytest.raises(ValueError, match="the smallest size is above 0 and at most 1"):
        Placed(*numbers)


def test_networks_see_small_pictures_on_the_mean_of_the_ground():
    """A bare canvas on its own ground is the same at every size, so its score has no chance in it."""
    activation = Activation("labels:388", least=0.4, views=1)
    ground = torch.full((1, 3, 64, 64), 0.7)
    with at(Moment(0, 10, torch.zeros(1, 1, 1), None, ground), activation), torch.no_grad():
        scores = [activation(ground).item() for _ in range(3)]
        assert max(scores) - min(scores) < 1e-3
        painted = ground.clone()
        painted[..., 16:48, 16:48] = 0
        scores = [activation(painted).item() for _ in range(3)]
        assert max(scores) - min(scores) > 1e-2
