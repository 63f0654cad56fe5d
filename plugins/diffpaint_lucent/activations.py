"""Activations of a network's layers, by the names that lucent gives them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from lucent.modelzoo.util import get_model_layers
from lucent.optvis.render import ModuleHook
from torch import Tensor, nn

from .models import Model


class _Complete(Exception):
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
        modules = {name.replace(".", "_"): module for name, module in model.network.named_modules()}
        self._hooked = [modules[layer] for layer in layers]

    def forward(self, canvas: Tensor) -> list[Tensor]:
        """Activations of a canvas (B, 3, H, W) in [0, 1], one tensor a layer.

        The network is hooked for this call only, so that others can use it too.
        """
        hooks = [ModuleHook(module) for module in self._hooked]

        def stop_when_complete(*_: object) -> None:
            if all(hook.features is not None for hook in hooks):
                raise _Complete

        # registered after lucent's hooks, so that these have kept the activation by then
        stops = [module.register_forward_hook(stop_when_complete) for module in self._hooked]
        try:
            self.network(self.model.normalise(canvas))
        except _Complete:
            pass
        finally:
            for stop in stops:
                stop.remove()
            for hook in hooks:
                hook.close()
        return [hook.features for hook in hooks if hook.features is not None]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 24 else f"{', '.join(names[:24])}, and {len(names) - 24} more"
