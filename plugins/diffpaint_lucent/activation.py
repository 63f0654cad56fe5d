"""``activation``: what a pretrained network wants to see, in the words of lucent's objectives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from lucent.optvis.objectives import as_objective
from torch import Tensor, nn

from diffpaint import Objective

from .activations import Activations
from .models import Model, load_model
from .transforms import Placed, RandomAffine, noisy, resized

QUIET = 0.8  # of all steps, from where on there is no noise
Read = Callable[[str], Tensor]  # what lucent's objectives take: a layer's name to its activation

_LABELS: dict[str, Callable[[Tensor], Tensor]] = {
    "log-probability": lambda logits: logits.log_softmax(1),
    "logit": lambda logits: logits,
}


class Activation(Objective):
    """An objective of lucent on the canvas: a class, a channel, or any expression of them, in one network or several.

    Each network sees the canvas several times at once, resized to what it was trained on, each time shifted, scaled and
    rotated at random. The paper's visualisations of ImageNet's classes maximise the mean log-probability or logit of
    four networks under jitter and rotations of 20 degrees (section 5 and its notebooks).

    Args:
        goal: ``layer:channel``, such as ``labels:388`` or ``mixed4a:476``, or an objective of
            ``lucent.optvis.objectives``, which are minimised as they are there.
        models: Names for :func:`load_model`, separated by spaces, or a sequence of names and of :class:`Model`.
            The score is the mean over them.
        labels: What ``labels`` in the goal means: ``log-probability`` or ``logit``.
        views: How often each network sees the canvas, transformed each time anew.
        jitter: Largest shift, px of the network's input.
        scale: Largest relative change of size.
        rotate: Largest angle, degrees.
        least: If given, instead of ``scale``: networks see the whole canvas at any size from this fraction of their
            input up to all of it, anywhere in it, around it the mean colour of what is painted on. Of several views
            the first is all of it.
        noise: Standard deviation of the noise that views are seen under at the start of an optimisation, at most, in
            values from 0 to 1. It falls to nothing by four fifths of the steps. What is seen under noise has a shape:
            gradients of classifiers that are smoothed so are what people would call right (Kaur et al. 2019).

    Raises:
        ValueError: No models, an unknown model, layer or channel, networks on different devices, a number out of range.
            From ``forward``: a goal that holds a tensor on another device.
    """

    def __init__(
        self,
        goal: str | Callable[[Read], Tensor],
        models: str | Sequence[str | Model] = "efficientnet-lite0",
        labels: str = "log-probability",
        views: int = 2,
        jitter: float = 8.0,
        scale: float = 0.1,
        rotate: float = 20.0,
        least: float | None = None,
        noise: float = 0.0,
    ):
        super().__init__()
        if views < 1:
            raise ValueError(f"views must be at least 1, got {views}")
        if labels not in _LABELS:
            raise ValueError(f"labels is {' or '.join(map(repr, _LABELS))}, got {labels!r}")
        if not 0 <= noise < math.inf:
            raise ValueError(f"noise is finite and from 0, got {noise}")
        self.labels, self.noise = labels, noise
        self.views, self.transform = views, RandomAffine(jitter, scale, rotate)
        self.placed = None if least is None else Placed(least, jitter, rotate)
        self.name = goal if isinstance(goal, str) else getattr(goal, "description", "") or repr(goal)
        self.goal = _objective(goal)
        self.models = load_models(models)
        self.readers = nn.ModuleList(self._reader(model) for model in self.models)

    def forward(self, canvas: Tensor) -> Tensor:
        """The mean over networks and views of what the goal says of the canvas (B, 3, H, W) in [0, 1]."""
        scores, ground = [], self.moment.background
        ground = torch.ones_like(canvas[..., :1, :1]) if ground is None else ground.mean((2, 3), keepdim=True)
        for reader in self.readers:
            assert isinstance(reader, Activations)
            views = resized(canvas, reader.model.size)
            views = self.transform(views, self.views) if self.placed is None else self.placed(views, ground, self.views)
            if left := self.noise * max(0.0, 1 - self.moment.progress / QUIET):
                views = noisy(views, left)
            found = self._found(reader, views)
            for view in range(self.views):
                part = {name: value[view * len(canvas) : (view + 1) * len(canvas)] for name, value in found.items()}
                scores.append(self._score(part.__getitem__, canvas.device))
        return torch.stack(scores).mean()

    def _found(self, reader: Activations, canvas: Tensor) -> dict[str, Tensor]:
        found = reader(canvas)
        if "labels" in found:
            found["labels"] = _LABELS[self.labels](found["labels"])
        return found

    def _score(self, read: Read, device: torch.device) -> Tensor:
        try:
            return self.goal(read)
        except RuntimeError as error:
            if "device" not in str(error):
                raise
            raise ValueError(
                f"{self.name!r} holds a tensor on another device than the canvas, which is on {device}: {error}"
            ) from error

    def _reader(self, model: Model) -> Activations:
        """Reads the layers that the goal asks for; the goal is tried on a blank canvas to see which."""
        device = next((parameter.device for parameter in model.network.parameters()), torch.device("cpu"))
        blank = torch.full((2, 3, model.size, model.size), 0.5, device=device)
        found: dict[str, Tensor] = {}

        def read(layer: str) -> Tensor:
            if layer not in found:
                found.update(self._found(Activations(model, [layer]), blank))
            return found[layer]

        try:
            with torch.no_grad():
                score = self._score(read, device)
        except IndexError as error:
            shapes = ", ".join(f"{layer} has {value.shape[1]} channels" for layer, value in found.items())
            raise ValueError(f"{self.name!r} on {model.name}: {error}; {shapes}") from error
        if not isinstance(score, Tensor) or score.numel() != 1 or not found:
            raise ValueError(f"{self.name!r} gives {score!r} for {model.name}; wanted a scalar tensor of a layer")
        return Activations(model, list(found))


def load_models(models: str | Sequence[str | Model]) -> list[Model]:
    """An ensemble: networks by name, separated by commas or spaces, or a sequence of names and networks.

    Raises:
        ValueError: None at all, an unknown one, or networks on different devices.
    """
    names = models.replace(",", " ").split() if isinstance(models, str) else models
    loaded = [load_model(model) if isinstance(model, str) else model for model in names]
    if not loaded:
        raise ValueError(
            "an ensemble needs at least one model, such as efficientnet-lite0; 'diffpaint models' lists them"
        )
    places = {str(parameter.device) for model in loaded for parameter in model.network.parameters()}
    if len(places) > 1:
        where = [f"{model.name} on {next(iter(model.network.parameters())).device}" for model in loaded]
        raise ValueError(f"the networks are on different devices: {', '.join(where)}; move them to one")
    return loaded


def _objective(goal: str | Callable[[Read], Tensor]) -> Callable[[Read], Tensor]:
    if isinstance(goal, str):
        layer, colon, channel = goal.rpartition(":")
        if not colon or not layer.strip() or not channel.strip().isdigit():
            raise ValueError(
                f"{goal!r} is no layer:channel, such as labels:388; lucent's other objectives are to be had from Python"
            )
    objective = as_objective(goal)
    if objective is None:
        raise ValueError(f"goal is layer:channel or one of lucent's objectives, got {goal!r}")
    return objective  # pyright: ignore[reportReturnType], lucent declares no types
