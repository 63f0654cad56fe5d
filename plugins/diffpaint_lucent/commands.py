"""Commands: ``models``, which networks there are; ``visualize``, what they want to see."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
import torch
from lucent.modelzoo.util import get_model_layers
from torch import Tensor
from tqdm import tqdm

from diffpaint import Initializer, Renderer, load_objective, load_strategy
from diffpaint.cli.background import Ground
from diffpaint.cli.job import carry_out
from diffpaint.cli.options import PaintCommand, Request, paint_options
from diffpaint.cli.plan import longest_of, scattered
from diffpaint.io.console import stderr

from .activation import Activation, load_models
from .activations import CLASS, PATCHES
from .catalog import catalog
from .imagenet import class_index, class_names
from .judge import check_labels, probabilities
from .models import Model, load_model
from .natural import NaturalColors
from .sparing import Sparing

CLASSIFIERS, CLIP = "efficientnet-lite0,efficientnet-lite1", "ViT-B-32:openai"  # that should see it by default
REPORTS = 6  # how often visualize says what the networks see
# one view a step, shaken more than the paper's: a thing that is seen at any size and place is one that people see too
SHAKEN = {"views": 1, "jitter": 16.0, "scale": 0.3, "rotate": 20.0}
# where strokes lie in no cells, small on paper too, and through noise: what has a shape of its own is what people see
ON_PAPER, PAPER = {"views": 2, "jitter": 12.0, "rotate": 8.0, "least": 0.4, "noise": 0.4}, "#d9d1c2"
NEAR = 0.3  # of the canvas's side, around its middle, in which the first strokes lie
STROKES, DEAR, EDGE = 160, 20.0, 12.0  # what paint costs beside a logit, and how much more at the edges


@click.command()
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List pretrained networks, or the layers of the network NAME.

    Of each network it says whether its weights are here or would be downloaded when it is first used.

    \b
    Examples:
        diffpaint models
        diffpaint models efficientnet-lite0
    """
    if name is None:
        for line in catalog():
            click.echo(line)
        return
    model = load_model(name)
    layers: dict[str, str] = dict(get_model_layers(model.network, getLayerRepr=True))
    for layer, what in layers.items():
        click.echo(f"{layer}  {what.partition(chr(10))[0]}")
    if model.tokens is not None:
        click.echo(f"NAME{PATCHES}, NAME{CLASS}  patch tokens, and the class token, of a layer NAME that holds tokens")
    click.echo("labels  its output")


@click.command(cls=PaintCommand)
@click.argument("name", required=False)
@paint_options(size=768, steps=300, strokes=8, cells=9, pyramid=1, scattered=STROKES)
@click.option(
    "--prompt",
    help='Paint what CLIP sees in a text, instead of a class; several as "TEXT:WEIGHT | TEXT:-WEIGHT".',
)
@click.option(
    "--models",
    help="Networks that should see it, separated by commas; see diffpaint models. With --prompt, NAME:TAG or NAME:FILE "
    f"of open_clip.  [default: {CLASSIFIERS}; {CLIP} with --prompt]",
)
@click.option(
    "--labels",
    type=click.Choice(["logit", "log-probability"]),
    help="What is made large: the class itself, or the class against all others.  [default: logit]",
)
@click.option("--batch", default=1, show_default=True, help="Variants at once.")
def visualize(
    name: str | None, request: Request, prompt: str | None, models: str | None, labels: str | None, batch: int
) -> None:
    """Paint what ImageNet classifiers want to see: the class NAME, by its name or number. Or what a text says.

    Strokes of a class are added where the networks ask for them, on toned paper, and paint that they do not need goes.
    With --grid, and for a text, strokes lie in overlapping cells on white, as many in each.

    \b
    Examples:
        diffpaint visualize "giant panda" -o panda.png
        diffpaint visualize flamingo -o flamingo.png --brush classic/charcoal --batch 3
        diffpaint visualize 985 -o daisy.png --greyscale --models efficientnet-lite0
        diffpaint visualize --prompt "a red fox in snow" -o fox.png
    """
    if (name is None) == (prompt is None):
        raise click.UsageError("name a class of ImageNet, or give a --prompt, and not both")
    request.check(batch=batch)
    request = dataclasses.replace(request, constraints=[NaturalColors(), *request.constraints])
    if prompt is not None:
        if labels is not None:
            raise click.UsageError("--labels are of classes; a --prompt has none")
        request = dataclasses.replace(request, scattered=None)
        _visualize_prompt(prompt, request, models if models is not None else CLIP, batch)
    elif name is not None:
        _visualize_class(name, request, models if models is not None else CLASSIFIERS, labels or "logit", batch)


def _visualize_class(name: str, request: Request, models: str, labels: str, batch: int) -> None:
    number = class_index(name)
    networks = load_models(models)
    check_labels(networks)
    total, target, strategy, ground = scattered(request), None, None, Ground()
    if total is None:
        objective = Activation(f"labels:{number}", networks, labels, **SHAKEN)
    else:
        objective = Activation(f"labels:{number}", networks, labels, **ON_PAPER) + DEAR * Sparing(EDGE)
        ground, focus = Ground(PAPER), _middle(longest_of(request))
        target = focus.expand(batch, -1, -1, -1)
        strategy = load_strategy("growth", strokes=total, focus=focus, seed=request.seed)
    every = max(1, request.steps // REPORTS)

    def report(step: int, canvas: Tensor, loss: float) -> None:
        if step % every == 0:
            tqdm.write(f"step {step}: {_seen(networks, canvas, number)}", file=stderr())

    run = {"class": str(number), "models": models, "labels": labels, "batch": str(batch)}
    side = longest_of(request)
    parts = {
        "callback": report,
        "strategy": strategy,
        "ground": ground,
        "initializer": _InTheMiddle(),
        "target": target,
    }
    painting = carry_out(request, objective, (side, side), run=run, batch=batch, **parts)
    canvas = painting.canvas.to(next(networks[0].network.parameters()).device)
    for model in networks:
        for index, chances in enumerate(probabilities(model, canvas)):
            best = ", ".join(f"{class_names()[i]} {chances[i]:.2f}" for i in chances.topk(3).indices.tolist())
            click.echo(f"{model.name}, {index + 1} of {batch}: {class_names()[number]} {chances[number]:.3f} ({best})")


class _InTheMiddle(Initializer):
    """The first strokes of a scattered painting by chance, near its middle: where they lie, the thing grows."""

    def __call__(self, renderer: Renderer, target: Tensor, strokes: int, **others: Any) -> Tensor:
        actions = super().__call__(renderer, target, strokes, **others)
        places = actions[..., -3:-1]
        places.copy_(0.5 + NEAR * (places - 0.5))
        return actions


def _middle(side: int) -> Tensor:
    """A square picture (1, 3, side, side), white in its middle and black at its edges."""
    across = (1 - torch.linspace(-1, 1, side).square()).square()
    return (across * across[:, None]).expand(1, 3, -1, -1)


def _visualize_prompt(prompt: str, request: Request, models: str, batch: int) -> None:
    names = [name.strip() for name in models.split(",")]
    networks = [load_objective("clip", prompt=prompt, model=name) for name in names]
    objective = sum(networks[1:], networks[0]) * (1 / len(networks))
    run = {"prompt": prompt, "models": models, "batch": str(batch)}
    side = longest_of(request)
    painting = carry_out(request, objective, (side, side), run=run, batch=batch)
    canvases = painting.canvas.to(next(objective.parameters()).device)
    with torch.no_grad():
        for model, network in zip(names, networks, strict=True):
            for index, canvas in enumerate(canvases.split(1)):
                click.echo(f"{model}, {index + 1} of {batch}: similarity {-network(canvas):.3f}")


def _seen(networks: list[Model], canvas: Tensor, number: int) -> str:
    return ", ".join(f"{model.name} {probabilities(model, canvas)[:, number].mean():.2f}" for model in networks)
