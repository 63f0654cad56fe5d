"""The order in which strokes are learned from."""

from itertools import islice

import numpy as np
import pytest
import torch

from diffpaint_mypaint import Manifest
from diffpaint_neural.training.data import batches


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A data set of two shards, 2048 and 40 strokes, whose first action and whose alpha number the strokes."""
    folder = tmp_path_factory.mktemp("numbered")
    manifest = Manifest("none", "", "none", 2088, 0)
    for shard, numbers in enumerate(np.split(np.arange(2088), [2048])):
        alpha = np.zeros((len(numbers), 64, 64), np.uint8)
        alpha[:, 0, 0], alpha[:, 0, 1] = numbers // 256, numbers % 256
        actions = np.tile(numbers[:, None] / 4096, (1, 12)).astype(np.float32)
        np.savez(folder / f"shard-{shard:05d}.npz", actions=actions, alpha=alpha)
    return folder, manifest


def order(data, count, batch=16, seed=0, first=0):
    """Numbers of the strokes in the first batches, (count, batch)."""
    taken = list(islice(batches(*data, batch, seed, first), count))
    for actions, alpha in taken:
        assert actions.shape == (batch, 12)
        assert alpha.shape == (batch, 64, 64)
        assert alpha.dtype == torch.float32
        numbers = actions[:, 0] * 4096
        assert torch.equal((alpha[:, 0, 0] * 256 + alpha[:, 0, 1]).mul(255).round(), numbers)  # its own stroke's
    return torch.stack([actions[:, 0] * 4096 for actions, _ in taken]).long()


def test_an_epoch_is_every_stroke_once_in_random_order(numbered):
    epoch = order(numbered, 130)  # 128 batches of the first shard, 2 of the second, whose last 8 strokes are left over
    assert len(epoch.unique()) == 130 * 16
    assert (epoch < 2048).sum() == 2048
    assert not torch.equal(epoch.flatten(), epoch.flatten().sort().values)
    second = order(numbered, 130, first=130)
    assert len(second.unique()) == 130 * 16
    assert not torch.equal(second, epoch)


def test_the_order_depends_on_the_seed_alone(numbered):
    assert torch.equal(order(numbered, 20), order(numbered, 20))
    assert not torch.equal(order(numbered, 20), order(numbered, 20, seed=1))


@pytest.mark.parametrize("first", [1, 2, 3, 127, 129, 130, 131, 259, 260])
def test_batches_go_on_from_any_of_them(numbered, first):
    assert torch.equal(order(numbered, 4, first=first), order(numbered, first + 4)[first:])


def test_shards_smaller_than_a_batch_are_left_out(numbered):
    assert (order(numbered, 40, batch=64) < 2048).all()
    assert (order(numbered, 4, batch=2000) < 2048).all()
