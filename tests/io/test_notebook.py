"""What a painting shows itself as in a notebook, and the canvas as it grows."""

import io
import sys
import types

import pytest
import torch
from PIL import Image

import diffpaint
from diffpaint import Pixel, load_renderer, paint

GOAL = Pixel(torch.zeros(1, 3, 24, 32))


def painted(name="cppn", **options):
    renderer = load_renderer(name, size=(24, 32))
    return paint(renderer, GOAL, **{"steps": 1, "device": "cpu", "progress": False, "strokes": 2} | options)


def picture(png):
    return Image.open(io.BytesIO(png))


def test_a_painting_shows_itself_as_a_picture(tmp_path):
    painting = painted()
    painting.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as saved, picture(painting._repr_png_()) as shown:
        assert shown.size == (32, 24)
        assert shown.tobytes() == saved.tobytes()
    assert picture(painted("neural-splat", background="transparent")._repr_png_()).mode == "RGBA"


def test_a_batch_is_a_row_of_pictures_and_no_page():
    batch = painted("neural-splat", batch=3)
    shown = picture(batch._repr_png_())
    assert shown.size == (96, 24)
    assert shown.crop((32, 0, 64, 24)).tobytes() == picture(batch[1]._repr_png_()).tobytes()
    assert batch._repr_html_() is None


def test_where_no_writer_has_a_page_there_is_none(monkeypatch):
    assert painted()._repr_html_() is None  # of another painter
    splat = painted("neural-splat")
    assert splat._repr_html_().startswith("<iframe")
    monkeypatch.setattr("diffpaint.painting.names", lambda group: ["png", "json"])
    assert splat._repr_html_() is None  # without the plugin


class Notebook:
    """What IPython's display is given, for a clock that goes on by a fifth of a second at every look."""

    def __init__(self, monkeypatch, shell):
        self.shown, self.updated, self.now = [], [], 0.0
        modules = {
            "IPython": types.ModuleType("IPython"),
            "IPython.core": types.ModuleType("IPython.core"),
            "IPython.core.getipython": types.SimpleNamespace(get_ipython=lambda: shell),
            "IPython.display": types.SimpleNamespace(display=self.display),
        }
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr("diffpaint.io.notebook.time", self)

    def monotonic(self):
        self.now += 0.2
        return self.now

    def display(self, data, *, raw, display_id):
        assert raw
        assert display_id
        self.shown.append(data)
        return self

    def update(self, data, *, raw):
        assert raw
        self.updated.append(data)


def test_the_canvas_is_shown_as_it_grows(monkeypatch):
    notebook = Notebook(monkeypatch, types.SimpleNamespace(kernel=object()))
    seen = []
    live = painted(steps=9, live=True, callback=lambda step, canvas, loss: seen.append(step))
    assert seen == list(range(9))
    assert len(notebook.shown) == 1
    assert 1 < len(notebook.updated) < 5
    for data in (*notebook.shown, *notebook.updated):
        assert picture(data["image/png"]).size == (32, 24)
    assert torch.equal(live.actions, painted(steps=9).actions)
    last = []
    painted(steps=9, callback=lambda step, canvas, loss: last.append(canvas))
    assert notebook.updated[-1]["image/png"] == diffpaint.io.notebook._png(last[-1])


def test_a_callback_still_ends_it(monkeypatch):
    Notebook(monkeypatch, types.SimpleNamespace(kernel=object()))
    assert len(painted(steps=9, live=True, callback=lambda step, canvas, loss: step == 1).losses) == 2


@pytest.mark.parametrize("shell", [None, object()], ids=["Python", "IPython on a terminal"])
def test_outside_of_a_notebook_live_is_refused_before_the_first_step(monkeypatch, shell):
    Notebook(monkeypatch, shell)
    with pytest.raises(ValueError, match=r"^live=True shows the canvas in a notebook, and this is none; leave it out$"):
        painted(live=True, callback=lambda *_: pytest.fail("it painted"))


def test_without_ipython_live_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.core.getipython", None)
    with pytest.raises(ValueError, match="this is none"):
        painted(live=True)
