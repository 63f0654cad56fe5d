"""CLIP's networks by open_clip, with weights that it downloads or that are a file here."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import open_clip
from open_clip.modified_resnet import ModifiedResNet
from open_clip.pretrained import download_pretrained, get_pretrained_cfg
from open_clip.transformer import VisionTransformer
from torch import Tensor

from diffpaint.io.brief import brief
from diffpaint_lucent import Model, Tokens, reach

ENDINGS = (".safetensors", ".pt", ".pth", ".bin")  # of files of weights; none of them can run code

Tokenizer = Callable[[list[str]], Tensor]


def load_clip(name: str) -> tuple[Any, Tokenizer]:
    """Load a network of open_clip, frozen, and its tokenizer.

    Args:
        name: ``NAME:TAG`` as ``open_clip.list_pretrained(as_str=True)`` lists them, such as ``ViT-B-32:openai``, whose
            weights are downloaded when first used. Or ``NAME:FILE`` with a checkpoint, which is read as safetensors or
            by ``torch.load(weights_only=True)``, so that it can run no code. NAME may have been added by
            ``open_clip.add_model_config``.

    Raises:
        ValueError: An unknown network or tag, no such file, a file that does not fit, weights that are not here and
            cannot be downloaded.
    """
    architecture, _, weights = name.partition(":")
    known = open_clip.list_models()
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "open_clip.list_models() lists them"
        raise ValueError(f"open_clip has no model {architecture!r}; {hint}")
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    settings: dict[str, Any] = get_pretrained_cfg(architecture, weights) if weights in tags else {}
    path = _downloaded(name, settings) if settings else _file(architecture, weights, tags)
    preprocessing = {key: settings[key] for key in ("mean", "std") if key in settings}
    try:
        network = open_clip.create_model(
            architecture,
            pretrained=str(path),
            force_quick_gelu=settings.get("quick_gelu", False),
            force_preprocess_cfg=preprocessing,
        )
        tokenizer = open_clip.get_tokenizer(architecture)
    except Exception as error:  # whatever open_clip, torch, safetensors, transformers and the network raise
        raise ValueError(f"{path} cannot be loaded as {architecture} of open_clip: {brief(error, 200)}") from error
    return network.eval().requires_grad_(False), tokenizer


def image_model(name: str, network: Any = None) -> Model:
    """The half of a network that looks at pictures.

    For objectives that read its layers, such as ``activation`` and ``content``.

    Args:
        name: As of :func:`load_clip`.
        network: That network, if it is loaded already.
    """
    visual = (load_clip(name)[0] if network is None else network).visual
    size = visual.image_size if isinstance(visual.image_size, int) else visual.image_size[0]
    return Model(
        name,
        visual,
        tuple(visual.preprocess_cfg["mean"]),
        tuple(visual.preprocess_cfg["std"]),
        size=size,
        square=not isinstance(visual, ModifiedResNet),
        tokens=_tokens(visual),
    )


def _tokens(visual: Any) -> Tokens | None:
    if isinstance(visual, VisionTransformer):
        return Tokens(cast(tuple[int, int], visual.patch_size))
    return Tokens.of(getattr(visual, "trunk", visual))  # of timm, where open_clip wraps it


def _downloaded(name: str, settings: dict[str, Any]) -> Path:
    try:
        if "hf_hub" in settings:  # ORGANISATION/REPOSITORY/FILE, or without a file
            reach("/".join(settings["hf_hub"].split("/")[:2]))
        return Path(download_pretrained(settings))
    except Exception as error:  # of urllib, huggingface_hub and what it talks HTTP with, which share no class
        raise ValueError(
            f"the weights of {name} cannot be downloaded ({brief(error, 160)}); "
            f"a file of them can be given as {name.partition(':')[0]}:FILE"
        ) from error


def _file(architecture: str, weights: str, tags: list[str]) -> Path:
    path = Path(weights)
    if weights and path.is_file():
        if path.suffix not in ENDINGS:
            raise ValueError(f"{path} ends in {path.suffix!r}; weights of open_clip are {', '.join(ENDINGS)}")
        return path
    there = f"its tags are {', '.join(tags)}" if tags else "it has no tags"
    what = f"neither a tag nor a file: {weights!r}" if weights else "no weights are named"
    raise ValueError(f"{architecture}: {what}; write {architecture}:TAG or {architecture}:FILE, {there}")
