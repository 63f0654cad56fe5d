"""Strokes go where the picture went; what stands still is not painted anew."""

import pytest
import torch

import diffpaint
from diffpaint_grid.placing import laid

pytest.importorskip("cv2", reason="needs the extra film")

import clips

from diffpaint_film import Carried
from diffpaint_film.carry import Held
from diffpaint_film.flow import changed, flow, is_cut


def tensors(shown):
    return [torch.from_numpy(picture).permute(2, 0, 1)[None] / 255 for picture in shown]


@pytest.fixture
def scatter():
    return diffpaint.load_renderer("scatter", size=clips.SIZE, coarse=True)


def carried(scatter, strokes=60, steps=20, fewer=6, seed=0):
    return Carried(scatter, diffpaint.Pixel, strokes, steps, fewer, seed, torch.full((1, 3, *clips.SIZE), 0.5), "cpu")


def painted(scatter, pictures, known=lambda number: None):
    return list(carried(scatter)(iter(pictures), known))


def test_the_flow_says_where_things_went(rand):
    texture = torch.nn.functional.interpolate(rand(1, 3, 16, 24), (64, 96), mode="bicubic").clamp(0, 1)
    moved = flow(texture, texture.roll((3, 5), (2, 3)))
    inside = moved[:, 16:48, 16:80].flatten(1).median(1).values
    torch.testing.assert_close(inside, torch.tensor([5.0, 3.0]), atol=0.3, rtol=0)
    assert not is_cut(texture, texture.roll((3, 5), (2, 3)), moved)
    assert is_cut(texture, 1 - texture, flow(texture, 1 - texture))


def test_noise_is_no_change_and_a_square_is():
    first, second = tensors(clips.pictures(2))
    mask = changed(first, second)
    assert mask.unique().tolist() == [0, 1]
    assert mask[0, 0, -16:, :14].all()  # where it was
    assert mask[0, 0, -16:, -14:].all()  # where it is
    assert not mask[0, 0, :16].any()
    assert not changed(first, first).any()


def test_strokes_are_shifted_by_the_flow(scatter):
    """Pixel by pixel, and by parts of a pixel, whatever grid their patches lie on."""
    (photo,) = tensors(clips.pictures(1))
    actions = laid(scatter, photo[0], 40, torch.Generator().manual_seed(0))
    shifted = scatter.shifted(actions, torch.tensor([1.5, -0.75])[:, None, None].expand(2, *clips.SIZE))
    names, before = scatter.strokes(actions)
    _, after = scatter.strokes(shifted)
    across = [index for index, name in enumerate(names) if name.startswith("x") or name == "control_x"]
    inside = (actions[:, -3:-1] > 0.1).all(1) & (actions[:, -3:-1] < 0.9).all(1)
    assert inside.sum() > 10
    apart = (after - before)[inside][:, across]
    torch.testing.assert_close(apart, torch.full_like(apart, 1.5), atol=1e-3, rtol=0)


def test_shares_say_how_much_of_a_stroke_is_within(scatter):
    actions = scatter.initial(1, 30, torch.Generator().manual_seed(0))[0]
    assert torch.equal(scatter.share(actions, torch.zeros(clips.SIZE)), torch.zeros(30))
    everywhere = scatter.share(actions, torch.ones(clips.SIZE))
    assert (everywhere <= 1 + 1e-6).all()
    left = torch.zeros(clips.SIZE)
    left[:, :32] = 1
    torch.testing.assert_close(scatter.share(actions, left) + scatter.share(actions, 1 - left), everywhere)


def test_a_film_that_stands_still_is_painted_once(scatter):
    first, second, third = painted(scatter, tensors(clips.pictures(1)) * 3)
    assert torch.equal(first, second)
    assert torch.equal(first, third)


def test_what_stands_still_is_left_alone():
    """It flickers a third at most of what it does when each frame is painted alone; and it is painted as well."""
    size, strokes = (96, 128), 150
    scatter = diffpaint.load_renderer("scatter", size=size, coarse=True)
    ground, pictures = torch.full((1, 3, *size), 0.5), tensors(clips.pictures(3, size))
    work = Carried(scatter, diffpaint.Pixel, strokes, 30, 8, 0, ground, "cpu")
    frames = list(work(iter(pictures), lambda number: None))
    alone = [next(work(iter([picture]), lambda number: None)) for picture in pictures]
    assert {len(frame) for frame in frames} == {strokes}
    with torch.no_grad():
        canvases, each = ([scatter(frame[None], ground) for frame in some] for some in (frames, alone))
    still = ~torch.stack([changed(pictures[0], picture) for picture in pictures]).amax(0).bool()[0, 0].numpy()
    assert still.mean() > 0.5
    shown, compared = ([255 * canvas[0].permute(1, 2, 0).numpy() for canvas in some] for some in (canvases, each))
    assert 0 < clips.flicker(shown, still) <= clips.flicker(compared, still) / 3
    off, off_alone = (
        [(canvas - picture).square().mean() for canvas, picture in zip(some, pictures, strict=True)]
        for some in (canvases, each)
    )
    assert max(off) < 1.25 * max(off_alone)


def test_a_cut_begins_anew(scatter):
    (room,) = tensors(clips.pictures(1))
    other = 1 - room
    frames = painted(scatter, [room, other])
    assert torch.equal(frames[1], painted(scatter, [other])[0])


def test_frames_that_are_known_are_not_painted(scatter):
    """And the next is as it would have been."""
    pictures = tensors(clips.pictures(4))
    whole = painted(scatter, pictures)
    asked = []

    def known(number):
        asked.append(number)
        return whole[number] if number < 2 else None

    again = painted(scatter, pictures, known)
    assert asked == [0, 1, 2, 3]
    assert all(torch.equal(one, other) for one, other in zip(whole, again, strict=True))


def test_held_strokes_have_no_gradient(scatter):
    actions = scatter.initial(1, 6, torch.Generator().manual_seed(0)).requires_grad_()
    held = Held(actions[0, 2:4].detach())
    moment = diffpaint.Moment(0, 1, actions, scatter, torch.ones(1, 3, *clips.SIZE))
    held(actions, scatter, moment).sum().backward()
    assert actions.grad is not None
    assert actions.grad[0, :, 0].tolist() == [1, 1, 0, 0, 1, 1]
