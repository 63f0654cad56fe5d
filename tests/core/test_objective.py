import pytest
import torch

from diffpaint import Objective, Pixel
from diffpaint.objective import check_canvas, check_target, distance


class Mean(Objective):
    def forward(self, canvas):
        return canvas.mean()


def test_pixel_is_the_mean_squared_or_absolute_difference(rand):
    canvas, target = rand(1, 3, 4, 5), rand(1, 3, 4, 5)
    torch.testing.assert_close(Pixel(target)(canvas), (canvas - target).square().mean())
    torch.testing.assert_close(Pixel(target, norm="l1")(canvas), (canvas - target).abs().mean())
    assert Pixel(target)(target) == 0


def test_one_target_serves_a_whole_batch(rand):
    canvas, target = rand(3, 3, 4, 5), rand(1, 3, 4, 5)
    apart = torch.stack([Pixel(target)(item) for item in canvas.split(1)])
    torch.testing.assert_close(Pixel(target)(canvas), apart.mean())


def test_each_canvas_has_its_own_target(rand):
    canvas, target = rand(2, 3, 4, 5), rand(2, 3, 4, 5)
    torch.testing.assert_close(Pixel(target)(canvas), (canvas - target).square().mean())
    assert Pixel(target)(target.flip(0)) > 0


def test_objectives_add_and_scale(rand):
    canvas, target = rand(1, 3, 4, 5), rand(1, 3, 4, 5)
    mean, pixel = Mean(), Pixel(target)
    expected = canvas.mean() + 0.1 * (canvas - target).square().mean() - 2 * canvas.mean()
    torch.testing.assert_close((mean + 0.1 * pixel + mean * -2)(canvas), expected)
    torch.testing.assert_close((3 * (mean + pixel))(canvas), 3 * (mean(canvas) + pixel(canvas)))


def test_a_sum_passes_gradients_to_all_terms(rand):
    canvas, target = rand(1, 3, 4, 5).requires_grad_(), rand(1, 3, 4, 5)
    (gradient,) = torch.autograd.grad((Mean() + 2 * Pixel(target))(canvas), canvas)
    expected = 1 / canvas.numel() + 4 * (canvas.detach() - target) / canvas.numel()
    torch.testing.assert_close(gradient, expected)


def test_a_sum_moves_with_its_terms(rand):
    pixel = Pixel(rand(1, 3, 4, 5))
    total = (Mean() + 2 * pixel).double()
    assert pixel.target.dtype == torch.float64
    assert total(rand(1, 3, 4, 5, dtype=torch.float64)).dtype == torch.float64


def test_objectives_are_subtracted_and_negated(rand):
    canvas, target = rand(1, 3, 4, 5), rand(1, 3, 4, 5)
    mean, pixel = Mean(), Pixel(target)
    torch.testing.assert_close((mean - pixel)(canvas), mean(canvas) - pixel(canvas))
    torch.testing.assert_close((-mean)(canvas), -mean(canvas))
    torch.testing.assert_close((-(mean - 2 * pixel) - mean)(canvas), 2 * pixel(canvas) - 2 * mean(canvas))


@pytest.mark.parametrize("other", [1, "pixel", None])
def test_only_objectives_are_added_and_subtracted(other):
    with pytest.raises(TypeError):
        Mean() + other
    with pytest.raises(TypeError):
        Mean() - other
    with pytest.raises(TypeError):
        other - Mean()


@pytest.mark.parametrize("weight", ["2", None, [1.0]])
def test_only_numbers_are_weights(weight):
    with pytest.raises(TypeError):
        weight * Mean()


def test_the_target_is_no_part_of_the_state(rand):
    pixel = Pixel(rand(1, 3, 4, 5))
    assert pixel.state_dict() == {}
    assert list(pixel.parameters()) == []


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 4, 5), (1, 3, 4), ()])
def test_wrong_targets_are_explained(shape):
    with pytest.raises(ValueError, match="target") as error:
        check_target(torch.zeros(shape))
    assert str(shape) in str(error.value)


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (3, 3, 4, 5), (2, 1, 4, 5), (3, 4, 5)])
def test_a_canvas_of_another_size_is_explained(shape):
    target = torch.zeros(2, 3, 4, 5)
    with pytest.raises(ValueError, match="resize the target") as error:
        Pixel(target)(torch.zeros(shape))
    assert str(shape) in str(error.value)
    assert "(2, 3, 4, 5)" in str(error.value)
    check_canvas(torch.zeros(2, 3, 4, 5), target)  # this one fits


def test_an_unknown_norm_is_explained():
    with pytest.raises(ValueError, match="'l1' or 'l2', got 'l3'"):
        distance("l3")
