"""Run by test_parallel.py in each of several processes: ``parallel_run.py DATA FOLDER``."""

import json
import signal
import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from diffpaint_neural.training.recipes import RECIPES
from diffpaint_neural.training.run import train
from diffpaint_neural.training.settings import GANSettings, SplatSettings

torch.set_num_threads(1)
data, folder = Path(sys.argv[1]), Path(sys.argv[2])
options = {"device": "cpu", "progress": False, "checkpoint_every": 3}
train(data, folder / "splat", RECIPES["splat"], SplatSettings(steps=4, batch=16, lr=0.2), **options)

kept = []


class Keeping(RECIPES["gan"]):
    """Leaves its networks behind."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        kept.append(self)


train(data, folder / "gan", Keeping, GANSettings(steps=3, batch=4, mean_steps=1, critic_steps=2, noise=2), **options)
accelerator = Accelerator(cpu=True)
mine = torch.cat([parameter.detach().flatten() for parameter in kept[0].parameters()])
everyones = accelerator.gather(mine[None])
try:
    train(data, folder / "odd", RECIPES["splat"], SplatSettings(steps=2, batch=15), **options)
    refusal = ""
except ValueError as error:
    refusal = str(error)


class Interrupted(RECIPES["splat"]):
    """Ctrl-C in the second step, which only the second process hears."""

    def step(self, number, batch):
        if number == 1 and accelerator.process_index == 1:
            signal.raise_signal(signal.SIGINT)
        return super().step(number, batch)


signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    train(data, folder / "stopped", Interrupted, SplatSettings(steps=4, batch=16), **options)
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
