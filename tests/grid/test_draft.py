"""The draft: where the optimisation of a pyramid begins."""

import torch

import diffpaint
from diffpaint import load_initializer
from diffpaint.constraints import constrain
from diffpaint_constraints import Limit
from diffpaint_grid import Draft


def test_a_draft_is_closer_to_the_picture_than_chance(pyramid, photo):
    chance = pyramid(pyramid.initial(1, 2, torch.Generator().manual_seed(0)))
    start = Draft()(pyramid, photo, 2, seed=0)
    assert start.shape == (1, 64, 12)
    drafted = (pyramid(start) - photo).square().mean()
    assert drafted < 0.25 * (chance - photo).square().mean()
    assert torch.equal(start, Draft()(pyramid, photo, 2, seed=0))


def test_a_draft_is_for_the_constraints_of_the_painting(pyramid, photo):
    thin = [Limit("size", 0, 0.1)]
    start = Draft()(pyramid, photo, 2, constraints=thin)
    painted = pyramid(constrain(start, thin, pyramid))
    other = pyramid(constrain(Draft()(pyramid, photo, 2), thin, pyramid))
    assert (painted - photo).square().mean() < (other - photo).square().mean()


def test_each_picture_of_a_batch_has_its_own(pyramid, photo):
    both = torch.cat([photo, photo.flip(3)])
    start = Draft()(pyramid, both, 2)
    assert start.shape == (2, 64, 12)
    errors = (pyramid(start) - both).square().mean((1, 2, 3))
    crossed = (pyramid(start.flip(0)) - both).square().mean((1, 2, 3))
    assert (errors < 0.5 * crossed).all()


def test_without_levels_it_is_chance(photo):
    grid = diffpaint.load_renderer("grid", rows=2, cols=3, size=(48, 70))
    wanted = grid.initial(1, 2, torch.Generator().manual_seed(5))
    assert torch.equal(Draft()(grid, photo, 2, seed=5), wanted)
    assert torch.equal(load_initializer("draft")(grid, photo, 2, seed=5), wanted)


def test_torchs_generator_is_left_alone(pyramid, photo):
    before = torch.get_rng_state()
    Draft()(pyramid, photo, 1)
    assert torch.equal(torch.get_rng_state(), before)
