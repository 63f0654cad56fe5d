"""Strokes streamed from the shards of a data set, shuffled, in an order that a seed fixes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffpaint_mypaint import Manifest, read_shard


def batches(folder: Path, manifest: Manifest, batch: int, seed: int, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end: shards in random order, strokes in random order within each.

    One shard is in memory at a time. What batch number n holds depends on the arguments alone, so a run that starts at
    ``first`` sees what an uninterrupted one saw from there on.

    Args:
        folder: Of the data set.
        manifest: Of the data set.
        batch: Strokes in a batch; what is left over at the end of a shard is skipped.
        seed: Of the order.
        first: Number of the first batch.

    Yields:
        actions (batch, 12) in [0, 1] and alpha (batch, 64, 64) in [0, 1].

    Raises:
        ValueError: No shard holds a whole batch, or a shard cannot be read.
    """
    counts = [manifest.size_of(shard) // batch for shard in range(manifest.shards)]
    if not sum(counts):
        raise ValueError(f"{folder} holds {manifest.count} strokes, fewer than a batch of {batch}")
    epoch, skip = divmod(first, sum(counts))
    while True:
        for shard in np.random.default_rng([seed, epoch]).permutation(manifest.shards):
            if skip >= counts[shard]:
                skip -= counts[shard]
                continue
            actions, alpha = read_shard(folder, int(shard))
            if len(actions) != manifest.size_of(int(shard)):
                raise ValueError(
                    f"{folder}/shard-{shard:05d}.npz holds {len(actions)} strokes, the manifest says "
                    f"{manifest.size_of(int(shard))}; delete it and run 'diffpaint strokes' again"
                )
            order = np.random.default_rng([seed, epoch, shard]).permutation(len(actions))
            for number in range(skip, counts[shard]):
                chosen = order[number * batch : (number + 1) * batch]
                yield torch.from_numpy(actions[chosen]), torch.from_numpy(alpha[chosen]).float() / 255
            skip = 0
        epoch += 1
