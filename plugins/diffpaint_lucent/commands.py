"""Commands: ``models``, which networks there are; ``visualize``, what they want to see."""

from __future__ import annotations

import dataclasses

import click
from lucent.modelzoo.util import get_model_layers
from torch import Tensor
from tqdm import tqdm

from diffpaint.cli.job import carry_out
from diffpaint.cli.options import PaintCommand, Request, paint_options
from diffpaint.cli.plan import longest_of
from diffpaint.io.console import stderr

from .activation import Activation, load_models
from .activations import CLASS, PATCHES
from .catalog import catalog
from .imagenet import class_index, class_names
from .judge import check_labels, probabilities
from .models import Model, load_model
from .natural import NaturalColors

REPORTS = 6  # how often visualize says what the networks see
# one view a step, shaken more than the paper's: a thing that is seen at any size and place is one that people see too
SHAKEN = {"views": 1, "jitter": 16.0, "scale": 0.3, "rotate": 20.0}


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
@click.argument("name")
@paint_options(size=768, steps=200, strokes=8, cells=9, pyramid=1)
@click.option(
    "--models",
    default="efficientnet-lite0,efficientnet-lite1",
    show_default=True,
    help="Networks that should see it, separated by commas; see diffpaint models.",
)
@click.option(
    "--labels",
    type=click.Choice(["logit", "log-probability"]),
    default="logit",
    show_default=True,
    help="What is made large: the class itself, or the class against all others.",
)
@click.option("--batch", default=1, show_default=True, help="Variants at once.")
def visualize(name: str, request: Request, models: str, labels: str, batch: int) -> None:
    """Paint what ImageNet classifiers want to see: the class NAME, by its name or number.

    \b
    Examples:
        diffpaint visualize "giant panda" -o panda.png
        diffpaint visualize flamingo -o flamingo.png --brush classic/charcoal --batch 3
        diffpaint visualize 985 -o daisy.png --greyscale --models efficientnet-lite0
    """
    number = class_index(name)
    request.check(batch=batch)
    networks = load_models(models)
    check_labels(networks)
    objective = Activation(f"labels:{number}", networks, labels, **SHAKEN)
    side = longest_of(request)
    every = max(1, request.steps // REPORTS)

    def report(step: int, canvas: Tensor, loss: float) -> None:
        if step % every == 0:
            tqdm.write(f"step {step}: {_seen(networks, canvas, number)}", file=stderr())

    run = {"class": str(number), "models": models, "labels": labels, "batch": str(batch)}
    request = dataclasses.replace(request, constraints=[NaturalColors(), *request.constraints])
    painting = carry_out(request, objective, (side, side), run=run, batch=batch, callback=report)
    canvas = painting.canvas.to(next(networks[0].network.parameters()).device)
    for model in networks:
        for index, chances in enumerate(probabilities(model, canvas)):
            best = ", ".join(f"{class_names()[i]} {chances[i]:.2f}" for i in chances.topk(3).indices.tolist())
            click.echo(f"{model.name}, {index + 1} of {batch}: {class_names()[number]} {chances[number]:.3f} ({best})")


def _seen(networks: list[Model], canvas: Tensor, number: int) -> str:
    return ", ".join(f"{model.name} {probabilities(model, canvas)[:, number].mean():.2f}" for model in networks)
