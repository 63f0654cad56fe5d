"""The weights that ship: a card each, small enough, and nothing drawn where the engine draws nothing."""

import re

import pytest
import torch

import diffpaint
from diffpaint_mypaint import alpha_masks
from diffpaint_neural.weights import FOLDER, load_weights, shipped_brushes, shipped_path

SHIPPED = [(painter, brush) for painter in ("splat", "dabs", "vae", "gan") for brush in shipped_brushes(painter)]


def test_weights_are_small_together():
    """Those of the agents too."""
    plugins = FOLDER.parents[1]
    assert sum(path.stat().st_size for path in plugins.rglob("weights/**/*.safetensors")) < 25e6


def test_every_painter_ships_for_the_brush_of_the_paper():
    for painter in ("splat", "dabs", "vae", "gan"):
        assert (painter, "classic/dry_brush") in SHIPPED


@pytest.mark.parametrize(("painter", "brush"), SHIPPED)
def test_every_file_has_a_card_with_its_table(painter, brush):
    card = shipped_path(painter, brush).with_suffix(".md").read_text()
    header = load_weights(painter, brush)[1]
    assert card.startswith(f"# neural-{painter} for {brush}\n")
    assert f"diffpaint evaluate neural-{painter} --brush {brush}" in card
    assert f"{header['data']['count']:,}, uniform random actions" in card
    assert f"steps {header['training']['steps']:,}" in card
    assert re.search(r"^texture ratio +\d\.\d\d$", card, re.M)


@pytest.mark.parametrize(("painter", "brush"), SHIPPED)
@pytest.mark.usefixtures("engine")
def test_without_pressure_there_is_no_stroke(painter, brush):
    actions = torch.rand(32, 12, generator=torch.Generator().manual_seed(0))
    actions[:, :2] = 0
    assert alpha_masks(actions.numpy(), brush).mean() < 0.5  # of 255; ramon/Pastel_1 leaves a trace
    assert diffpaint.load_renderer(f"neural-{painter}", brush=brush).stroke(actions)[1].max() < 0.05


@pytest.mark.parametrize(("painter", "brush"), SHIPPED)
def test_far_from_the_curve_there_is_no_paint(painter, brush):
    generator = torch.Generator().manual_seed(0)
    actions = torch.rand(32, 12, generator=generator)
    actions[:, 2] = 0.3 * torch.rand(32, generator=generator)
    actions[:, 6::2], actions[:, 7::2] = 0.25 * actions[:, 6::2], 0.25 * actions[:, 7::2]  # the top left corner
    alpha = diffpaint.load_renderer(f"neural-{painter}", brush=brush).stroke(actions)[1]
    assert alpha[:, :, 48:, 48:].mean() < 2 / 255
