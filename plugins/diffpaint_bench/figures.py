"""How near a picture is to a photo: PSNR, SSIM and LPIPS, as torchmetrics computes them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor

from diffpaint import PluginError
from diffpaint.io.brief import brief


def check_torchmetrics() -> None:
    """Check, before long work starts, that figures can be computed; PluginError if not."""
    if find_spec("torchmetrics") is None:
        raise PluginError("the bench needs torchmetrics: pip install 'diffpaint[bench]'")


def lpips_missing() -> str | None:
    """Why LPIPS cannot be computed without a download; None if it can."""
    try:
        from torchvision.models import AlexNet_Weights
    except Exception as error:  # a torchvision that does not fit its torch raises all kinds
        return f"it needs torchvision ({brief(error)}): pip install 'diffpaint[lucent]'"
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(AlexNet_Weights.DEFAULT.url).path).name
    if file.is_file():
        return None
    return f"there is no {file}; torchvision.models.alexnet(weights='DEFAULT') downloads it"


def compared(picture: Tensor, photo: Tensor, lpips: bool = True) -> dict[str, float]:
    """How near a picture is to a photo.

    Args:
        picture: (1, 3, H, W) in [0, 1], sRGB.
        photo: Likewise.
        lpips: Whether to compute it, which needs the weights of AlexNet.

    Returns:
        ``psnr``, dB, over all pixels and channels; ``ssim``, by Gaussian windows of 11 px, from -1 to 1; and ``lpips``
        of AlexNet, from 0, the same, up.

    Raises:
        ValueError: Sizes differ, or are too small for one of the figures.
    """
    from torchmetrics.functional import image  # late: its 250 MB are not to be counted with those of a painting

    found = {
        "psnr": image.peak_signal_noise_ratio(picture, photo, data_range=1.0),
        "ssim": image.structural_similarity_index_measure(picture, photo, data_range=1.0),
    }
    if lpips:
        found["lpips"] = image.learned_perceptual_image_patch_similarity(
            picture, photo, net_type="alex", normalize=True
        )
    return {name: float(value) for name, value in found.items()}
