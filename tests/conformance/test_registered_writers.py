"""The conformance suite over every writer that this distribution registers."""

import pytest

import diffpaint
from diffpaint.painting import find_writer
from diffpaint.testing import WriterConformance

ENDINGS = ("bmp", "csv", "gif", "jpeg", "jpg", "json", "mp4", "parquet", "png", "svg", "tif", "tiff", "webm", "webp")
OF_PAINTERS = ("html", "ora", "psd")  # which write paintings of a MyPaint brush alone
NEEDED = {"mp4": "imageio_ffmpeg", "webm": "imageio_ffmpeg", "parquet": "pyarrow", "psd": "psd_tools"}


class TestWriter(WriterConformance):
    @pytest.fixture(params=ENDINGS)
    def writer(self, request):
        self.ending = f".{request.param}"
        pytest.importorskip(NEEDED.get(request.param, "diffpaint"))
        return find_writer(f"a{self.ending}")


class TestWriterOfAPainter(WriterConformance):
    @pytest.fixture(params=OF_PAINTERS)
    def writer(self, request, engine):
        self.ending = f".{request.param}"
        pytest.importorskip(NEEDED.get(request.param, "diffpaint"))
        return find_writer(f"a{self.ending}")

    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("neural-splat", size=(24, 32))


class TestLinesOfASvg(WriterConformance):
    ending = ".svg"

    @pytest.fixture
    def writer(self):
        return find_writer("a.svg", style="lines", order="nearest")


class TestWriterOfAGrid(TestWriter):
    @pytest.fixture
    def renderer(self):
        return diffpaint.load_renderer("grid", rows=1, cols=3, size=(21, 31))

    @pytest.fixture
    def painting(self, renderer, dark):
        return diffpaint.paint(renderer, dark, strokes=1, steps=1, device="cpu", progress=False)


class TestWriterWithoutBackground(TestWriter):
    @pytest.fixture
    def painting(self, renderer, dark):
        options = {"strokes": 2, "steps": 1, "background": "transparent"}
        return diffpaint.paint(renderer, dark, **options, device="cpu", progress=False)


class TestFilmOfSomeFrames(WriterConformance):
    ending = ".gif"

    @pytest.fixture
    def writer(self):
        return find_writer("a.gif", frames=2, seconds=0.5)
