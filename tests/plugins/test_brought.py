"""Renderers and objectives as their authors bring them: each one class, painted with by the commands that are there."""

import pytest
import torch
from click.testing import CliRunner

import diffpaint
from diffpaint.cli.main import cli
from diffpaint.io.untrusted import names_of_a_file
from diffpaint.testing import ObjectiveConformance, RendererConformance

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning")  # of open_clip
PHOTO = "tests/data/chelsea.jpg"
BROUGHT = (
    *("shapes:Shapes", "additive:Inks", "fourier:Fourier(waves=3)"),
    *("glyphs:Glyphs", "latent:Decoder", "spheres:Spheres"),
)


class TestShapes(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("shapes:Shapes", size=(12, 16))


class TestInks(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("additive:Inks", size=(12, 16))


class TestFourier(RendererConformance):
    has_strokes = False
    strokes = 1

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("fourier:Fourier(waves=3)", size=(12, 16))


class TestGlyphs(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("glyphs:Glyphs", size=(12, 16))


class TestGlyphsInAGrid(RendererConformance):
    strokes = 2

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("grid", renderer="glyphs:Glyphs(letters=xo)", rows=2, cols=2, size=(18, 22))


class TestDecoder(RendererConformance):
    has_strokes = False
    strokes = 1

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("latent:Decoder", size=(12, 16))


class TestSpheres(RendererConformance):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("spheres:Spheres", size=(12, 16))


class TestSpheresInAGrid(RendererConformance):
    strokes = 2

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("grid", renderer="spheres:Spheres", rows=2, cols=2, size=(18, 22))


@pytest.fixture
def picture():
    return diffpaint.read_image(PHOTO, (32, 40))


class TestClip(ObjectiveConformance):
    @pytest.fixture
    def objective(self):
        return diffpaint.load_objective('seen:Clip(prompt="a fox, in snow")')


@pytest.mark.filterwarnings("ignore::UserWarning:torchvision.*")
class TestLpips(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self, picture):
        return diffpaint.load_objective("seen:Lpips", target=picture)


class TestMasked(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self, picture):
        return diffpaint.load_objective(f"seen:Masked(mask={PHOTO})", picture)


class TestPen(ObjectiveConformance):
    @pytest.fixture
    def canvas(self):
        return torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))

    @pytest.fixture
    def objective(self):
        return diffpaint.load_objective(f"seen:Pen(target={PHOTO})", torch.zeros(1, 3, 32, 40))


@pytest.mark.parametrize("name", BROUGHT)
def test_the_command_paints_with_it_at_twice_the_size_and_draws_it_again(tmp_path, name):
    output = tmp_path / "a.png"
    has_strokes = not name.startswith(("fourier", "latent"))
    cells = ["--grid", "2x2", "--pyramid", "1"] if name in ("glyphs:Glyphs", "spheres:Spheres") else []
    options = ["--steps", "3", "--size", "512", "--objective", "pixel", *cells, *(["--strokes", "2"] * has_strokes)]
    done = CliRunner().invoke(cli, ["paint", PHOTO, "-o", str(output), "--renderer", name, *options])
    assert done.exit_code == 0, done.output
    picture = diffpaint.read_image(output)
    assert max(picture.shape) == 512
    assert picture.std() > 0.001
    document = output.with_suffix(".json")
    with pytest.raises(ValueError, match="stands in a file, is registered by no plugin"):
        diffpaint.Painting.load(document)
    with names_of_a_file(trusted=[name.partition("(")[0]]):
        again = diffpaint.Painting.load(document)
    assert (picture - again.canvas).abs().max() < 1.01 / 255


def test_actions_that_depend_on_the_size_are_refused_before_the_first_step(tmp_path):
    done = CliRunner().invoke(
        cli, ["paint", PHOTO, "-o", str(tmp_path / "a.png"), "--renderer", "sized:Pixels", "--size", "512"]
    )
    assert done.exit_code == 2
    assert "takes other actions on 512 x" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["shapes:Shapes", "additive:Inks"])
def test_a_grid_refuses_what_composites_otherwise(name):
    with pytest.raises(ValueError, match="composites strokes by over"):
        diffpaint.load_renderer("grid", renderer=name, rows=2, cols=2)


def test_strokes_mean_nothing_to_a_picture_without_them(tmp_path):
    options = ["--renderer", "latent:Decoder", "--strokes", "3", "-o", str(tmp_path / "a.png")]
    done = CliRunner().invoke(cli, ["paint", PHOTO, "--objective", "pixel", *options])
    assert done.exit_code == 2
    assert "--strokes mean nothing" in done.output


def test_options_are_numbers_texts_and_paths(tmp_path):
    terms = (
        f"pixel - 0.1*seen:Clip(prompt=1984) + 0.5*seen:Masked(mask={PHOTO}) + 0.1*seen:Pen(target={PHOTO}, sigma=2)"
    )
    output = tmp_path / "a.png"
    options = ["--renderer", "glyphs:Glyphs(letters=xo)", "--size", "48", "--grid", "2x2", "--pyramid", "1"]
    done = CliRunner().invoke(cli, ["paint", PHOTO, "-o", str(output), "--steps", "2", "--objective", terms, *options])
    assert done.exit_code == 0, done.output
    assert diffpaint.read_image(output).shape == (1, 3, 32, 48)
