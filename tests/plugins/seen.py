"""Objectives as others bring them: CLIP, LPIPS, a mask, and pen drawings by XDoG."""

import kornia
import lpips
import open_clip
import torch

from diffpaint import Objective
from diffpaint.objective import check_canvas, check_target

SIDE = 32  # px, that the small CLIP looks at


class Clip(Objective):
    """How far a canvas is from a text, by CLIP's cosine; the network is small and of random weights.

    Args:
        prompt: What the canvas should show.
    """

    def __init__(self, prompt: str):
        super().__init__()
        vision = open_clip.CLIPVisionCfg(layers=1, width=64, patch_size=8, image_size=SIDE)
        text = open_clip.CLIPTextCfg(width=64, heads=2, layers=1)
        self.prompt, self.network = prompt, open_clip.CLIP(32, vision, text).eval().requires_grad_(False)
        with torch.no_grad():
            wanted = self.network.encode_text(open_clip.tokenize([prompt]), normalize=True)
        self.register_buffer("wanted", wanted, persistent=False)

    def forward(self, canvas):
        seen = torch.nn.functional.interpolate(canvas, (SIDE, SIDE), mode="bilinear", antialias=True)
        return 1 - (self.network.encode_image(seen, normalize=True) @ self.wanted.T).mean()


class Lpips(Objective):
    """The perceptual distance of Zhang et al. 2018, on a backbone of random weights.

    Args:
        target: (1, 3, H, W) in [0, 1], or the path of a picture.
    """

    pictures = ("target",)

    def __init__(self, target):
        super().__init__()
        self.register_buffer("target", check_target(target), persistent=False)
        self.network = lpips.LPIPS(net="squeeze", pnet_rand=True, lpips=False, verbose=False).requires_grad_(False)

    def forward(self, canvas):
        check_canvas(canvas, self.target)
        return self.network(canvas, self.target.expand_as(canvas), normalize=True).mean()


class Masked(Objective):
    """Squared difference to a picture, where a mask is white.

    Args:
        target: (1, 3, H, W) in [0, 1], or the path of a picture.
        mask: Likewise.
    """

    pictures = ("target", "mask")

    def __init__(self, target, mask):
        super().__init__()
        for name, picture in {"target": target, "mask": mask}.items():
            self.register_buffer(name, check_target(picture), persistent=False)

    def forward(self, canvas):
        check_canvas(canvas, self.target)
        return ((canvas - self.target).square() * self.mask).mean()


class Pen(Objective):
    """Difference in the lines that extended differences of Gaussians find (Winnemoeller et al. 2012).

    Args:
        target: (1, 3, H, W) in [0, 1], or the path of a picture.
    """

    pictures = ("target",)

    def __init__(self, target, sigma: float = 1.0, sharpness: float = 10.0):
        super().__init__()
        self.sigma, self.sharpness = sigma, sharpness
        self.register_buffer("lines", self.drawn(check_target(target)), persistent=False)

    def drawn(self, picture):
        grey = kornia.color.rgb_to_grayscale(picture)
        fine, coarse = (
            kornia.filters.gaussian_blur2d(grey, (9, 9), (sigma, sigma)) for sigma in (self.sigma, 1.6 * self.sigma)
        )
        return 1 + torch.tanh(self.sharpness * (21 * fine - 20 * coarse - 0.9)).clamp(max=0)

    def forward(self, canvas):
        return (self.drawn(canvas) - self.lines).abs().mean()
