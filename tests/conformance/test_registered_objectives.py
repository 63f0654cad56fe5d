"""The conformance suite over every objective that this distribution registers."""

import pytest
import torch
from lucent.modelzoo import inceptionv1

from diffpaint import Pixel, load_objective
from diffpaint.testing import ObjectiveConformance
from diffpaint_clip import Clip
from diffpaint_lucent import Activation, Content, Sparing, Style


class TestPixel(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Pixel(torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)))


class TestPixelL1(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Pixel(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)), norm="l1")


class TestContent(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self):
        return Content(torch.rand(1, 3, 48, 40, generator=torch.Generator().manual_seed(1)))


class TestContentOfWhatAMaskShows(TestContent):
    @pytest.fixture
    def objective(self):
        random = torch.Generator().manual_seed(1)
        return Content(torch.rand(1, 3, 48, 40, generator=random), mask=torch.rand(1, 3, 48, 40, generator=random))


class TestPaperContent(TestContent):
    @pytest.fixture
    def objective(self, tmp_path, monkeypatch):
        monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
        (tmp_path / "checkpoints").mkdir()
        torch.manual_seed(0)
        torch.save(inceptionv1(pretrained=False).state_dict(), tmp_path / "checkpoints" / "inception5h.pth")
        return load_objective("paper-content", torch.rand(1, 3, 48, 40, generator=torch.Generator().manual_seed(1)))


class TestStyle(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 48, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self):
        return Style(torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(1)))


class TestActivation(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Activation("labels:388")


class TestActivationOfALayerInTwoNetworks(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Activation("_blocks_4:3", models=["efficientnet-lite0", "efficientnet-lite1"], views=1)


class TestActivationOfSmallViews(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Activation("labels:388", least=0.4)


class TestSparing(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return Sparing()


class TestClip(ObjectiveConformance):
    @pytest.fixture
    def objective(self, tiny_clip):
        return Clip("a red fox in snow | text:-0.3", tiny_clip("tiny-vit"))


class TestClipContent(ObjectiveConformance):
    @pytest.fixture
    def objective(self, tiny_clip):
        target = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
        return load_objective("clip-content", target, model=tiny_clip("tiny-resnet"))
