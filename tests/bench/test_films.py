"""How much a painted film flickers where the film stands still, beside one each of whose frames is painted alone."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

import diffpaint

pytest.importorskip("cv2", reason="needs the extra film")

from diffpaint_film import Carried
from diffpaint_film.flow import changed

pytestmark = pytest.mark.bench
FRAMES = 5


def filmed(room, cup, noise=2 / 255):
    """A cup slides through a photo, with a camera's noise."""
    chance, (height, width) = torch.Generator().manual_seed(0), cup.shape[2:]
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    edge = ((1 - down**2 - across**2) * 4).clamp(0, 1)
    for number in range(FRAMES):
        frame = room + noise * torch.randn(room.shape, generator=chance)
        left = (room.shape[3] - width - 12) * number // 12 + 6
        place = frame[..., -height - 4 : -4, left : left + width]
        place.copy_(cup * edge + place * (1 - edge))
        yield frame.clamp(0, 1)


def test_what_stands_still_flickers_a_third_at_most(capsys):
    room = diffpaint.read_image("examples/photos/chelsea.png", 340)
    cup = interpolate(
        diffpaint.read_image("examples/photos/coffee.png", 340), (76, 112), mode="bilinear", antialias=True
    )
    pictures = list(filmed(room, cup))
    renderer = diffpaint.load_renderer("scatter", size=tuple(room.shape[2:]), coarse=True)
    ground = room.mean((2, 3), keepdim=True).expand_as(room)
    work = Carried(renderer, diffpaint.Pixel, 1000, 150, 15, 0, ground, "cpu")
    ways = {
        "carried": list(work(iter(pictures), lambda number: None)),
        "each alone": [next(work(iter([picture]), lambda number: None)) for picture in pictures],
    }
    still = ~torch.stack([changed(pictures[0], picture) for picture in pictures]).amax(0).bool()[0, 0]
    found = {}
    for way, frames in ways.items():
        with torch.no_grad():
            canvases = [renderer(frame[None], ground)[0] for frame in frames]
        found[way] = np.mean([255 * (after - before).abs()[:, still].mean() for before, after in pairwise(canvases)])
        off = [
            -10 * torch.log10((canvas - picture[0]).square().mean())
            for canvas, picture in zip(canvases, pictures, strict=True)
        ]
        with capsys.disabled():
            print(f"\n{way}: {found[way]:.2f} / 255 from frame to frame where nothing moves; ", end="")
            print(f"{off[0]:.2f} dB in the first frame, {off[-1]:.2f} in the last")
    with capsys.disabled():
        print(f"{found['carried'] / found['each alone']:.2f} of it")
    assert found["carried"] <= found["each alone"] / 3
