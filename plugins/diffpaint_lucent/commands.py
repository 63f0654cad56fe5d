"""Commands: ``models``, which networks there are; ``visualize``, what they want to see."""

from __future__ import annotations

import click
import torch
from lucent.modelzoo.util import get_model_layers
from torch import Tensor
from tqdm import tqdm

from diffpaint import Easel, Renderer, easel_options

from .activation import Activation, load_models
from .catalog import catalog
from .imagenet import class_index, class_names
from .judge import check_labels, probabilities
from .models import Model, load_model

REPORTS = 6  # how often visualize says what the networks see
GROUND, CONTRAST = 0.6, 0.2  # colours that strokes start with: about a light grey, and how far apart


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
    click.echo("labels  its output")


@click.command()
@click.argument("name")
@easel_options(size=768, steps=200, strokes=8, cells=16)
@click.option(
    "--models",
    default="efficientnet-lite0,efficientnet-lite1",
    show_default=True,
    help="Networks that should see it, separated by commas; see diffpaint models.",
)
@click.option(
    "--labels",
    type=click.Choice(["log-probability", "logit"]),
    default="log-probability",
    show_default=True,
    help="What is made large: a logit makes the class ever more itself, and leaves the others be.",
)
@click.option("--batch", default=1, show_default=True, help="Variants at once.")
def visualize(name: str, easel: Easel, models: str, labels: str, batch: int) -> None:
    """Paint what ImageNet classifiers want to see: the class NAME, by its name or number.

    \b
    Examples:
        diffpaint visualize "giant panda" -o panda.png
        diffpaint visualize flamingo -o flamingo.png --brush classic/charcoal --batch 3
        diffpaint visualize 985 -o daisy.png --greyscale --models efficientnet-lite0
    """
    number = class_index(name)
    easel.check(batch=batch)
    networks = load_models(models)
    check_labels(networks)
    objective = Activation(f"labels:{number}", networks, labels)
    size = (easel.longest, easel.longest)
    every = max(1, easel.steps // REPORTS)

    def report(step: int, canvas: Tensor, loss: float) -> None:
        if step % every == 0:
            tqdm.write(f"step {step}: {_seen(networks, canvas, number)}")

    def start(renderer: Renderer, strokes: int) -> Tensor:
        return quiet(renderer, strokes, batch, easel.seed)

    run = {"class": str(number), "models": models, "labels": labels, "batch": str(batch)}
    painting = easel.paint(objective, size, run=run, batch=batch, start=start, callback=report)
    canvas = painting.canvas.to(next(networks[0].network.parameters()).device)
    for model in networks:
        for index, chances in enumerate(probabilities(model, canvas)):
            best = ", ".join(f"{class_names()[i]} {chances[i]:.2f}" for i in chances.topk(3).indices.tolist())
            click.echo(f"{model.name}, {index + 1} of {batch}: {class_names()[number]} {chances[number]:.3f} ({best})")


def quiet(renderer: Renderer, strokes: int, batch: int, seed: int) -> Tensor:
    """Actions to start from, (B, T, A), their colours near a light grey.

    What the networks do not care about then stays a calm ground, instead of the strokes of all colours that a uniform
    start leaves there.
    """
    actions = renderer.initial(batch, strokes, torch.Generator().manual_seed(seed))
    colors = [renderer.action_names.index(name) for name in ("red", "green", "blue") if name in renderer.action_names]
    actions[..., colors] = GROUND + CONTRAST * (actions[..., colors] - 0.5)
    return actions


def _seen(networks: list[Model], canvas: Tensor, number: int) -> str:
    return ", ".join(f"{model.name} {probabilities(model, canvas)[:, number].mean():.2f}" for model in networks)
