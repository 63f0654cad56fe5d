import pytest
import torch

import diffpaint
from diffpaint import Painting, Pixel, paint
from diffpaint.device import pick_device

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def test_the_cpu_is_always_there():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device(torch.device("cpu")) == torch.device("cpu")


def test_the_device_of_a_tensor_on_the_cpu_is_there():
    assert pick_device(torch.device("cpu", 0)).type == "cpu"
    assert pick_device("cpu:0").type == "cpu"


def test_without_a_name_the_fastest_is_picked():
    device = pick_device()
    if torch.cuda.is_available():
        assert device == torch.device("cuda:0")
    else:
        assert device == torch.device("cpu")


@pytest.mark.parametrize("name", ["abacus", "cuda:99", "meta", "", "cpu cpu"])
def test_a_device_that_is_not_there_is_named_with_those_that_are(name):
    with pytest.raises(ValueError, match=rf"no device '{name}'; available here: .*cpu"):
        pick_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_cuda_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match="no device 'cuda'"):
        pick_device("cuda")


@needs_cuda
def test_paints_on_a_gpu_saves_and_resumes(tmp_path):
    target = torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    options = {"strokes": 2, "device": "cuda", "progress": False}

    def grid():
        return diffpaint.load_renderer("grid", rows=2, cols=2, size=(24, 32))

    first, again = (paint(grid(), Pixel(target), steps=5, **options) for _ in range(2))
    torch.testing.assert_close(first.actions, again.actions, atol=1e-4, rtol=0)
    assert first.canvas.device.type == first.actions.device.type == "cpu"
    first.save(tmp_path / "a.json")
    torch.testing.assert_close(Painting.load(tmp_path / "a.json").canvas, first.canvas, atol=1e-3, rtol=0)
    torch.testing.assert_close(list(first.frames())[-1], first.canvas, atol=1e-4, rtol=0)
    checkpoint = tmp_path / "a.ckpt"
    paint(grid(), Pixel(target), steps=3, checkpoint=checkpoint, **options)
    resumed = paint(grid(), Pixel(target), steps=5, checkpoint=checkpoint, resume=True, **options)
    torch.testing.assert_close(resumed.actions, first.actions, atol=1e-4, rtol=0)


@needs_cuda
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_gpus_random_state_is_left_alone(dots, dark, device):
    before = torch.cuda.get_rng_state()
    paint(dots(), dark, strokes=2, steps=2, device=device, progress=False)
    assert torch.equal(torch.cuda.get_rng_state(), before)
