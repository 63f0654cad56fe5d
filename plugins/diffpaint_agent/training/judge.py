"""A small classifier, trained on real pictures, that says what painted ones show."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..pictures import Pictures

STEPS, EPOCHS = 3_000, 40  # whichever is less
BATCH, LR = 128, 2e-3
AT_ONCE = 500  # pictures
SMALLEST = 10  # px, that its layers leave anything of
LARGEST = 32  # px, that it looks at: larger pictures are averaged down
SHIFT = 2  # px each way that pictures are moved while it learns, by which it reads better


class Judge(nn.Module):
    """Scores of labels for pictures (B, 3, S, S) in [0, 1], of which it sees the grey.

    Args:
        size: S, px; at least SMALLEST.
        labels: How many.
    """

    def __init__(self, size: int, labels: int):
        super().__init__()
        self.size = min(size, LARGEST)
        side = ((self.size - 2) // 2 - 2) // 2
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.25), nn.Linear(64 * side**2, 128), nn.ReLU(), nn.Linear(128, labels)),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        grey = pictures.mean(1, keepdim=True)
        if grey.shape[-1] != self.size:
            grey = nn.functional.interpolate(grey, (self.size, self.size), mode="bilinear", antialias=True)
        return self.layers(1 - grey)

    def reads(self, pictures: Tensor) -> Tensor:
        """Labels (B,) of pictures."""
        with torch.no_grad():
            return torch.cat([self(part).argmax(1) for part in pictures.split(AT_ONCE)])


def train_judge(pictures: Pictures, seed: int = 0, *, progress: bool = False) -> Judge:
    """Train one on labelled pictures: some minutes on a core of a CPU.

    Args:
        pictures: To learn from.
        seed: Of its weights, and of the order of pictures.
        progress: Show a progress bar.

    Raises:
        ValueError: The pictures have no labels.
    """
    if pictures.labels is None:
        raise ValueError(f"{pictures.source} has no labels to train a classifier by")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = Judge(pictures.size, int(pictures.labels.max()) + 1).train()
        optimizer = torch.optim.Adam(judge.parameters())
        batch = min(BATCH, len(pictures))
        stream, steps = pictures.batches(batch, seed), min(STEPS, EPOCHS * len(pictures) // batch)
        for step in tqdm(range(steps), desc="classifier", disable=not progress, unit="step"):
            optimizer.param_groups[0]["lr"] = LR * (1 - step / steps)
            shown, labels = next(stream)
            down, across = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
            loss = nn.functional.cross_entropy(judge(shown.roll((down, across), (2, 3))), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return judge.eval()
