"""Activations of a network's layers, by the names that lucent gives them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from lucent.modelzoo.util import get_model_layers
from lucent.optvis.render import hook_model
from torch import Tensor, nn

from .models import Model


class _Seen(Exception):
    """All layers that are asked for have been computed."""


class Activations(nn.Module):
    """Reads chosen layers of a network, and computes no layer beyond them.

    Args:
        model: The network.
        layers: Names as ``lucent.modelzoo.util.get_model_layers`` lists them.

    Raises:
        ValueError: No layers, or a name that the network has not; the nearest are given.
    """

    def __init__(self, model: Model, layers: Sequence[str]):
        super().__init__()
        known = list(get_model_layers(model.network))
        if not layers:
            raise ValueError(f"no layers of {model.name} are named; it has {_some(known)}")
        for layer in layers:
            if layer not in known:
                near = difflib.get_close_matches(layer, known, n=3)
                hint = f"did you mean {' or '.join(near)}?" if near else f"it has {_some(known)}"
                raise ValueError(f"{model.name} has no layer {layer!r}; {hint}")
        self.model, self.layers = model, tuple(layers)
        self.network = model.network  # a submodule, so that .to() moves it
        self.read = hook_model(model.network, lambda: None)
        self._missing: set[str] = set()
        modules = {name.replace(".", "_"): module for name, module in model.network.named_modules()}
        for layer in layers:
            # registered after lucent's own hook of the layer, so that it has kept the activation by then
            modules[layer].register_forward_hook(lambda *_, layer=layer: self._saw(layer))

    def forward(self, canvas: Tensor) -> list[Tensor]:
        """Activations of a canvas (B, 3, H, W) in [0, 1], one tensor a layer.

        Raises:
            ValueError: The canvas is too small for the layers.
        """
        self._missing = set(self.layers)
        try:
            self.network(self.model.normalise(canvas))
        except _Seen:
            pass
        except RuntimeError as error:
            size = tuple(canvas.shape[2:])
            raise ValueError(f"a canvas of {size} px is too small for {self.model.name}: {error}") from error
        return [self.read(layer) for layer in self.layers]

    def _saw(self, layer: str) -> None:
        self._missing.discard(layer)
        if not self._missing:
            raise _Seen


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 24 else f"{', '.join(names[:24])}, and {len(names) - 24} more"
