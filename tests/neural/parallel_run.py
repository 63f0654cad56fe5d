"""Run by test_parallel.py in each of several processes: ``parallel_run.py DATA FOLDER``."""

import json
import signal
import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from diffpaint.training.loop import train
from diffpaint_neural.training.gan import GANRecipe
from diffpaint_neural.training.settings import GANSettings, SplatSettings
from diffpaint_neural.training.splat import SplatRecipe

torch.set_num_threads(1)
data, folder = Path(sys.argv[1]), Path(sys.argv[2])
options = {"device": "cpu", "progress": False, "checkpoint_every": 3}


def learn(recipe, name, settings):
    train(recipe.prepare(settings, data=data), folder / name, settings, **options)


learn(SplatRecipe, "splat", SplatSettings(steps=4, batch=16, lr=0.2))
kept = []


class Keeping(GANRecipe):
    """Leaves its networks behind."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        kept.append(self)


learn(Keeping, "gan", GANSettings(steps=3, batch=4, mean_steps=1, critic_steps=2, noise=2))
accelerator = Accelerator(cpu=True)
mine = torch.cat([parameter.detach().flatten() for parameter in kept[0].parameters()])
everyones = accelerator.gather(mine[None])
try:
    learn(SplatRecipe, "odd", SplatSettings(steps=2, batch=15))
    refusal = ""
except ValueError as error:
    refusal = str(error)


class Interrupted(SplatRecipe):
    """Ctrl-C in the second step, which only the second process hears."""

    def step(self, number, batch):
        if number == 1 and accelerator.process_index == 1:
            signal.raise_signal(signal.SIGINT)
        return super().step(number, batch)


signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    learn(Interrupted, "stopped", SplatSettings(steps=4, batch=16))
    interrupted = False
except KeyboardInterrupt:
    interrupted = True
interrupted = accelerator.gather(torch.tensor([interrupted])).all().item()
if accelerator.is_main_process:
    figures = {
        "interrupted": interrupted,
        "processes": len(everyones),
        "apart": everyones.std(0).max().item(),
        "refusal": refusal,
    }
    (folder / "figures.json").write_text(json.dumps(figures))

accelerator.wait_for_everyone()  # a group whose processes end one by one may abort those that are left
accelerator.state.destroy_process_group()
