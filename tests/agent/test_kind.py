"""Whether a picture is of the kind that an agent learned from."""

import pytest
import torch

from diffpaint_agent import load_agent
from diffpaint_agent.kind import Kind


def portraits(count, generator):
    """Pictures of two dark spots above a light bar, each a little elsewhere, on clouds of chance."""
    pictures = 0.5 + 0.1 * torch.randn(count, 3, 24, 24, generator=generator)
    for picture, (down, across) in zip(pictures, torch.randint(0, 2, (count, 2), generator=generator), strict=True):
        for top, left, height, width, value in ((7, 5, 3, 3, 0.1), (7, 15, 3, 3, 0.1), (16, 8, 2, 7, 0.9)):
            picture[:, top + down : top + down + height, left + across : left + across + width] = value
    return pictures.clamp(0, 1)


def test_pictures_of_a_kind_are_told_from_their_own_parts_and_from_others():
    generator = torch.Generator().manual_seed(0)
    kind = Kind(24)
    kind.learn(portraits(600, generator))
    known = kind(portraits(200, generator))
    bound = known.quantile(0.01)
    fresh = portraits(200, generator)
    others = {
        "upside down": fresh.flip(2),
        "turned": fresh.rot90(1, (2, 3)),
        "enlarged": fresh[..., :14, :14].repeat_interleave(2, 2).repeat_interleave(2, 3)[..., 2:26, 2:26],
        "noise": torch.rand(200, 3, 24, 24, generator=generator),
    }
    for name, pictures in others.items():
        assert (kind(pictures) < bound).float().mean() > 0.9, name
    assert kind(torch.ones(1, 3, 24, 24)) == 0  # a blank one has no detail
    assert kind(fresh * 0.5 + 0.2) == pytest.approx(kind(fresh), abs=1e-4)  # nor does its contrast matter


def test_what_is_known_does_not_depend_on_chance():
    pictures = portraits(50, torch.Generator().manual_seed(1))
    kinds = [Kind(24), Kind(24)]
    for kind in kinds:
        torch.rand(1)
        kind.learn(pictures)
    assert torch.equal(kinds[0].direction, kinds[1].direction)


def test_an_agent_says_of_which_kind_a_picture_is_not(untrained, rand):
    picture = rand(1, 3, 12, 12)
    strict, lax = (load_agent(untrained(salience=1.0, likeness=bound)) for bound in (0.5, -1.0))
    actions = strict.act(picture, strict.painter(12))
    assert "its detail lies elsewhere (a likeness of 0.00" in (strict.strange(picture, actions) or "")
    assert lax.strange(picture, actions) is None
    assert load_agent(untrained()).strange(picture, actions) is None  # it does not know
