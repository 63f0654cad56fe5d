"""The generator that paints is the one that was trained."""

import pytest
import torch

from diffpaint_neural.fused import FusedGAN
from diffpaint_neural.gan import GANNetwork


@pytest.mark.parametrize("noise", [0, 3])
@pytest.mark.parametrize("size", [(64, 64), (24, 24)])
def test_the_frozen_generator_is_the_same_function(noise, size):
    torch.manual_seed(0)
    network = GANNetwork((0.5, 8.0), noise, channels=32).double()
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):  # as if it had been trained
            for values in (norm.weight.data, norm.running_var):
                values.uniform_(0.5, 2)
            for values in (norm.bias.data, norm.running_mean):
                values.normal_(0, 0.3)
    frozen = FusedGAN(network.eval())
    actions = torch.rand(3, 12, dtype=torch.float64, requires_grad=True)
    drawn = (torch.randn(3, noise, dtype=torch.float64),) if noise else ()
    weight = torch.randn(3, *size, dtype=torch.float64)
    expected, got = network(actions, size, *drawn), frozen(actions, size, *drawn)
    torch.testing.assert_close(got, expected)
    gradients = [torch.autograd.grad((alpha * weight).sum(), actions)[0] for alpha in (expected, got)]
    torch.testing.assert_close(gradients[1], gradients[0])
    assert gradients[0].abs().max() > 0.1


def test_the_frozen_generator_keeps_its_weights_when_the_other_learns_on():
    network = GANNetwork((0.5, 8.0), channels=32).eval()
    frozen, actions = FusedGAN(network), torch.rand(2, 12)
    before = frozen(actions)
    for parameter in network.parameters():
        parameter.data.mul_(2)
    assert torch.equal(frozen(actions), before)
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
